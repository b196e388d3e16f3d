"""The held-out photos of a data set, without their pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landmark_lib.dataset import VALIDATION, Manifest, read_classes, read_table


@dataclass(frozen=True)
class HoldOut:
    """Which photos are held out, and what they show.

    Attributes:
        dataset: Root of the data set.
        fingerprint: Of the data set.
        image_ids: Distinct ids of the photos.
        truth: True class index of each photo, (photos,) int64.
        label_counts: Images of each class in the corpus, (classes,) int64.
    """

    dataset: str
    fingerprint: str
    image_ids: Sequence[str]
    truth: NDArray[np.int64]
    label_counts: NDArray[np.int64]


def read_hold_out(root: str, manifest: Manifest) -> HoldOut:
    """Read the hold-out of a data set that has one."""
    tables = [
        read_table(root, record.path, ["image_id", "class_index"]) for record in manifest.files_in(VALIDATION)
    ]
    return HoldOut(
        dataset=root,
        fingerprint=manifest.fingerprint,
        image_ids=[image_id for table in tables for image_id in table["image_id"].to_pylist()],
        truth=np.concatenate([table["class_index"].to_numpy() for table in tables]).astype(np.int64),
        label_counts=np.array([row.label_count for row in read_classes(root)], np.int64),
    )
