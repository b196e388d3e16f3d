"""The trials that vote best together, chosen on one half of the hold-out and measured on the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_lib.evaluation_results import Figure
from landmark_lib.hold_out import HoldOut
from landmark_lib.method.ensemble_selection import select_ensemble, vote_score
from landmark_lib.method.hold_out import selection_half
from landmark_lib.method.intervals import FIGURES, RESAMPLES, interval, resampled_figures, share_interval
from landmark_lib.method.vote import vote
from landmark_lib.predictions import Predictions
from landmark_lib.tuning_results import EnsembleResult

TOP_1, GAP = FIGURES.index("top_1"), FIGURES.index("gap")


@dataclass(frozen=True)
class Compared:
    """The chosen ensemble compared with the one that has the defaults.

    Attributes:
        tuned: The chosen trials.
        default: The trials with the defaults; None if there are none.
        top_1_difference: tuned - default, paired by photo.
        gap_difference: The same for GAP.
    """

    tuned: EnsembleResult
    default: EnsembleResult | None
    top_1_difference: Figure | None
    gap_difference: Figure | None


class Halves:
    """The photos of a hold-out: those to choose by and those to report on.

    Attributes:
        choosing: Positions of the first in the hold-out, ordered by image id, (photos,).
        reporting: Positions of the others.
    """

    def __init__(self, hold_out: HoldOut) -> None:
        """Split them."""
        # In this order, ranks and draws by position depend on the image ids only.
        order = np.array(sorted(range(len(hold_out.image_ids)), key=hold_out.image_ids.__getitem__))
        first = selection_half(hold_out.image_ids)[order]
        self.choosing, self.reporting = order[first], order[~first]
        self._truth, self._classes = hold_out.truth, len(hold_out.label_counts)

    def choose(self, members: Mapping[int, int], predictions: Mapping[int, Predictions]) -> list[int]:
        """Choose one trial for each member, on the photos to choose by.

        Args:
            members: Member of each trial, by the trial's number.
            predictions: Predictions of the same trials.

        Returns:
            Numbers of the trials for member 0, 1, ...
        """
        numbers = sorted(predictions)
        classes, scores = _stacked([predictions[number] for number in numbers], self.choosing)
        of_members = [members[number] for number in numbers]
        positions = select_ensemble(of_members, classes, scores, self._truth[self.choosing])
        return sorted((numbers[position] for position in positions), key=members.__getitem__)

    def compare(
        self, tuned: Sequence[int], default: Sequence[int] | None, predictions: Mapping[int, Predictions]
    ) -> Compared:
        """Measure the vote of both ensembles on the photos to report on."""
        groups = [tuned] if default is None else [tuned, default]
        truth = self._truth[self.reporting]
        votes = [
            vote(*_stacked([predictions[number] for number in trials], self.reporting)).predictions
            for trials in groups
        ]
        # (ensembles, resamples, figures), of all ensembles on the same resamples
        drawn = resampled_figures(votes, truth, self._classes, resamples=RESAMPLES, seed=0)
        results = [
            self._result(trials, predictions, figures) for trials, figures in zip(groups, drawn, strict=True)
        ]
        if default is None:
            return Compared(results[0], None, None, None)
        best, usual = results
        return Compared(
            best,
            usual,
            Figure(best.top_1.value - usual.top_1.value, *interval(drawn[0, :, TOP_1] - drawn[1, :, TOP_1])),
            Figure(best.gap.value - usual.gap.value, *interval(drawn[0, :, GAP] - drawn[1, :, GAP])),
        )

    def _result(
        self,
        trials: Sequence[int],
        predictions: Mapping[int, Predictions],
        drawn: NDArray[np.float64],
    ) -> EnsembleResult:
        own = [predictions[number] for number in trials]
        chosen_by, _ = vote_score(*_stacked(own, self.choosing), self._truth[self.choosing])
        top_1, gap = vote_score(*_stacked(own, self.reporting), self._truth[self.reporting])
        return EnsembleResult(
            list(trials),
            chosen_by,
            Figure(top_1, *share_interval(top_1, len(self.reporting), drawn[:, TOP_1])),
            Figure(gap, *interval(drawn[:, GAP])),
        )


def _stacked(
    predictions: Sequence[Predictions], photos: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return classes and scores of some photos, (trials, photos) each."""
    return (
        np.stack([each.first[photos] for each in predictions]),
        np.stack([each.first_scores[photos] for each in predictions]).astype(np.float64),
    )
