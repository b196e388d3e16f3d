"""Which classes the ensemble takes for one another, and photos that it got right and wrong."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from landmark_lib.dataset import LandmarkClass
from landmark_lib.report.answers import HoldOutAnswers, drawn_by_chance, surest_of_pairs, surest_wrong
from landmark_lib.report.mosaic import tile_address
from landmark_lib.report.page import Section, render_part

MOST_PAIRS = 12  # of classes, shown in photos
MOST_PAIRS_LISTED = 40
MOST_CLASSES_LISTED = 40
MOST_EXAMPLES = 6  # of a kind
TILE = 168  # pixels of a side: more than the page shows, for dense screens

Pair = tuple[int, int]  # true class index, the one answered
Confusion = Sequence[tuple[int, int, int]]  # and the photos of each pair
ReadPhotos = Callable[[Collection[str]], Mapping[str, bytes]]
ReadClassPhotos = Callable[[Collection[int]], Mapping[int, bytes]]


@dataclass(frozen=True)
class Example:
    """A photo of the hold-out as the page shows it.

    Attributes:
        image_id: Its id.
        jpeg: The photo.
        truth: Landmark id of the class that it shows.
        answers: Landmark ids answered, best first, each with its score where that is known.
        right: Whether the first answer is the truth.
        neighbour: A training photo of the class answered first, where one was found.
    """

    image_id: str
    jpeg: bytes
    truth: str
    answers: list[tuple[str, float | None]]
    right: bool
    neighbour: bytes | None


@dataclass(frozen=True)
class Chosen:
    """Rows of the answers that a page shows.

    Attributes:
        surest_wrong: Wrongly answered with the highest scores.
        wrong: Wrongly answered, drawn by chance from the others.
        right: Rightly answered, drawn by chance.
        pairs: One of each of the pairs of classes most often confused.
    """

    surest_wrong: list[int]
    wrong: list[int]
    right: list[int]
    pairs: dict[Pair, int]


def choose(answers: HoldOutAnswers, confusion: Confusion) -> Chosen:
    """Choose the photos to show; the same answers give the same photos."""
    surest = surest_wrong(answers, MOST_EXAMPLES)
    wrong = set(np.flatnonzero(~answers.right).tolist()) - set(surest)
    pairs = [(true, given) for true, given, _ in most_confused(confusion)[:MOST_PAIRS]]
    return Chosen(
        surest,
        drawn_by_chance(answers, wrong, MOST_EXAMPLES),
        drawn_by_chance(answers, np.flatnonzero(answers.right).tolist(), MOST_EXAMPLES),
        surest_of_pairs(answers, pairs),
    )


def most_confused(confusion: Confusion) -> list[tuple[int, int, int]]:
    """Pick the pairs of different classes, those with most photos first, equal ones by class index."""
    wrong = [pair for pair in confusion if pair[0] != pair[1]]
    return sorted(wrong, key=lambda pair: (-pair[2], *pair[:2]))


def read_examples(
    answers: HoldOutAnswers,
    rows: Sequence[int],
    classes: Sequence[LandmarkClass],
    read_photos: ReadPhotos,
    read_class_photos: ReadClassPhotos,
) -> dict[int, Example]:
    """Read the photos of some rows of the answers, and beside each one of the class answered.

    Args:
        answers: The ensemble's.
        rows: Of the answers, to show.
        classes: By class index.
        read_photos: Gives photos of the hold-out by image id.
        read_class_photos: Gives a photo of a class by class index; a class may be without.

    Returns:
        Examples by row.
    """
    photos = read_photos({answers.image_ids[row] for row in rows})
    neighbours = read_class_photos({answers.pair(row)[1] for row in rows})

    def example(row: int) -> Example:
        names = [classes[index].landmark_id for index in answers.ranked[row].tolist()]
        scores: list[float | None] = [*answers.scores[row].tolist(), *[None] * len(names)]
        true, given = answers.pair(row)
        return Example(
            answers.image_ids[row],
            photos[answers.image_ids[row]],
            classes[true].landmark_id,
            list(zip(names, scores, strict=False)),
            true == given,
            neighbours.get(given),
        )

    return {row: example(row) for row in rows}


def confusion_section(
    confusion: Confusion, classes: Sequence[LandmarkClass], examples: Mapping[Pair, Example]
) -> Section:
    """Tell which classes the ensemble takes for which.

    Args:
        confusion: The ensemble's.
        classes: By class index.
        examples: Of the pairs most often confused, a photo each.
    """
    pairs, photos = most_confused(confusion), Counter[int]()
    for true, _, count in confusion:
        photos[true] += count
    names = [row.landmark_id for row in classes]
    hardest = _hardest_classes(confusion, photos)
    body = render_part(
        "confusion.html",
        wrong=sum(count for *_, count in pairs),
        photos=photos.total(),
        pairs=len(pairs),
        shown=[
            (names[true], names[given], count, _drawn(examples[true, given]))
            for true, given, count in pairs
            if (true, given) in examples
        ],
        listed=[
            (names[true], names[given], count, photos[true])
            for true, given, count in pairs[:MOST_PAIRS_LISTED]
        ],
        hardest=[(classes[true], *rest) for true, *rest in hardest[:MOST_CLASSES_LISTED]],
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
    """Show photos that were answered right and wrong, and name some that were rejected.

    Args:
        chosen: What to show.
        examples: Of the rows chosen.
        right: Photos answered right.
        photos: Photos of the hold-out.
        rejected: Rows of rejected/, some of them.
        rejected_photos: Their number in all.
    """
    wrong = photos - right
    groups = [
        ("Wrong, with the highest scores", chosen.surest_wrong, wrong, "of each pair of classes at most one"),
        ("Wrong, drawn by chance", chosen.wrong, wrong, "none of those above"),
        ("Right, drawn by chance", chosen.right, right, ""),
    ]
    body = render_part(
        "gallery.html",
        groups=[
            (name, [_drawn(examples[row]) for row in rows], of, note)
            for name, rows, of, note in groups
            if rows
        ],
        right=right,
        wrong=wrong,
        rejected=rejected,
        rejected_photos=rejected_photos,
    )
    return Section("gallery", "Photos right and wrong", body)


def _hardest_classes(confusion: Confusion, photos: Mapping[int, int]) -> list[tuple[int, int, int]]:
    """List class index, photos answered right, and photos; the smallest share of right ones first."""
    right = {true: count for true, given, count in confusion if true == given}
    rows = [(true, right.get(true, 0), count) for true, count in photos.items()]
    return sorted(rows, key=lambda row: (row[1] / row[2], -row[2], row[0]))


def _drawn(example: Example) -> dict[str, Any]:
    return {
        "image_id": example.image_id,
        "address": tile_address(example.jpeg, TILE),
        "truth": example.truth,
        "answers": example.answers,
        "right": example.right,
        "neighbour": tile_address(example.neighbour, TILE) if example.neighbour else None,
    }
