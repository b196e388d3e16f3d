"""Prediction runs on one rank here, where a test does not start more."""

import pytest
from report_datasets import ids_of, write_dataset
from small_ensemble import MEMBERS, SIDE, finished_member

from landmark_lib import dataset
from landmark_lib.storage import Place


@pytest.fixture(autouse=True)
def _on_one_rank(one_rank):
    """Start Horovod on this process."""


@pytest.fixture(scope="session")
def photo_dataset(tmp_path_factory):
    """A whole data set, with all that a report tells: three classes, nine photos held out."""
    root = str(tmp_path_factory.mktemp("photos") / "dataset")
    write_dataset(root, {f"landmark {index}": ids_of(index, 12) for index in range(3)}, hold_out=3)
    return root


@pytest.fixture(scope="session")
def models(one_rank, photo_dataset, tmp_path_factory):
    """Three members."""
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
