"""Predict photos with the members and their vote, unit by unit, shared among the ranks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from landmark_lib.errors import UserError
from landmark_lib.evaluation.evidence import (
    evidence_of,
    indexes_of,
    mean_similarity,
    similar_photos,
    vectors_of,
)
from landmark_lib.evaluation.networks import Members, load_members, most_likely, run_networks
from landmark_lib.evaluation.photos import Photos
from landmark_lib.evaluation.prediction_files import (
    REJECTED_SCHEMA,
    PredictionFiles,
    Summary,
    predictions_schema,
)
from landmark_lib.evaluation.rejection_file import REJECTION, LearnedRejection, read_rejection
from landmark_lib.method.neighbours import Neighbour, NeighbourIndex
from landmark_lib.method.vote import ensemble_predictions
from landmark_lib.predictions import Predictions
from landmark_lib.progress import progress
from landmark_lib.settings import PredictSettings
from landmark_lib.storage import Place
from landmark_lib.training import horovod_step
from landmark_lib.training.horovod_step import Ranks
from landmark_lib.training.neighbours import INDEX

PREDICTIONS = "predictions"  # folder in the models' directory


@dataclass(frozen=True)
class Ensemble:
    """The members, and what is known of their training photos.

    Attributes:
        members: All members.
        learned: How to detect photos without a landmark; None if it was not learned.
        indexes: Each member's index of its training photos; empty if one has none.
    """

    members: Members
    learned: LearnedRejection | None
    indexes: Sequence[NeighbourIndex]

    @property
    def schema(self) -> pa.Schema:
        """Columns of the predictions."""
        return predictions_schema(
            [member.name for member in self.members],
            rejecting=self.learned is not None,
            similar=bool(self.indexes),
        )

    def predict(self, photos: Photos, unit: int, settings: PredictSettings) -> tuple[pa.Table, pa.Table]:
        """Return the predictions for the photos of a unit, and its rejected photos."""
        rejected: list[dict[str, str]] = []

        def reject(image_id: str, reason: str, detail: str) -> None:
            rejected.append({"image_id": image_id, "reason": reason, "detail": detail})

        image_ids: list[str] = []
        of_members: list[list[Predictions]] = [[] for _ in self.members]
        confidences: list[NDArray[np.float64]] = []
        similar: list[list[Neighbour]] = []
        batches = run_networks(
            self.members, lambda: photos.read(unit, reject, self.members.framing), settings.batch_size
        )
        for batch_ids, outputs in batches:
            image_ids += batch_ids.tolist()
            for parts, own in zip(of_members, outputs, strict=True):
                parts.append(most_likely(own.logits, settings.top_k))
            if self.learned:
                vectors = vectors_of(outputs, self.indexes)
                against = mean_similarity(vectors, self.learned.landmark_free)
                evidence = evidence_of(outputs, self.indexes, vectors, against)
                confidences.append(self.learned.rejection.score(evidence.values))
            if self.indexes:
                similar += similar_photos(outputs, self.indexes)
        members = [Predictions.join(parts) for parts in of_members if parts]
        table = self.table(image_ids, members, confidences, similar)
        return table, pa.Table.from_pylist(rejected, REJECTED_SCHEMA)

    def table(
        self,
        image_ids: list[str],
        members: Sequence[Predictions],
        confidences: Sequence[NDArray[np.float64]],
        similar: Sequence[Sequence[Neighbour]],
    ) -> pa.Table:
        """Return the predictions for these photos, one row each, (photos,) in each list.

        Args:
            image_ids: The photos.
            members: Each member's predictions.
            confidences: Chances to be right, in batches; empty without rejection.
            similar: The training photos most similar to each photo; empty without indexes.
        """
        schema = self.schema
        if not image_ids:
            return schema.empty_table()
        labels = np.array(self.members[0].record.landmark_ids, object)  # by class index
        columns: list[Any] = [image_ids]
        for member in members:
            columns += [labels[member.classes].tolist(), member.scores.tolist()]
        voted, votes = ensemble_predictions(members)
        columns += [labels[voted.classes].tolist(), voted.first_scores, votes]
        if self.learned:
            confidence = np.concatenate(confidences)
            columns += [confidence, confidence < self.learned.rejection.threshold]
        if self.indexes:
            columns += [
                [[found.image_id for found in of_photo] for of_photo in similar],
                [[labels[found.class_index] for found in of_photo] for of_photo in similar],
                [[found.similarity for found in of_photo] for of_photo in similar],
            ]
        arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
        return pa.Table.from_arrays(arrays, schema=schema)


def predict(settings: PredictSettings, photos: Photos, ranks: Ranks) -> tuple[PredictionFiles, Summary]:
    """Predict all photos, resuming an interrupted run; each rank takes its share of the units.

    Args:
        settings: Which models, and where the predictions go.
        photos: The photos to predict.
        ranks: This rank and the number of ranks.

    Returns:
        The files and a summary of their content.

    Raises:
        UserError: No trained members, members that cannot take the views, a rejection learned for other
            members or views, or a directory with other predictions.
        LandmarkError: A model cannot be loaded, an image of the data set does not decode, a file cannot be
            written.
    """
    members = load_members(settings.models, settings.views)
    learned, indexes = read_rejection(settings.models, members), indexes_of(members)
    if learned and not indexes:
        raise UserError(
            f"--models: a member in {settings.models} has lost its sketch.npz or {INDEX}, which {REJECTION}"
            " needs"
        )
    ensemble = Ensemble(members, learned, indexes or [])
    identity = {
        "photos": photos.identity,
        "models": {member.name: member.sha256 for member in members},
        "rejection": learned.identity if learned else None,
        "top": settings.top_k,
        "batch size": settings.batch_size,
        "views": settings.views,
    }
    folder = Place(settings.output) if settings.output else Place(settings.models) / PREDICTIONS
    files = PredictionFiles(folder, identity, ensemble.schema, len(photos.sizes))
    missing = horovod_step.from_rank_0(ranks, files.begin)
    mine = missing[ranks.rank :: ranks.size]

    def predict_mine() -> None:
        total = sum(photos.sizes[unit] for unit in mine)
        with progress("predict", total, "photos", shown=ranks.is_chief and total > 0) as display:
            for unit in mine:
                files.write(unit, *ensemble.predict(photos, unit, settings))
                display.update(photos.sizes[unit])

    horovod_step.run_on_all_ranks(ranks, predict_mine)
    names = [member.name for member in members]
    summary = horovod_step.from_rank_0(ranks, lambda: files.finish(sum(photos.sizes), names))
    return files, summary
