"""Predictions on disk, written unit by unit: units that are done are not predicted again.

<predictions>/
answers/unit-<n>.parquet   one row per photo, written when all photos of the unit are predicted
rejected/unit-<n>.parquet  image_id, reason and detail of the rejected photos of the unit
identity.json              which models predicted which photos, in which views
predictions.json           counts; written last: without it the predictions are unfinished
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from landmark_lib.dataset import read_table, write_table
from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.settings.views import PLAIN
from landmark_lib.storage import Place

IDENTITY = "identity.json"
EARLIER = {"views": PLAIN}  # what predictions of earlier releases do not record
SUMMARY = "predictions.json"
ANSWERS = "answers"
REJECTED = "rejected"
ENSEMBLE_LABELS, ENSEMBLE_SCORE, ENSEMBLE_VOTES = "ensemble_labels", "ensemble_score", "ensemble_votes"
CHANCE = "chance_right"  # of the ensemble's first label, in 0 … 1; low for photos without a landmark
NO_LANDMARK = "no_landmark"  # whether that is below the threshold
# The training photos most similar to a photo, most similar first; similarities are cosines.
SIMILAR_IDS, SIMILAR_LABELS, SIMILARITIES = "similar_ids", "similar_labels", "similarities"
ROWS_PER_GROUP = 4096
REJECTED_SCHEMA = pa.schema([("image_id", pa.string()), ("reason", pa.string()), ("detail", pa.string())])


@dataclass(frozen=True)
class Summary:
    """Counts of finished predictions."""

    photos: int
    answered: int
    rejected: dict[str, int]  # photos by reason
    members: list[str]
    no_landmark: int | None  # predicted photos below the threshold; None without a rejection


def columns_of(member: str) -> tuple[str, str]:
    """Return the columns of a member's labels and scores."""
    name = member.replace("-", "_")
    return f"{name}_labels", f"{name}_scores"


def predictions_schema(members: Sequence[str], *, rejecting: bool, similar: bool) -> pa.Schema:
    """Return the columns of predictions: each member's labels and softmax, and the ensemble's vote.

    Args:
        members: Their names.
        rejecting: Whether photos without a landmark are detected.
        similar: Whether similar training photos are found.
    """
    strings, numbers = pa.list_(pa.string()), pa.list_(pa.float32())
    columns = [("image_id", pa.string())]
    for member in members:
        labels, scores = columns_of(member)
        columns += [(labels, strings), (scores, numbers)]
    columns += [
        (ENSEMBLE_LABELS, strings),
        (ENSEMBLE_SCORE, pa.float64()),  # of the first label
        (ENSEMBLE_VOTES, pa.int32()),  # for it
    ]
    if rejecting:
        columns += [(CHANCE, pa.float64()), (NO_LANDMARK, pa.bool_())]
    if similar:
        columns += [(SIMILAR_IDS, strings), (SIMILAR_LABELS, strings), (SIMILARITIES, numbers)]
    return pa.schema(columns)


class PredictionFiles:
    """The directory of some predictions.

    Attributes:
        folder: The directory.
        schema: Columns of the predictions.
    """

    def __init__(self, folder: Place, identity: dict[str, Any], schema: pa.Schema, units: int) -> None:
        """Set the directory.

        Args:
            folder: The directory.
            identity: Everything that decides the predictions.
            schema: Their columns.
            units: Number of units of photos.
        """
        self.folder, self.schema, self._units = folder, schema, units
        self._identity = {**identity, "columns": schema.names}

    def begin(self) -> list[int]:
        """Claim the directory for these predictions, and return the units that are still missing.

        Raises:
            UserError: It holds other predictions, or cannot be written into.
        """
        place = self.folder / IDENTITY
        try:
            if not place.exists():
                place.write(json.dumps(self._identity, indent=1).encode())
            found = {**EARLIER, **json.loads(place.read_bytes())}
            differing = [name for name, value in self._identity.items() if found.get(name) != value]
            done = {f"{ANSWERS}/{name}" for name in (self.folder / ANSWERS).names()}
        except (OSError, ValueError) as error:
            raise UserError(f"--output: {place}: {error}") from None
        if differing:
            raise UserError(
                f"--output: {self.folder} holds predictions with other {', '.join(differing)}; name another"
                " directory or remove it"
            )
        return [unit for unit in range(self._units) if _name(ANSWERS, unit) not in done]

    def write(self, unit: int, predictions: pa.Table, rejected: pa.Table) -> None:
        """Write a unit; the predictions last, because they mark it as done.

        Raises:
            LandmarkError: It cannot be written.
        """
        try:
            for directory, table in ((REJECTED, rejected), (ANSWERS, predictions)):
                write_table(self.folder.address, _name(directory, unit), table, ROWS_PER_GROUP)
        except OSError as error:
            raise LandmarkError(f"--output: cannot write into {self.folder}: {error}") from None

    def finish(self, photos: int, members: list[str]) -> Summary:
        """Count all units, and mark the predictions as finished.

        Raises:
            LandmarkError: There are not as many rows as photos.
        """
        answered = sum(len(table) for table in self.read(ANSWERS, ["image_id"]))
        reasons = Counter(
            reason for table in self.read(REJECTED, ["reason"]) for reason in table["reason"].to_pylist()
        )
        found = answered + reasons.total()
        if found != photos:
            raise LandmarkError(f"{self.folder} holds {found:,} photos, not {photos:,}; remove it")
        no_landmark = None
        if self.rejecting:
            no_landmark = sum(
                sum(table[NO_LANDMARK].to_pylist()) for table in self.read(ANSWERS, [NO_LANDMARK])
            )
        summary = Summary(photos, answered, dict(sorted(reasons.items())), members, no_landmark)
        (self.folder / SUMMARY).write((json.dumps(asdict(summary), indent=1) + "\n").encode())
        return summary

    @property
    def rejecting(self) -> bool:
        """Whether photos without a landmark are detected."""
        return NO_LANDMARK in self.schema.names

    def read(self, directory: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Read all units of ANSWERS or REJECTED, in order."""
        for unit in range(self._units):
            yield read_table(self.folder.address, _name(directory, unit), columns)


def _name(directory: str, unit: int) -> str:
    return f"{directory}/unit-{unit:06d}.parquet"
