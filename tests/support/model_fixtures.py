"""Small data sets and members that were never trained, made once for all tests."""

import pytest
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

    root = str(tmp_path_factory.mktemp("small") / "dataset")
    write_small_dataset(root)
    return root


@pytest.fixture(scope="session")
def photo_dataset(tmp_path_factory):
    """Write a whole data set, with all that a report shows: three classes, nine photos held out."""
    root = str(tmp_path_factory.mktemp("photos") / "dataset")
    write_dataset(root, {f"landmark {index}": ids_of(index, 12) for index in range(3)}, hold_out=3)
    return root


@pytest.fixture(scope="session")
def models(one_rank, photo_dataset, tmp_path_factory):
    """Write three members."""
    from small_ensemble import MEMBERS, SIDE, finished_member

    from landmark_lib.training.backbone import load_backbone
    from landmark_lib.training.model import build_model
    from landmark_lib.training.model_directory import BEST, save_model, write_member

    directory = tmp_path_factory.mktemp("models")
    backbone = load_backbone("MobileNet", "random", SIDE, seed=0)
    for number, name in enumerate(MEMBERS):
        model = build_model(backbone, "tf", 3, dropout=0.5, l2=0.0, seed=number)
        save_model(model, Place(str(directory)) / name / BEST)
        write_member(
            Place(str(directory / name)), finished_member(dataset.read_manifest(photo_dataset).fingerprint)
        )
    return directory
