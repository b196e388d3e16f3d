"""Small data sets and members that were never trained, made once for all tests."""

import shutil
from functools import partial
from pathlib import Path

import pytest
from made_once import made_once
from ranks import two_ranks
from report_datasets import ids_of, write_dataset

from landmark_lib import dataset
from landmark_lib.storage import Place


@pytest.fixture(scope="session")
def one_rank():
    """Start Horovod on this process alone, before TensorFlow has fixed its threads."""
    from landmark_lib.training.horovod_step import start_ranks

    return start_ranks()


@pytest.fixture(scope="session")
def small_dataset(tmp_path_factory):
    """Write a small data set without Spark; return its root."""
    from small_dataset import write_small_dataset

    return str(made_once(tmp_path_factory, "small dataset", lambda folder: write_small_dataset(str(folder))))


@pytest.fixture(scope="session")
def photo_dataset(tmp_path_factory):
    """Write a whole data set, with all that a report shows: three classes, nine photos held out."""
    labels = {f"landmark {index}": ids_of(index, 12) for index in range(3)}
    folder = made_once(
        tmp_path_factory, "photo dataset", lambda folder: write_dataset(str(folder), labels, hold_out=3)
    )
    return str(folder)


@pytest.fixture(scope="session")
def models(one_rank, photo_dataset, tmp_path_factory):
    """Write three members; return a copy of this worker's own, into which its tests may write."""
    shared = made_once(tmp_path_factory, "models", partial(_write_members, photo_dataset))
    return Path(shutil.copytree(shared, tmp_path_factory.mktemp("members") / "models"))


def _write_members(root, directory):
    import small_network
    from small_ensemble import MEMBERS, SIDE, finished_member

    from landmark_lib.training.backbone import load_backbone
    from landmark_lib.training.head import HeadOptions
    from landmark_lib.training.member_record import write_member
    from landmark_lib.training.model import build_model
    from landmark_lib.training.model_directory import BEST, save_model

    small_network.register()
    backbone = load_backbone(small_network.NAME, "random", SIDE, seed=0)
    for number, name in enumerate(MEMBERS):
        model = build_model(backbone, "tf", HeadOptions(3, dropout=0.5, l2=0.0, seed=number))
        save_model(model, Place(str(directory)) / name / BEST)
        write_member(Place(str(directory / name)), finished_member(dataset.read_manifest(root).fingerprint))


@pytest.fixture(scope="session")
def ranks(tmp_path_factory):
    """Start two ranks, which do the work of every test that asks for them."""
    with two_ranks(tmp_path_factory.mktemp("ranks")) as ranks:
        yield ranks
