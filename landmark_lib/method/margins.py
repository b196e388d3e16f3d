"""The margin by which a photo must be closer to its own class than to others, by the size of the class.

Sources: Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition" (2019), for angles as
margins; Ha et al., "Google Landmark Recognition 2020 Competition Third Place Solution" (2020), for margins
that fall with the fourth root of a class's photos.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

POWER = -0.25
FLOOR = 0.1  # of the largest margin: what remains of it for the largest classes


def margins_by_class(rows: Sequence[int], margin: float) -> NDArray[np.float32]:
    """Return the margin of each class: the full one with a single row, a tenth of it with very many.

    A class with few photos shows little of how they vary, so the others are kept further away from it.

    >>> margins_by_class([1, 16, 10_000], 0.5).round(3).tolist()
    [0.5, 0.2750000059604645, 0.0949999988079071]

    Args:
        rows: Training rows of each class, (classes,), each at least 1.
        margin: That of a class with one row, in radians.

    Returns:
        Margins in radians, (classes,). A class's own rows alone decide its margin.

    Raises:
        ValueError: No classes, or one without rows.
    """
    counts = np.asarray(rows, np.float64)
    if counts.size == 0 or counts.min() < 1:
        raise ValueError(f"expected at least one row per class, received {list(rows)[:10]}")
    margins: NDArray[np.float32] = (margin * (FLOOR + (1 - FLOOR) * counts**POWER)).astype(np.float32)
    return margins
