"""An empty project can be planned with every option, and what only its first apply can know is asked then."""

import json
import os
import re
import shutil
import subprocess
import tarfile

import pytest
import yaml

from landmark_lib.command_line import exit_status
from landmark_lib.settings import TrainSettings

KEY = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
# The fields of a CustomJobSpec that are used here, as Vertex AI's API documents them.
JOB_FIELDS = {
    "workerPoolSpecs": {
        "replicaCount": int,
        "machineSpec": {"machineType": str, "acceleratorType": str, "acceleratorCount": int},
        "diskSpec": {"bootDiskType": str, "bootDiskSizeGb": int},
        "containerSpec": {"imageUri": str, "command": str, "args": str, "env": {"name": str, "value": str}},
    },
    "scheduling": {"strategy": str, "timeout": str},
    "serviceAccount": str,
}
ACCELERATORS = {
    "NVIDIA_TESLA_T4",
    "NVIDIA_L4",
    "NVIDIA_TESLA_A100",
    "NVIDIA_A100_80GB",
    "NVIDIA_H100_80GB",
}


@pytest.fixture(scope="module")
def planned(newest):
    """The plan of two nodes with an own key, a budget and an operator, as JSON."""
    done = newest.plan(
        "-var-file=examples/two-nodes.tfvars",
        *("-var", f"kms_key={KEY}"),
        *("-var", "billing_account=012345-6789AB-CDEF01"),
        *("-var", 'operators=["user:ana@example.org"]'),
        "-out=new.tfplan",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(newest("show", "-json", "new.tfplan").stdout)


@pytest.fixture(scope="module")
def outputs(planned):
    return {name: output["value"] for name, output in planned["planned_values"]["outputs"].items()}


def test_nothing_is_read_before_the_services_are_enabled(planned):
    read = {change["address"] for change in planned["resource_changes"] if change["mode"] == "data"}
    assert read == {"data.google_project.this[0]", "data.google_storage_project_service_account.this[0]"}
    before = json.dumps(planned.get("prior_state", {}))
    assert not [address for address in read if address in before]


def test_everything_waits_for_the_services_that_enable_the_others(newest):
    edges = re.findall(r'"([^"]+)" -> "([^"]+)"', newest("graph").stdout)
    needs = {}
    for resource, needed in edges:
        needs.setdefault(resource, set()).add(needed)
    first = "google_project_service.first"
    reached = {first}
    while waiting := {resource for resource, needed in needs.items() if needed & reached} - reached:
        reached |= waiting
    assert len(reached) > 30
    assert {end for edge in edges for end in edge} == reached


def job_of(command):
    """The specification that a command gives to gcloud, and gcloud's own arguments."""
    parts = re.search(r"<<'SPEC'\n(.+?)\nSPEC\n(gcloud [^\n]+)\n", command, re.DOTALL)
    specification, gcloud = parts.groups()
    return yaml.safe_load(specification), gcloud


def unknown_fields(value, fields):
    """Fields that the API does not have, or that have another type."""
    if isinstance(value, list):
        return [found for item in value for found in unknown_fields(item, fields)]
    if isinstance(fields, dict):
        return [
            found
            for name, part in value.items()
            for found in (unknown_fields(part, fields[name]) if name in fields else [name])
        ]
    return [] if isinstance(value, fields) else [value]


def test_a_vertex_job_has_the_fields_of_the_api(outputs):
    job, gcloud = job_of(outputs["train_on_vertex"])
    assert unknown_fields(job, JOB_FIELDS) == []
    assert gcloud == (
        "gcloud ai custom-jobs create --project my-project-1 --region us-central1 "
        '--display-name landmark-train --config "$spec"'
    )


def test_a_vertex_job_has_one_machine_with_its_gpus_and_an_end(outputs):
    job, _ = job_of(outputs["train_on_vertex"])
    (pool,) = job["workerPoolSpecs"]
    assert pool["replicaCount"] == 1
    assert pool["machineSpec"] == {
        "machineType": "g2-standard-24",
        "acceleratorType": "NVIDIA_L4",
        "acceleratorCount": 2,
    }
    assert pool["machineSpec"]["acceleratorType"] in ACCELERATORS
    assert job["scheduling"] == {"strategy": "STANDARD", "timeout": "86400s"}
    assert job["serviceAccount"] == "landmark-train@my-project-1.iam.gserviceaccount.com"


def test_training_takes_the_command_of_a_vertex_job(outputs):
    job, _ = job_of(outputs["train_on_vertex"])
    arguments = job["workerPoolSpecs"][0]["containerSpec"]["args"]
    start = arguments.index("/app/jobs/train.py")
    assert arguments[:start] == ["horovodrun", "-np", "2", "-H", "localhost:2", "python"]
    taken = []
    assert exit_status(TrainSettings, taken.append, arguments[start + 1 :]) == 0
    assert taken[0].dataset == "gs://my-project-1-landmark-dataset/dataset"
    assert taken[0].models == "gs://my-project-1-landmark-models/models"


@pytest.fixture
def gcloud(tmp_path):
    """A stand-in for gcloud with three versions of a secret; returns how to run a command with it."""
    (tmp_path / "gcloud").write_text(
        f"""#!/bin/bash
echo "$@" >>{tmp_path}/calls
case "$*" in
"ai custom-jobs create"*) cp "${{@: -1}}" {tmp_path}/spec ;;
"secrets versions add"*) cat >{tmp_path}/secret; echo 3 ;;
"secrets versions list"*) printf '3\\n2\\n1\\n' ;;
esac
"""
    )
    (tmp_path / "gcloud").chmod(0o755)

    def run(command):
        environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "TMPDIR": str(tmp_path)}
        subprocess.run(["bash", "-c", 'eval "$COMMAND"'], check=True, env={**environment, "COMMAND": command})
        return (tmp_path / "calls").read_text().splitlines()

    return run


def test_the_command_hands_its_specification_to_gcloud_and_leaves_no_file(outputs, gcloud, tmp_path):
    gcloud(outputs["train_on_vertex"])
    assert yaml.safe_load((tmp_path / "spec").read_text()) == job_of(outputs["train_on_vertex"])[0]
    assert {path.name for path in tmp_path.iterdir()} == {"gcloud", "calls", "spec"}


def test_new_keys_of_nodes_replace_the_old_ones(outputs, gcloud, tmp_path):
    if not shutil.which("ssh-keygen"):
        pytest.skip("ssh-keygen is not installed")
    calls = gcloud(outputs["create_node_keys"])
    with tarfile.open(tmp_path / "secret") as secret:
        assert secret.getnames() == ["client", "client.pub", "host", "host.pub"]
    disabled = [call for call in calls if call.startswith("secrets versions disable")]
    assert disabled == [
        f"secrets versions disable {old} --secret landmark-node-ssh --project my-project-1" for old in (2, 1)
    ]
    assert {path.name for path in tmp_path.iterdir()} == {"gcloud", "calls", "secret"}


def test_a_key_of_ones_own_asks_for_the_agents_that_use_it(outputs, gcloud):
    calls = gcloud(outputs["create_service_agents"])
    assert [call for call in calls if call.startswith("beta services identity create")] == [
        f"beta services identity create --service {service}.googleapis.com --project my-project-1"
        for service in ("artifactregistry", "secretmanager")
    ]
