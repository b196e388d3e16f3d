"""Loss weights for unequal classes, an alternative to resampling that the paper did not try.

Source: King & Zeng, "Logistic Regression in Rare Events Data" (2001), on weighting; scikit-learn calls these
weights balanced.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def balanced_weights(rows: Sequence[int]) -> NDArray[np.float32]:
    """Return a loss weight for the rows of each class, so that every class has the same total weight.

    >>> balanced_weights([1, 3]).tolist()
    [2.0, 0.6666666865348816]

    Args:
        rows: Training rows of each class, (classes,), each at least 1.

    Returns:
        Weights, (classes,); their mean over all rows is 1.

    Raises:
        ValueError: No classes, or one without rows.
    """
    counts = np.asarray(rows, np.float64)
    if counts.size == 0 or counts.min() < 1:
        raise ValueError(f"expected at least one row per class, received {list(rows)[:10]}")
    weights: NDArray[np.float32] = (counts.mean() / counts).astype(np.float32)
    return weights
