"""The Terraform configuration is valid, passes its own tests, and says in plain words what it refuses.

What passes here was validated and planned, never applied: names of machines, images and zones, quotas and
conflicts between arguments are known to Google alone.
"""

import json
import re
import shutil
import subprocess

import pytest
from commands import REPOSITORY
from terraform_runs import told

CONFIGURATION = REPOSITORY / "terraform"
EXAMPLES = sorted((CONFIGURATION / "examples").glob("*.tfvars"))

# Variables with values that are refused; one plan can report each group.
REFUSED = [
    {
        "project": "My Project",
        "zone": "europe-west4-a",
        "name": "much-too-long-a-name",
        "dataproc_image": "3.0-debian12",
        "master_machine_type": "c3-standard-4",
        "worker_machine_type": "n2-highcpu-8",
        "primary_workers": "1",
        "secondary_workers_max": "1000",
        "idle_delete_minutes": "0",
        "train_nodes": "-1",
        "gpu_type": "nvidia-tesla-p100",
        "boot_disk_gb": "50",
        "max_run_hours": "1000",
        "operators": '["ana@example.org"]',
        "subnet_range": "8.8.8.0/24",
        "kms_key": "my-key",
        "staging_days": "0",
        "billing_account": "mine",
        "monthly_budget": "0",
    },
    {"gpu_count": "3"},
    {"machine_type": "g2-standard-24"},
]
WARNED = {
    "gpu_exists_and_has_kernels": (
        {"gpu_type": "nvidia-tesla-k80"},
        "Google withdrew K80 on 2024-05-01, so apply will be refused; and it has compute capability 3.7",
    ),
    "nodes_are_placed_close": ({"train_nodes": "2"}, "cannot be placed close to each other"),
    "spot_suits_one_node": (
        {"train_nodes": "2", "spot": "true", "gpu_type": "nvidia-l4"},
        "resumes from its last checkpoint when all are back",
    ),
    "zone_has_the_gpu": (
        {"gpu_type": "nvidia-l4", "zone": "us-central1-f"},
        "it was not among the zones with nvidia-l4 (gpu_zones.yaml). In us-central1 these are: a, b, c.",
    ),
    "few_h100_are_spot": (
        {"gpu_type": "nvidia-h100-80gb"},
        "with fewer than 8 GPUs only as spot machines or by flex-start. Set spot=true",
    ),
}


def options(values):
    return [part for name, value in values.items() for part in ("-var", f"{name}={value}")]


def test_files_are_formatted():
    if not shutil.which("terraform"):
        pytest.skip("terraform is not installed")
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-recursive", CONFIGURATION],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
    assert done.returncode == 0, done.stderr


def test_configuration_is_valid(terraform):
    done = terraform("validate", "-no-color")
    assert done.returncode == 0, told(done)


def test_terraforms_own_tests_pass(terraform):
    done = terraform("test", "-no-color")
    assert re.search(r"Success! \d+ passed, 0 failed\.", done.stdout), done.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_planned_as_a_user_plans_it(newest, example):
    done = newest.plan(f"-var-file=examples/{example.name}")
    assert done.returncode == 0, told(done)
    assert "to add, 0 to change, 0 to destroy" in told(done)


@pytest.mark.parametrize("values", REFUSED, ids=lambda values: next(iter(values)))
def test_a_wrong_value_is_reported_with_what_was_expected_and_what_came(newest, values):
    done = newest.plan(*options(values))
    assert done.returncode != 0
    for name, value in values.items():
        message = re.search(rf" {name}: (.+?)(?= This was checked| Error:|$)", told(done))
        assert message, f"{name} was not refused: {told(done)}"
        assert "received" in message[1]
        assert value.strip('[]"') in message[1]


def test_every_validation_is_seen_to_refuse():
    text = (CONFIGURATION / "variables.tf").read_text()
    refusing = set(re.findall(r'error_message = "(\w+): ', text))
    assert len(re.findall("error_message", text)) == len(refusing)
    assert refusing == {name for values in REFUSED for name in values}


@pytest.mark.parametrize("check", WARNED)
def test_a_choice_that_ends_badly_is_warned_of_in_plain_words(newest, check):
    values, words = WARNED[check]
    done = newest.plan(*options(values))
    assert done.returncode == 0, told(done)
    assert words in told(done)


def test_every_check_is_seen_to_warn():
    assert set(WARNED) == set(re.findall(r'check "(\w+)"', (CONFIGURATION / "checks.tf").read_text()))


def test_whatever_can_have_labels_has_ours(newest):
    newest.plan("-var-file=examples/two-nodes.tfvars", "-out=labels.tfplan")
    planned = json.loads(newest("show", "-json", "labels.tfplan").stdout)
    labels = {
        resource["address"]: resource["values"]["labels"]
        for resource in planned["planned_values"]["root_module"]["resources"]
        if "labels" in resource["values"]
    }
    assert len(labels) > 8
    ours = {"application": "landmark-recognition", "managed-by": "terraform"}
    assert [address for address, found in labels.items() if found != ours] == []


def test_checkov_finds_nothing_unexplained():
    if not shutil.which("checkov"):
        pytest.skip("checkov is not installed (pip install checkov, in an environment of its own)")
    done = subprocess.run(
        [
            "checkov",
            "--directory",
            CONFIGURATION,
            "--framework",
            "terraform",
            "--skip-download",
            "--output",
            "json",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    summary = json.loads(done.stdout)["summary"]
    assert (summary["failed"], summary["parsing_errors"]) == (0, 0)
    assert summary["passed"] > 50
    unexplained = [
        line
        for path in CONFIGURATION.glob("*.tf")
        for line in path.read_text().splitlines()
        if "checkov:skip" in line and not re.search(r"checkov:skip=\w+:.{20,}", line)
    ]
    assert unexplained == []
