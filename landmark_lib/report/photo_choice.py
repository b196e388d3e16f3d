"""Which held-out photos a page shows: decided from the predictions alone, the same on every run."""

from collections.abc import Iterable

from landmark_lib.draws import keyed_draw
from landmark_lib.hold_out import HoldOut
from landmark_lib.predictions import Predictions

SEED = 0  # of the photos drawn at random

Pair = tuple[int, int]  # true class, predicted class


def pairs_of(hold_out: HoldOut, predictions: Predictions) -> list[Pair]:
    """Return the true class of each photo and the class predicted first."""
    return list(zip(hold_out.truth.tolist(), predictions.first.tolist(), strict=True))


def most_confident_wrong(hold_out: HoldOut, predictions: Predictions, limit: int) -> list[int]:
    """Choose the wrong predictions with the highest scores, at most one for each pair of classes.

    Returns:
        At most `limit` photos, by position; equal scores by image id.
    """
    pairs = pairs_of(hold_out, predictions)
    chosen: dict[Pair, int] = {}
    for photo in _by_confidence(hold_out, predictions):
        true, predicted = pairs[photo]
        if true != predicted and len(chosen) < limit:
            chosen.setdefault((true, predicted), photo)
    return list(chosen.values())


def draw_photos(hold_out: HoldOut, photos: Iterable[int], limit: int) -> list[int]:
    """Draw at most `limit` of some photos by image id: neither order nor number of the others matters."""
    ids = hold_out.image_ids
    return sorted(photos, key=lambda photo: (keyed_draw(SEED, "photo of a page", ids[photo]), ids[photo]))[
        :limit
    ]


def most_confident_of_pairs(
    hold_out: HoldOut, predictions: Predictions, pairs: Iterable[Pair]
) -> dict[Pair, int]:
    """Find the photo with the highest score for each pair of true and predicted class that occurs."""
    of_photos, wanted = pairs_of(hold_out, predictions), set(pairs)
    found: dict[Pair, int] = {}
    for photo in _by_confidence(hold_out, predictions):
        if of_photos[photo] in wanted:
            found.setdefault(of_photos[photo], photo)
    return found


def _by_confidence(hold_out: HoldOut, predictions: Predictions) -> list[int]:
    ids, scores = hold_out.image_ids, predictions.first_scores
    return sorted(range(len(ids)), key=lambda photo: (-scores[photo], ids[photo]))
