"""How much the loss of a row counts where classes are unequal: what can be done in the place of resampling.

The paper did not try it. Source: King & Zeng, "Logistic Regression in Rare Events Data" (2001), on weighting;
scikit-learn calls these weights balanced.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def balanced_weights(rows: Sequence[int]) -> NDArray[np.float32]:
    """Give a weight to the rows of each class, so that all classes together count the same.

    Args:
        rows: Training rows of each class, (classes,), each at least 1.

    Returns:
        Weights, (classes,); their mean over all rows is 1.

    Raises:
        ValueError: No classes, or one without rows.
    """
    counts = np.asarray(rows, np.float64)
    if counts.size == 0 or counts.min() < 1:
        raise ValueError(f"expected at least a row of each class, received {list(rows)[:10]}")
    weights: NDArray[np.float32] = (counts.mean() / counts).astype(np.float32)
    return weights
