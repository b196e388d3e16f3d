"""`landmark cloud` from an empty project to a trained ensemble and back, with real plans of terraform.

Google is stood in for: gcloud records what it is asked, and an apply writes the state that its plan
promises. The stand-in for the provider does not know which changes replace a resource; tests/unit/cloud has
such plans.
"""

import json
import os
import re
import subprocess

import pytest
from cloud_stand_ins import Cloud
from commands import REPOSITORY
from terraform_runs import STUB

from landmark_lib.cloud.driver import run_to_its_end
from landmark_lib.cloud.losses import HOLD_DATA

DELETES = "delete"
NODES = [f"google_compute_instance.train[{node}]" for node in (0, 1)]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    """A cloud in which `up` is complete."""
    if not STUB:
        pytest.skip("LANDMARK_TERRAFORM_STUB is not set; Google's own provider would need an account")
    cloud = Cloud(tmp_path_factory.mktemp("cloud"))
    cloud.up = cloud.run("up", "--project", "my-project-1")
    cloud.up_calls, cloud.up_plans = cloud.calls(), cloud.applied()
    yield cloud
    cloud.close()


@pytest.fixture(scope="module")
def trained(cloud):
    """The cloud with two GPU nodes that train."""
    cloud.answer({"ActiveState": (1, "")})
    cloud.trained = cloud.run("train", "--gpu", "two-nodes")
    assert cloud.trained.returncode == 0, cloud.trained.stderr
    cloud.train_calls, cloud.train_plans = cloud.calls(), cloud.applied()
    return cloud


def positions(calls, *parts):
    return [next(number for number, call in enumerate(calls) if part in call) for part in parts]


def deleted(plans):
    return [a for plan in plans for a, actions in plan.items() if DELETES in actions and HOLD_DATA.match(a)]


def test_up_creates_what_costs_nothing_by_the_hour_and_builds_the_images(cloud):
    assert cloud.up.returncode == 0, cloud.up.stderr
    (plan,) = cloud.up_plans
    assert {'google_storage_bucket.this["raw"]', "google_compute_network.this"} <= plan.keys()
    assert not [
        address for address in plan if address.startswith(("google_compute_instance", "google_dataproc"))
    ]
    assert cloud.up_calls[0].startswith("services enable serviceusage.googleapis.com")
    assert cloud.up_calls[1].startswith("builds submit")
    assert "in dollars: 0.00" in cloud.up.stdout


def test_up_again_changes_nothing_and_builds_nothing(cloud):
    done = cloud.run("up")
    assert done.returncode == 0, done.stderr
    assert cloud.applied() == []
    assert not [call for call in cloud.calls() if call.startswith("builds")]


def test_photos_are_uploaded_from_where_they_were_the_last_time(cloud):
    for arguments in (["--photos", "my photos"], []):
        done = cloud.run("photos", *arguments)
        assert done.returncode == 0, done.stderr
        uploads = [call for call in cloud.calls() if "rsync" in call]
        expected = f"{cloud.checkout}/my photos gs://my-project-1-landmark-raw/photos"
        assert uploads == [f"storage rsync --recursive {expected}"]


def test_preprocessing_is_serverless_and_a_batch_that_runs_is_followed(cloud):
    account = "landmark-preprocess@my-project-1.iam.gserviceaccount.com"
    cloud.answer({"batches list": (0, f"done,SUCCEEDED,{account}\nother,RUNNING,me@x")})
    assert cloud.run("preprocess").returncode == 0
    assert any(call.startswith("dataproc batches submit") for call in cloud.calls())
    cloud.answer({"batches list": (0, f"mine,RUNNING,{account}")})
    assert cloud.run("preprocess").returncode == 0
    calls = cloud.calls()
    assert not any(call.startswith("dataproc batches submit") for call in calls)
    assert any(call.startswith("dataproc batches wait mine --project my-project-1") for call in calls)


def test_a_job_that_fails_ends_the_stage_with_one_line(cloud):
    cloud.answer({"batches submit": (1, "")})
    done = cloud.run("preprocess")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "error: Preprocess, serverless: its command ended with status 1, see above; "
        "run the same command again to resume"
    )


def test_training_waits_for_nodes_that_have_their_keys(trained):
    (plan,) = trained.train_plans
    assert all(plan[node] == ["create"] for node in NODES)
    keys, start, wait, train = positions(
        trained.train_calls,
        "secrets versions add",
        "instances start",
        "landmark wait",
        "jobs/train.py --dataset",
    )
    assert keys < start < wait < train
    assert "Cost by the hour while all machines run, in dollars: 4." in trained.trained.stdout


def test_training_again_follows_the_job_that_runs_and_creates_no_keys(trained):
    trained.answer({})
    done = trained.run("train")
    assert done.returncode == 0, done.stderr
    assert trained.applied() == []
    calls = trained.calls()
    assert any("sudo landmark follow" in call for call in calls)
    assert not any("landmark run" in call or "secrets versions add" in call for call in calls)


@pytest.mark.parametrize("arguments", [["up"], ["preprocess", "--spark", "cluster"], ["evaluate"], ["fetch"]])
def test_no_other_stage_destroys_what_was_trained(trained, arguments):
    done = trained.run(*arguments)
    assert done.returncode == 0, done.stderr
    plans = trained.applied()
    assert deleted(plans) == []
    if "cluster" in arguments:
        created, removed = plans
        assert created["google_dataproc_cluster.this[0]"] == ["create"]
        assert removed["google_dataproc_cluster.this[0]"] == ["delete"]
        trained.run("preprocess", "--spark", "serverless")


def test_a_plan_that_deletes_a_node_is_refused_and_forgotten_where_nobody_can_agree(trained):
    choices = trained.checkout / "terraform/choices.auto.tfvars.json"
    before = choices.read_text()
    done = trained.run("train", "--gpu", "t4")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"error: This plan deletes {NODES[1]}, with what")
    assert trained.applied() == []
    assert choices.read_text() == before
    assert json.loads(before)["gpu_type"] == "nvidia-l4"


def test_down_asks_deletes_the_machines_and_keeps_all_buckets(trained):
    asked = trained.run("down")
    assert asked.returncode == 2
    assert "Delete the GPU nodes?" in asked.stderr
    assert trained.applied() == []
    done = trained.run("down", "--yes")
    assert done.returncode == 0, done.stderr
    (plan,) = trained.applied()
    assert all(plan[node] == ["delete"] for node in NODES)
    assert not [address for address in plan if "storage_bucket" in address and DELETES in plan[address]]
    assert "in dollars: 0.00" in done.stdout


def test_everything_but_the_buckets_of_data_can_be_removed(cloud):
    done = cloud.run("down", "--all", "--yes")
    assert done.returncode == 0, done.stderr
    gone = {address for plan in cloud.applied() for address, actions in plan.items() if DELETES in actions}
    assert {"google_compute_network.this", 'google_storage_bucket.this["staging"]'} <= gone
    assert not [address for address in gone if HOLD_DATA.match(address)]


def test_a_program_that_ctrl_c_ends_slowly_can_write_its_state(tmp_path):
    ended = "trap 'sleep 0.6; echo written >state; exit 1' INT"
    slow = f"{ended}; kill -INT $PPID; kill -INT $$; while :; do :; done"
    with pytest.raises(KeyboardInterrupt):
        run_to_its_end(["bash", "-c", slow], tmp_path, os.environ)
    assert (tmp_path / "state").read_text() == "written\n"


def test_bash_can_read_the_commands_of_the_page():
    page = (REPOSITORY / "docs/cloud.md").read_text("utf-8")
    for block in re.findall(r"```bash\n(.+?)```", page, re.DOTALL):
        subprocess.run(["bash", "-n"], input=block, text=True, check=True)
