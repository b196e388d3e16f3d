"""`landmark cloud` takes its choices, remembers them, and reports mistakes in one line."""

import shutil

import pytest
from commands import REPOSITORY

import landmark_lib
from landmark_lib.cli import cloud
from landmark_lib.cli.main import landmark
from landmark_lib.cloud.memory import Memory, remember
from landmark_lib.running import status_of

GIVEN = {
    **dict.fromkeys(("project", "photos", "spark", "images", "gpu", "nodes", "photo_gigabytes")),
    "set": (),
    "yes": False,
    "all": False,
    "photo_count": 1000,
}


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout as the working directory, with nothing chosen."""
    ignored = shutil.ignore_patterns("choices.*", "progress.json", ".terraform*", "*.tfstate*")
    shutil.copytree(REPOSITORY / "terraform", tmp_path / "terraform", ignore=ignored)
    (tmp_path / "landmark_lib").mkdir()
    (tmp_path / "landmark_lib/__init__.py").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def status(*arguments):
    return status_of(landmark(), "landmark", ["cloud", *arguments])


def chosen(checkout, memory=None, **given):
    return cloud.chosen(memory or Memory(), checkout / "terraform", {**GIVEN, **given})


def test_the_bill_needs_neither_account_nor_choice(checkout, capsys):
    assert status("plan") == 0
    assert capsys.readouterr().out.startswith("1,200,000 photos, 336 GB\n")
    assert not (checkout / "terraform/progress.json").exists()


def test_the_bill_is_that_of_what_was_chosen(checkout, capsys):
    remember(checkout / "terraform", chosen(checkout, gpu="two-nodes", spark="cluster"))
    assert status("plan", "--photo-count", "1000", "--photo-gigabytes", "2") == 0
    out = capsys.readouterr().out
    assert out.startswith("1,000 photos, 2 GB\n")
    assert "\npreprocess, cluster " in out
    assert "\ntrain, 2 x g2-standard-24 with 2 x l4 " in out


def test_a_gpu_node_is_that_of_its_example_with_as_many_nodes_as_given(checkout):
    two = chosen(checkout, gpu="two-nodes")
    assert (two.nodes, two.variables["gpu_type"], two.variables["train_nodes"]) == (2, "nvidia-l4", 0)
    assert chosen(checkout, two, nodes=3).nodes == 3
    assert chosen(checkout, two, gpu="t4").nodes == 1
    assert "zone" not in chosen(checkout, two, gpu="t4").variables


def test_what_is_not_given_stays_as_it_was(checkout):
    memory = chosen(
        checkout, project="p", photos="gs://b/photos", spark="cluster", set=("spot=true",), nodes=4
    )
    assert chosen(checkout, memory) == memory
    assert memory.variables["spot"] is True


def test_photos_are_found_from_any_working_directory(checkout):
    assert chosen(checkout, photos="my photos").photos == str(checkout / "my photos")
    assert chosen(checkout, photos="s3://bucket/photos").photos == "s3://bucket/photos"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dance"], "Invalid value for 'STAGE': 'dance' is not one of 'plan', 'up'"),
        (["plan", "--gpu", "v100"], "--gpu: expected one of a100, "),
        (["plan", "--set", "colour=red"], "--set: expected NAME=VALUE of a variable"),
        (["plan", "--set", "train_nodes=3"], "--set: expected NAME=VALUE of a variable"),
        (["plan", "--nodes", "0"], "Invalid value for '--nodes'"),
        (["plan", "--gpu", "paper-k80"], "plan: no speed is known of nvidia-tesla-k80"),
        (["up"], "--project: expected the id of a Google Cloud project; it is remembered"),
    ],
)
def test_a_mistake_is_one_line(checkout, arguments, message, capsys):
    assert status(*arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"error: {message}")
    assert err.count("\n") == 1


def test_without_a_checkout_the_reason_is_reported(tmp_path, monkeypatch, capsys):
    (tmp_path / "terraform").mkdir()  # another project's
    (tmp_path / "terraform/variables.tf").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(landmark_lib, "__file__", str(tmp_path / "site-packages/landmark_lib/__init__.py"))
    assert status("plan") == 2
    message = f"error: cloud: expected a checkout of this project, found none in {tmp_path}\n"
    assert capsys.readouterr().err == message


def test_a_missing_program_is_reported_before_anything_runs(checkout, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "gcloud" else f"/usr/bin/{name}")
    assert status("up", "--project", "my-project-1") == 2
    assert capsys.readouterr().err == "error: gcloud is not installed; docs/cloud.md lists what is needed\n"
