"""Which classes the ensemble confuses, and photos that it predicted right and wrong."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from landmark_lib.dataset import LandmarkClass
from landmark_lib.hold_out import HoldOut
from landmark_lib.predictions import Predictions
from landmark_lib.report.mosaic import tile_address
from landmark_lib.report.page import Section, render_part
from landmark_lib.report.photo_choice import (
    Pair,
    draw_photos,
    most_confident_of_pairs,
    most_confident_wrong,
    pairs_of,
)
from landmark_lib.report.similar_photos import SimilarPhoto, similar_tiles

MAX_PAIRS = 12  # of classes, shown as photos
MAX_PAIRS_LISTED = 40
MAX_CLASSES_LISTED = 40
MAX_EXAMPLES = 6  # of each kind
TILE = 168  # pixels per side, more than the page shows, for high-density screens

Confusion = Sequence[tuple[int, int, int]]  # true class, predicted class, photos
ReadPhotos = Callable[[Collection[str]], Mapping[str, bytes]]
ReadClassPhotos = Callable[[Collection[int]], Mapping[int, bytes]]


@dataclass(frozen=True)
class Example:
    """A held-out photo as the page shows it.

    Attributes:
        image_id: Its id.
        jpeg: The photo.
        truth: Its true label.
        labels: Predicted labels, best first, each with its score if it has one.
        right: Whether the first label is right.
        class_photo: A training photo of the first label, if one was found.
        similar: The most similar training photos, if they are known.
    """

    image_id: str
    jpeg: bytes
    truth: str
    labels: list[tuple[str, float | None]]
    right: bool
    class_photo: bytes | None
    similar: Sequence[SimilarPhoto] = ()


@dataclass(frozen=True)
class Chosen:
    """Held-out photos that a page shows, by position.

    Attributes:
        confident_wrong: Wrong predictions with the highest scores.
        wrong: Other wrong predictions, drawn at random.
        right: Right predictions, drawn at random.
        pairs: One photo for each of the most confused pairs of classes.
    """

    confident_wrong: list[int]
    wrong: list[int]
    right: list[int]
    pairs: dict[Pair, int]


def choose(hold_out: HoldOut, predictions: Predictions, confusion: Confusion) -> Chosen:
    """Choose the photos to show; the same predictions give the same photos."""
    confident = most_confident_wrong(hold_out, predictions, MAX_EXAMPLES)
    right = predictions.right(hold_out.truth)
    wrong = set(np.flatnonzero(~right).tolist()) - set(confident)
    pairs = [(true, predicted) for true, predicted, _ in most_confused(confusion)[:MAX_PAIRS]]
    return Chosen(
        confident,
        draw_photos(hold_out, wrong, MAX_EXAMPLES),
        draw_photos(hold_out, np.flatnonzero(right).tolist(), MAX_EXAMPLES),
        most_confident_of_pairs(hold_out, predictions, pairs),
    )


def most_confused(confusion: Confusion) -> list[tuple[int, int, int]]:
    """Return the pairs of different classes, most photos first, equal ones by class index."""
    wrong = [pair for pair in confusion if pair[0] != pair[1]]
    return sorted(wrong, key=lambda pair: (-pair[2], *pair[:2]))


def read_examples(
    hold_out: HoldOut,
    predictions: Predictions,
    photos: Sequence[int],
    classes: Sequence[LandmarkClass],
    read_photos: ReadPhotos,
    read_class_photos: ReadClassPhotos,
    similar: Mapping[int, Sequence[SimilarPhoto]],
) -> dict[int, Example]:
    """Read held-out photos, and for each a training photo of the predicted class.

    Args:
        hold_out: The hold-out.
        predictions: The ensemble's.
        photos: Positions of the photos to show.
        classes: By class index.
        read_photos: Reads held-out photos by image id.
        read_class_photos: Reads one photo per class by class index; a class may have none.
        similar: The training photos most similar to these photos, by position; may lack any.

    Returns:
        Examples by position.
    """
    pairs = pairs_of(hold_out, predictions)
    jpegs = read_photos({hold_out.image_ids[photo] for photo in photos})
    class_photos = read_class_photos({pairs[photo][1] for photo in photos})
    examples = {}
    for photo in photos:
        labels = [classes[index].landmark_id for index in predictions.classes[photo].tolist()]
        scores: list[float | None] = [*predictions.scores[photo].tolist(), *[None] * len(labels)]
        true, predicted = pairs[photo]
        examples[photo] = Example(
            hold_out.image_ids[photo],
            jpegs[hold_out.image_ids[photo]],
            classes[true].landmark_id,
            list(zip(labels, scores, strict=False)),
            true == predicted,
            class_photos.get(predicted),
            similar.get(photo, ()),
        )
    return examples


def confusion_section(
    confusion: Confusion, classes: Sequence[LandmarkClass], examples: Mapping[Pair, Example]
) -> Section:
    """Render which classes the ensemble confuses.

    Args:
        confusion: The ensemble's.
        classes: By class index.
        examples: One photo for each of the most confused pairs.
    """
    pairs, photos = most_confused(confusion), Counter[int]()
    for true, _, count in confusion:
        photos[true] += count
    labels = [row.landmark_id for row in classes]
    right = {true: count for true, predicted, count in confusion if true == predicted}
    # (class, right, photos), lowest accuracy first
    hardest = sorted(
        ((true, right.get(true, 0), count) for true, count in photos.items()),
        key=lambda row: (row[1] / row[2], -row[2], row[0]),
    )
    body = render_part(
        "confusion.html",
        wrong=sum(count for *_, count in pairs),
        photos=photos.total(),
        pairs=len(pairs),
        shown=[
            (labels[true], labels[predicted], count, _tiles(examples[true, predicted]))
            for true, predicted, count in pairs
            if (true, predicted) in examples
        ],
        listed=[
            (labels[true], labels[predicted], count, photos[true])
            for true, predicted, count in pairs[:MAX_PAIRS_LISTED]
        ],
        hardest=[(classes[true], *rest) for true, *rest in hardest[:MAX_CLASSES_LISTED]],
        measured=len(hardest),
    )
    return Section("confusion", "Confused classes", body)


def gallery_section(
    chosen: Chosen,
    examples: Mapping[int, Example],
    right: int,
    photos: int,
    rejected: Sequence[Mapping[str, Any]],
    rejected_photos: int,
) -> Section:
    """Render photos predicted right and wrong, and a list of some rejected ones.

    Args:
        chosen: The photos to show.
        examples: The chosen photos, by position.
        right: Number of photos predicted right.
        photos: Number of held-out photos.
        rejected: Some rows of rejected/.
        rejected_photos: Number of all rejected photos.
    """
    wrong = photos - right
    groups = [
        ("Wrong, highest scores", chosen.confident_wrong, wrong, "at most one per pair of classes"),
        ("Wrong, drawn at random", chosen.wrong, wrong, "none of those above"),
        ("Right, drawn at random", chosen.right, right, ""),
    ]
    body = render_part(
        "gallery.html",
        groups=[
            (name, [_tiles(examples[photo]) for photo in shown], of, note)
            for name, shown, of, note in groups
            if shown
        ],
        is_similar=any(example.similar for example in examples.values()),
        right=right,
        wrong=wrong,
        rejected=rejected,
        rejected_photos=rejected_photos,
    )
    return Section("gallery", "Photos right and wrong", body)


def _tiles(example: Example) -> dict[str, Any]:
    return {
        "image_id": example.image_id,
        "address": tile_address(example.jpeg, TILE),
        "truth": example.truth,
        "labels": example.labels,
        "right": example.right,
        "class_photo": tile_address(example.class_photo, TILE) if example.class_photo else None,
        "similar": similar_tiles(example.similar),
    }
