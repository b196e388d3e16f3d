"""A checkpoint is complete or absent, belongs to one training, and the previous one replaces it."""

import logging
import resource
from dataclasses import replace

import numpy as np
import pytest

from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.logs import LOGGER
from landmark_lib.method.schedule import PlateauState
from landmark_lib.settings import TrainSettings
from landmark_lib.storage import Place
from landmark_lib.training.checkpoint import (
    CHECKPOINTS,
    Checkpoint,
    Identity,
    Progress,
    check_identity,
    read_checkpoint,
    write_checkpoint,
)
from landmark_lib.training.history import EpochResult

RESULT = EpochResult(1, 0.5, 0.01, 2.5, 0.25, 2.25, 0.125, 80.0, 0.1, 0.2, 0)
SETTINGS = TrainSettings().identity
IDENTITY = Identity("fingerprint", 1, 2, SETTINGS)


def checkpoint(epochs, steps=0):
    stands = Progress(epochs, steps, PlateauState(0.01), [RESULT] * epochs, [[1.5, 2.0, 4.0]] * 2)
    arrays = {"variable 0": np.full((3, 2), epochs, np.float32), "variable 1": np.array(steps)}
    return Checkpoint(IDENTITY, stands, arrays)


def read(directory):
    warnings = []
    handler = logging.Handler()
    handler.emit = lambda record: warnings.append(record.getMessage())
    LOGGER.addHandler(handler)
    try:
        return read_checkpoint(Place(str(directory))), warnings
    finally:
        LOGGER.removeHandler(handler)


def same(one, other):
    return (one.identity, one.progress) == (other.identity, other.progress) and all(
        np.array_equal(one.arrays[name], other.arrays[name]) for name in (*one.arrays, *other.arrays)
    )


def test_checkpoint_reads_back_as_written(tmp_path):
    written = checkpoint(1, 7)
    write_checkpoint(Place(str(tmp_path)), written)
    found, warnings = read(tmp_path)
    assert same(found, written)
    assert warnings == []


def test_settings_that_an_earlier_release_lacked_have_the_values_it_used(tmp_path):
    lacked = {name: value for name, value in SETTINGS.items() if name != "pooling"}
    write_checkpoint(
        Place(str(tmp_path)), replace(checkpoint(1), identity=replace(IDENTITY, settings=lacked))
    )
    found, _ = read(tmp_path)
    assert found.identity.settings["pooling"] == "avg"
    as_then = replace(IDENTITY, settings={**SETTINGS, "pooling": "avg"})
    check_identity(found.identity, as_then, Place(str(tmp_path)), allow_rank_change=False)


def test_no_checkpoint_at_first(tmp_path):
    assert read(tmp_path) == (None, [])


def test_newest_checkpoint_counts_and_the_previous_one_is_kept(tmp_path):
    for epochs, steps in ((1, 0), (1, 30), (2, 0), (10, 0)):
        write_checkpoint(Place(str(tmp_path)), checkpoint(epochs, steps))
    assert read(tmp_path)[0].progress.epochs == 10
    assert len(list((tmp_path / CHECKPOINTS).iterdir())) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda _: b"",
        lambda content: content.replace(b"\x00\x00\x00\x40", b"\x00\x00\x00\x41", 1),  # 2.0 -> 8.0
        lambda content: b"PK" + bytes(len(content)),
    ],
    ids=["truncated", "empty", "one bit off", "zeros"],
)
def test_unreadable_checkpoint_is_reported_and_the_previous_one_used(tmp_path, damage):
    write_checkpoint(Place(str(tmp_path)), checkpoint(1))
    write_checkpoint(Place(str(tmp_path)), checkpoint(2))
    newest = max((tmp_path / CHECKPOINTS).iterdir())
    content = newest.read_bytes()
    assert damage(content) != content
    newest.write_bytes(damage(content))
    found, warnings = read(tmp_path)
    assert found.progress.epochs == 1
    assert len(warnings) == 1
    assert str(newest) in warnings[0]


def test_full_disk_leaves_the_previous_checkpoint_and_no_partial_file(tmp_path):
    write_checkpoint(Place(str(tmp_path)), checkpoint(1))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
    try:
        with pytest.raises(LandmarkError, match="cannot be written: File too large"):
            write_checkpoint(Place(str(tmp_path)), checkpoint(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in (tmp_path / CHECKPOINTS).iterdir()] == ["00001-0000000.npz"]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"dataset": "other"}, "data set is other in the checkpoint, fingerprint now"),
        ({"member": 0}, "member is 0 in the checkpoint, 1 now"),
        ({"settings": {**SETTINGS, "dropout": 0.25}}, "--dropout is 0.25 in the checkpoint, 0.5 now"),
        ({"ranks": 4}, "ranks is 4 in the checkpoint, 2 now.*--allow-rank-change"),
    ],
)
def test_checkpoint_of_another_training_is_refused_with_the_differences(tmp_path, other, message):
    with pytest.raises(UserError, match=message):
        check_identity(replace(IDENTITY, **other), IDENTITY, Place(str(tmp_path)), allow_rank_change=False)


def test_only_the_number_of_ranks_may_change_and_only_if_allowed(tmp_path):
    check_identity(replace(IDENTITY, ranks=4), IDENTITY, Place(str(tmp_path)), allow_rank_change=True)
    with pytest.raises(UserError, match="member is 0 in the checkpoint"):
        check_identity(
            replace(IDENTITY, ranks=4, member=0), IDENTITY, Place(str(tmp_path)), allow_rank_change=True
        )
