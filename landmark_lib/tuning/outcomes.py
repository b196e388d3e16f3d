"""How a trial may end."""

from collections.abc import Callable

from landmark_lib.errors import PrunedError
from landmark_lib.predictions import Predictions

# From an epoch, from 1, and its validation accuracy to whether the trial is not worth continuing.
Report = Callable[[int, float], bool]
Outcome = tuple[float, Predictions]  # best validation accuracy, and the predictions of that epoch


def pruned_after(epoch: int) -> PrunedError:
    """Return the error of a trial that ends early."""
    return PrunedError(f"ended after epoch {epoch}")
