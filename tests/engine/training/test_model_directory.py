"""The directories that count as members of an ensemble."""

import json
from dataclasses import replace

import pytest

from landmark_lib.dataset import read_manifest
from landmark_lib.errors import UserError
from landmark_lib.settings import TrainSettings, from_flat
from landmark_lib.storage import Place
from landmark_lib.training.member_data import read_member_data
from landmark_lib.training.member_record import (
    DIVERGED,
    STOPPED,
    MemberRecord,
    finished_members,
    read_member,
    warn_about_missing,
    write_member,
)
from landmark_lib.training.model_directory import MemberFiles

RECORD = MemberRecord(
    member=0,
    finished=True,
    epochs=1,
    best_epoch=1,
    settings={},
    dataset_fingerprint="rows",
    landmark_ids=["a", "b"],
    versions={},
)


@pytest.fixture
def models(tmp_path):
    return Place(str(tmp_path))


def names(models):
    return [directory.name for directory in finished_members(models.address)]


def test_members_come_in_the_order_of_their_numbers(models, capsys):
    for number in range(11):
        write_member(models / f"member-{number}", RECORD)
    assert names(models) == [f"member-{number}" for number in range(11)]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "name",
    [
        "member-0 (copy)",
        "member-0.bak",
        "member-00",
        "member-1x",
        "member-",
        "Member-1",
        "member--1",
    ],
)
def test_only_folders_named_member_and_a_number_are_members(models, name):
    for each in ("member-0", name):
        write_member(models / each, RECORD)
    assert names(models) == ["member-0"]


def test_missing_member_is_reported_and_the_others_vote(models, capsys):
    for name in ("member-0", "member-3"):
        write_member(models / name, RECORD)
    (models / "member-1" / "checkpoints" / "0.npz").write(b"")
    found = finished_members(models.address)
    assert [directory.name for directory in found] == ["member-0", "member-3"]
    warn_about_missing(found)
    (warning,) = capsys.readouterr().err.splitlines()
    assert warning == (
        f"warning: --models: {models} has no trained member-1, member-2; the others vote alone"
    )


def test_an_unfinished_member_and_a_folder_without_members_are_refused(models):
    with pytest.raises(UserError, match="has no trained member"):
        finished_members((models / "nothing").address)
    write_member(models / "member-0", replace(RECORD, finished=False))
    with pytest.raises(UserError, match=r"the training of .*member-0 has not finished"):
        finished_members(models.address)


# What releases did that had no setting for it.
EARLIER = {
    "pooling": "avg",
    "feature_length": 0.0,
    "head": "softmax",
    "embedding_size": 512,
    "sub_centres": 1,
    "margin": 0.5,
    "head_epochs": 0,
    "backbone_lr_factor": 1.0,
    "weight_averaging": "none",
    "batch_size": 32,
}


def test_end_of_a_run_is_recorded_and_a_finished_member_stays_finished(models, small_dataset):
    data = read_member_data(small_dataset, read_manifest(small_dataset), 0)
    files = MemberFiles(from_flat(TrainSettings, {"models": models.address}), data, 1)
    files.note_end(DIVERGED, [])
    record = read_member(files.directory)
    assert (record.ended, record.finished, record.epochs, record.best_epoch) == (DIVERGED, False, 0, 0)
    write_member(files.directory, RECORD)
    files.note_end(STOPPED, [])
    assert read_member(files.directory) == replace(RECORD, ended=STOPPED, settings=EARLIER)


def test_member_json_of_earlier_releases_is_readable(models):
    write_member(models / "member-0", RECORD)
    place = models / "member-0" / "member.json"
    content = json.loads(place.read_bytes())
    del content["ended"]
    content["settings"] = {"drop": 0.5}
    place.write(json.dumps(content).encode())
    assert read_member(models / "member-0") == replace(RECORD, settings={**EARLIER, "lr_factor": 0.5})
