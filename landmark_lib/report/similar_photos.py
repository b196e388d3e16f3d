"""Training photos that are shown beside the photos they are similar to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from landmark_lib.dataset import Manifest
from landmark_lib.report.example_photos import read_training_photos
from landmark_lib.report.mosaic import tile_address

TILE = 84  # pixels per side


@dataclass(frozen=True)
class SimilarPhoto:
    """A training photo as the page shows it beside a photo that it is similar to.

    Attributes:
        image_id: Its id.
        label: Its label.
        similarity: Cosine of their features.
        jpeg: The photo; None if the data set lacks it.
    """

    image_id: str
    label: str
    similarity: float
    jpeg: bytes | None


def read_similar(
    root: str, manifest: Manifest, similar: Mapping[Any, Sequence[tuple[str, str, float]]]
) -> dict[Any, list[SimilarPhoto]]:
    """Read the training photos that are similar to some photos.

    Args:
        root: Root of the data set that the members were trained on.
        manifest: Its manifest.
        similar: Ids, labels and similarities of training photos, by the photo they are similar to.
    """
    jpegs = read_training_photos(
        root, manifest, {found[0] for photos in similar.values() for found in photos}
    )
    return {
        photo: [
            SimilarPhoto(image_id, label, value, jpegs.get(image_id)) for image_id, label, value in photos
        ]
        for photo, photos in similar.items()
    }


def similar_tiles(photos: Sequence[SimilarPhoto]) -> list[dict[str, Any]]:
    """Return what the macro `similar` of the templates takes."""
    return [
        {
            "image_id": photo.image_id,
            "label": photo.label,
            "similarity": photo.similarity,
            "address": tile_address(photo.jpeg, TILE) if photo.jpeg else None,
        }
        for photo in photos
    ]
