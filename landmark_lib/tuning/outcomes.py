"""How a trial may end."""

from collections.abc import Callable

from landmark_lib.errors import PrunedError
from landmark_lib.tuning.answers import TrialAnswers

# Takes an epoch, from 1, and its validation accuracy; tells whether the trial is not worth going on with.
Report = Callable[[int, float], bool]
Outcome = tuple[float, TrialAnswers]  # best validation accuracy, and the answers of that epoch

DIVERGED = "the loss is "  # how training begins to tell that the loss is no number


def ended_after(epoch: int) -> PrunedError:
    """Tell that a trial was ended early."""
    return PrunedError(f"ended after epoch {epoch}")
