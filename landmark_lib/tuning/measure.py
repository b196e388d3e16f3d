"""Which trials vote best together, chosen on one half of the hold-out and measured on the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_lib.evaluation_results import Figure
from landmark_lib.hold_out import HoldOut
from landmark_lib.method.ensemble_selection import select_ensemble, vote_score
from landmark_lib.method.hold_out import selection_half
from landmark_lib.method.intervals import FIGURES, RESAMPLES, interval, resampled_figures
from landmark_lib.method.vote import Votes, vote
from landmark_lib.tuning.answers import TrialAnswers
from landmark_lib.tuning_results import EnsembleResult

TOP_1, GAP = FIGURES.index("top_1"), FIGURES.index("gap")


@dataclass(frozen=True)
class Compared:
    """The chosen ensemble beside the one with the defaults.

    Attributes:
        tuned: Of the chosen trials.
        default: Of the trials with the defaults; None: there are none.
        top_1_difference: tuned - default, in pairs.
        gap_difference: The same of GAP.
    """

    tuned: EnsembleResult
    default: EnsembleResult | None
    top_1_difference: Figure | None
    gap_difference: Figure | None


class Halves:
    """The photos of a hold-out: those to choose by and those to report on.

    Attributes:
        choosing: Places of the first in the hold-out, by image id, (photos,).
        reporting: Places of the others.
    """

    def __init__(self, hold_out: HoldOut) -> None:
        """Split them."""
        # In this order, what is ranked or drawn by position depends on the image ids alone.
        order = np.array(sorted(range(len(hold_out.image_ids)), key=hold_out.image_ids.__getitem__))
        first = selection_half(hold_out.image_ids)[order]
        self.choosing, self.reporting = order[first], order[~first]
        self._truth, self._classes = hold_out.truth, len(hold_out.label_counts)

    def choose(self, members: Mapping[int, int], answers: Mapping[int, TrialAnswers]) -> list[int]:
        """Choose one trial for each member, on the photos to choose by.

        Args:
            members: Member of each trial, by its number.
            answers: Of the same trials.

        Returns:
            Numbers of the trials, of member 0 and up.
        """
        numbers = sorted(answers)
        labels, confidences = _stacked([answers[number] for number in numbers], self.choosing)
        of_members = [members[number] for number in numbers]
        places = select_ensemble(of_members, labels, confidences, self._truth[self.choosing])
        return sorted((numbers[place] for place in places), key=members.__getitem__)

    def compare(
        self, tuned: Sequence[int], default: Sequence[int] | None, answers: Mapping[int, TrialAnswers]
    ) -> Compared:
        """Measure the vote of both ensembles on the photos to report on."""
        groups = [tuned] if default is None else [tuned, default]
        drawn = self._resampled(
            [vote(*_stacked([answers[number] for number in trials], self.reporting)) for trials in groups]
        )
        results = [
            self._result(trials, answers, figures) for trials, figures in zip(groups, drawn, strict=True)
        ]
        if default is None:
            return Compared(results[0], None, None, None)
        ours, theirs = results
        return Compared(
            ours,
            theirs,
            Figure(ours.top_1.value - theirs.top_1.value, *interval(drawn[0, :, TOP_1] - drawn[1, :, TOP_1])),
            Figure(ours.gap.value - theirs.gap.value, *interval(drawn[0, :, GAP] - drawn[1, :, GAP])),
        )

    def _result(
        self,
        trials: Sequence[int],
        answers: Mapping[int, TrialAnswers],
        drawn: NDArray[np.float64],
    ) -> EnsembleResult:
        own = [answers[number] for number in trials]
        chosen_by, _ = vote_score(*_stacked(own, self.choosing), self._truth[self.choosing])
        top_1, gap = vote_score(*_stacked(own, self.reporting), self._truth[self.reporting])
        return EnsembleResult(
            list(trials),
            chosen_by,
            Figure(top_1, *interval(drawn[:, TOP_1])),
            Figure(gap, *interval(drawn[:, GAP])),
        )

    def _resampled(self, votes: Sequence[Votes]) -> NDArray[np.float64]:
        """Give the `FIGURES` of some votes on the same resamples, (votes, resamples, figures)."""
        truth = self._truth[self.reporting]
        predictions = [voted.predictions for voted in votes]
        return resampled_figures(predictions, truth, self._classes, resamples=RESAMPLES, seed=0)


def _stacked(answers: Sequence[TrialAnswers], photos: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Give labels and confidences of some photos, (trials, photos) each."""
    return (
        np.stack([answer.labels[photos] for answer in answers]),
        np.stack([answer.confidences[photos] for answer in answers]).astype(np.float64),
    )
