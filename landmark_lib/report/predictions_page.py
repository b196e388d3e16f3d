"""A page of predicted photos: what the ensemble says, and the training photos that are most similar."""

from collections.abc import Sequence
from dataclasses import dataclass

from landmark_lib.digits import decimal, number
from landmark_lib.report.mosaic import tile_address
from landmark_lib.report.page import Fact, Section, render_page, render_part
from landmark_lib.report.similar_photos import SimilarPhoto, similar_tiles

TILE = 168  # pixels per side, more than the page shows, for high-density screens


@dataclass(frozen=True)
class PredictedPhoto:
    """A photo as the page shows it.

    Attributes:
        image_id: Its id.
        jpeg: The photo.
        labels: Labels of the ensemble, best first.
        score: The vote's score of the first.
        votes: Members whose first label it is.
        chance: Chance that it is right; None if no rejection was learned.
        no_landmark: Whether that is below the threshold.
        similar: The most similar training photos.
    """

    image_id: str
    jpeg: bytes
    labels: Sequence[str]
    score: float
    votes: int
    chance: float | None
    no_landmark: bool
    similar: Sequence[SimilarPhoto]


def predictions_page(
    photos: Sequence[PredictedPhoto], predicted: int, members: int, models: str, rejected: int
) -> str:
    """Return the page as HTML.

    Args:
        photos: Those to show.
        predicted: Number of all predicted photos.
        members: Number of members.
        models: Directory of the members.
        rejected: Number of photos that could not be read.
    """
    body = render_part(
        "predictions.html",
        photos=[
            {
                "image_id": photo.image_id,
                "address": tile_address(photo.jpeg, TILE),
                "labels": photo.labels,
                "score": photo.score,
                "votes": photo.votes,
                "chance": None if photo.chance is None else decimal(photo.chance),
                "no_landmark": photo.no_landmark,
                "similar": similar_tiles(photo.similar),
            }
            for photo in photos
        ],
        predicted=predicted,
        members=members,
    )
    facts = [
        Fact(number(predicted), "photos predicted"),
        Fact(number(rejected), "photos rejected"),
        Fact(number(members), "members"),
    ]
    lead = f"What the ensemble in {models} predicts, beside the training photos that are most similar."
    return render_page("Predictions", lead, facts, [Section("photos", "Photos", body)])
