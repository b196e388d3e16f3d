"""Which answers about a hold-out a page shows: decided from the answers alone, the same on every run."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from landmark_lib.draws import keyed_draw

SEED = 0  # of the photos drawn by chance


@dataclass(frozen=True)
class HoldOutAnswers:
    """What a voter answered about every photo of a hold-out.

    Attributes:
        image_ids: Which photos, (photos,).
        truth: Their true class indices, int64, (photos,).
        ranked: Class indices answered, best first, int64, (photos, k) with k at least 1.
        scores: How sure the voter is of the first n answers, float64, (photos, n) with n from 1 to k.

    Raises:
        ValueError: Other shapes.
    """

    image_ids: list[str]
    truth: npt.NDArray[np.int64]
    ranked: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        photos = (len(self.image_ids),)
        ranked, scores = self.ranked.shape, self.scores.shape
        shapes = self.truth.shape, ranked[:1], scores[:1]
        if shapes != (photos,) * 3 or not len(ranked) == len(scores) == 2 or not 1 <= scores[1] <= ranked[1]:
            raise ValueError(
                "expected truth, ranked and scores as (photos,), (photos, k) and (photos, n up to k) of"
                f" {photos[0]} photos, received {self.truth.shape}, {ranked} and {scores}"
            )

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """Tell of which photos the first answer is right, (photos,)."""
        is_right: npt.NDArray[np.bool_] = self.ranked[:, 0] == self.truth
        return is_right

    def pair(self, row: int) -> tuple[int, int]:
        """Give the true class of a photo and the one answered first."""
        return int(self.truth[row]), int(self.ranked[row, 0])


def surest_wrong(answers: HoldOutAnswers, most: int) -> list[int]:
    """Choose the photos wrongly answered with the highest scores, of each pair of classes at most one.

    Returns:
        At most `most` rows of the answers; equal scores by image id.
    """
    wrong = _surest_first(answers, np.flatnonzero(~answers.right))
    of_pairs: dict[tuple[int, int], int] = {}
    for row in wrong:
        of_pairs.setdefault(answers.pair(row), row)
        if len(of_pairs) == most:
            break
    return list(of_pairs.values())


def drawn_by_chance(answers: HoldOutAnswers, rows: Iterable[int], most: int) -> list[int]:
    """Draw at most `most` of some rows by their image ids: neither order nor number of the others matters."""
    ids = answers.image_ids
    return sorted(rows, key=lambda row: (keyed_draw(SEED, "photo of a page", ids[row]), ids[row]))[:most]


def surest_of_pairs(answers: HoldOutAnswers, pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Find the row with the highest score of each pair of true and answered class that there is."""
    wanted = set(pairs)
    first: dict[tuple[int, int], int] = {}
    for row in _surest_first(answers, np.arange(len(answers.image_ids))):
        if answers.pair(row) in wanted:
            first.setdefault(answers.pair(row), row)
    return first


def _surest_first(answers: HoldOutAnswers, rows: npt.NDArray[np.int64]) -> list[int]:
    ids, scores = answers.image_ids, answers.scores[:, 0]
    return sorted(rows.tolist(), key=lambda row: (-scores[row], ids[row]))
