"""What a fit of temperatures needs of logits, written out in numpy."""

import numpy as np

from landmark_lib.method.calibration import TEMPERATURES


def grid_log_sums(logits):
    """Return what fitting a temperature needs of the wrong classes' logits, so that these need not be kept.

    Args:
        logits: (photos, classes).

    Returns:
        logsumexp(logits / temperature) for each of `TEMPERATURES`, (photos, temperatures).
    """
    largest = logits.max(axis=1).astype(np.float64)
    below = logits - largest[:, np.newaxis]
    # No exponent is above 0, so none overflows, and one of them is 0, so the sum is at least 1.
    columns = [np.log(np.exp(below / heat).sum(axis=1)) + largest / heat for heat in TEMPERATURES]
    return np.stack(columns, axis=1)
