"""The outputs are commands that the jobs take, and the nodes' scripts do what they say."""

import json
import os
import re
import shlex
import shutil
import subprocess

import pytest
from gpu_node import startup_script

from landmark_lib.command_line import exit_status
from landmark_lib.settings import EvaluateSettings, PreprocessSettings, TrainSettings

MODELS = "gs://my-project-1-landmark-models/models"
JOBS = {"preprocess": PreprocessSettings, "train": TrainSettings, "evaluate": EvaluateSettings}


@pytest.fixture(scope="session")
def planned(newest):
    """The plan of two nodes, as JSON."""
    done = newest.plan("-var-file=examples/two-nodes.tfvars", "-out=commands.tfplan")
    assert done.returncode == 0, done.stderr
    return json.loads(newest("show", "-json", "commands.tfplan").stdout)


@pytest.fixture(scope="session")
def outputs(planned):
    values = {name: output["value"] for name, output in planned["planned_values"]["outputs"].items()}
    del values["cost_per_hour"]  # the only one that is no command
    return values


@pytest.fixture
def scripts(planned, tmp_path):
    """Scripts of the nodes, rendered: one of each kind."""
    resources = planned["planned_values"]["root_module"]["resources"]
    texts = {
        "startup": next(
            r["values"]["metadata"]["startup-script"]
            for r in resources
            if r["type"] == "google_compute_instance"
        ),
        "environment": next(
            r["values"]["content"] for r in resources if r["address"].endswith("_object.environment")
        ),
    }
    texts["landmark"] = re.search(r"<<'COMMAND'\n(.+?)\nCOMMAND\n", texts["startup"], re.DOTALL)[1]
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def settings_of(command, job):
    """The settings that a job takes from its part of a command."""
    arguments = shlex.split(command.split(f"jobs/{job}.py", 1)[1].rstrip("'\n").replace("\\\n", " "))
    if job == "preprocess":  # what stands before -- is gcloud's
        arguments = arguments[arguments.index("--") + 1 :]
    taken = []
    assert exit_status(JOBS[job], taken.append, arguments) == 0
    return taken[0]


@pytest.mark.parametrize("output", ["submit_preprocess", "submit_preprocess_serverless"])
def test_preprocessing_takes_its_command(outputs, output):
    settings = settings_of(outputs[output], "preprocess")
    assert settings.input == "gs://my-project-1-landmark-raw/photos"
    assert settings.output == "gs://my-project-1-landmark-dataset/dataset"


def test_training_takes_its_command(outputs):
    settings = settings_of(outputs["train"], "train")
    assert settings.dataset == "gs://my-project-1-landmark-dataset/dataset"
    assert settings.models == MODELS
    assert settings.network.precision == "mixed_bfloat16"


def test_evaluation_takes_its_command(outputs):
    assert settings_of(outputs["evaluate"], "evaluate").models == MODELS


def test_horovodrun_takes_its_options(outputs):
    from horovod.runner.launch import parse_args

    command = re.search(r"horovodrun (.+?) python jobs", outputs["train"])[1]
    arguments = parse_args_of(parse_args, [*shlex.split(command), "true"])
    assert arguments.num_proc == 4
    assert arguments.hosts == "landmark-train-0:2,landmark-train-1:2"
    assert (arguments.ssh_port, arguments.ssh_identity_file) == (2222, "/run/landmark/ssh/client")


def parse_args_of(parse_args, arguments):
    """Let horovodrun parse arguments: it takes them from the process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["horovodrun", *arguments])
        return parse_args()


def test_every_output_is_a_command_that_bash_can_read(outputs):
    for name, command in outputs.items():
        done = subprocess.run(["bash", "-n"], input=command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{name}: {done.stderr}"


def test_no_command_and_no_plan_holds_a_secret(planned):
    text = json.dumps(planned)
    assert "PRIVATE KEY" not in text
    assert not re.search(
        r"google_secret_manager_secret_version|google_service_account_key|random_password", text
    )


def test_destroying_says_which_buckets_stay(outputs):
    for purpose in ("raw", "dataset", "models"):
        assert f"my-project-1-landmark-{purpose}" in outputs["tear_down"]
    assert "only they keep costing money" in outputs["tear_down"]


def test_the_tests_of_a_node_run_the_script_that_terraform_renders(outputs, scripts):
    image = re.search(r"docker push (\S+)", outputs["push_images"])[1]
    nodes = {'join(" ", node_names)': "landmark-train-0 landmark-train-1", "ssh_secret": "landmark-node-ssh"}
    expected = startup_script(**nodes, image=image, project="my-project-1", restart="on-failure")
    assert (scripts / "startup").read_text() == expected


def test_a_training_waits_until_all_nodes_are_ready(outputs):
    assert outputs["train"].startswith(outputs["wait"].rstrip("\n") + " && gcloud compute ssh")


def test_waiting_ends_when_the_node_is_ready_or_will_never_be(outputs, tmp_path):
    gcloud, asked = tmp_path / "gcloud", tmp_path / "statuses"
    for statuses, expected in (("0", 0), ("255 1 0", 0), ("255 3", 3), ("255 " * 20, 1)):
        asked.write_text(statuses)
        gcloud.write_text(f"#!/bin/bash\nread -r first rest <{asked}\necho $rest >{asked}\nexit $first\n")
        gcloud.chmod(0o755)
        shutil.copy(shutil.which("true"), tmp_path / "sleep")
        environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        done = subprocess.run(
            ["bash", "-c", outputs["wait"]], env=environment, capture_output=True, check=False
        )
        assert done.returncode == expected


@pytest.mark.parametrize("name", ["startup", "environment", "landmark"])
def test_bash_can_read_a_script(scripts, name):
    subprocess.run(["bash", "-n", scripts / name], check=True)


@pytest.mark.parametrize("name", ["startup", "environment", "landmark"])
def test_shellcheck_finds_nothing(scripts, name):
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(["shellcheck", scripts / name], capture_output=True, text=True, check=False)
    assert done.stdout == ""


def test_a_cluster_with_another_python_says_so_and_does_not_start(scripts):
    text = (scripts / "environment").read_text()
    other = text.replace("/opt/conda/default/bin/python", "python3").replace("(3, 11)", "(3, 99)")
    done = subprocess.run(["bash", "-c", other], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "expected Python 3.11 in the cluster's image, found 3." in done.stderr
