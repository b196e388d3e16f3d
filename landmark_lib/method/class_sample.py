"""Which classes a training step looks at, where there are too many to look at all of them.

Each rank owns a part of the classes. In each step it takes those of its own that occur in the step's rows,
and a random sample of its others. The softmax is then that of the sampled classes of all ranks.

Sources: An et al., "Partial FC" (2021) and "Killing Two Birds with One Stone" (2022), for classes shared out
over the ranks and the sample; Jean et al., "On Using Very Large Target Vocabulary for Neural Machine
Translation" (2015), for the correction of the logits.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MANY = 20_000  # classes above which a sample is taken by default
DEFAULT_SHARE = 0.2  # of the classes


@dataclass(frozen=True)
class ClassSample:
    """The sample of a rank in one step.

    Attributes:
        classes: Class indices in ascending order, (size,).
        corrections: What is added to the logits of each, (size,) float32.
        positions: Position in `classes` of the class of each row; -1 for those of other ranks, (rows,).
    """

    classes: NDArray[np.int32]
    corrections: NDArray[np.float32]
    positions: NDArray[np.int32]


def default_share(classes: int) -> float:
    """Return the share of the classes that a step looks at, where nobody chose one.

    >>> default_share(14_951), default_share(81_313)
    (1.0, 0.2)
    """
    return DEFAULT_SHARE if classes > MANY else 1.0


def owned_classes(classes: int, rank: int, ranks: int) -> range:
    """Return the classes that a rank owns: each class has one owner, and their numbers differ by at most 1.

    >>> [owned_classes(5, rank, 2) for rank in range(2)]
    [range(0, 2), range(2, 5)]
    """
    return range(rank * classes // ranks, (rank + 1) * classes // ranks)


def sample_size(owned: int, share: float, rows: int) -> int:
    """Return how many of its classes a rank looks at in each step.

    >>> sample_size(1000, 0.1, rows=64), sample_size(500, 0.1, rows=512)
    (164, 500)

    Args:
        owned: Classes that it owns.
        share: Share of them to look at, besides those of the rows.
        rows: Rows of a step on all ranks; each may be of another class.
    """
    return min(owned, math.ceil(share * owned) + rows)


def sample_classes(owned: range, size: int, row_classes: NDArray[np.integer[Any]], seed: int) -> ClassSample:
    """Return the classes of a step: those of its rows, and a uniform sample of the others.

    A sum over a sample is smaller than one over all classes. So log(1 / the probability of being drawn) is
    added to the logit of each of the others: then the expected sum of the softmax is that over all classes.

    Args:
        owned: Classes that the rank owns.
        size: Classes to take, as `sample_size` returns it.
        row_classes: Class of each row of the step, on all ranks, (rows,).
        seed: Seed of the step on this rank.
    """
    numbers = np.asarray(row_classes) - owned.start
    own_rows = (numbers >= 0) & (numbers < len(owned))
    present = np.unique(numbers[own_rows])
    draws = np.random.default_rng(seed).random(len(owned))
    draws[present] = -1  # below all draws
    chosen = np.sort(np.argpartition(draws, size - 1)[:size])
    corrections = np.zeros(size, np.float32)
    if size > len(present):
        corrections[draws[chosen] >= 0] = math.log((len(owned) - len(present)) / (size - len(present)))
    positions = np.where(own_rows, np.searchsorted(chosen, numbers), -1)
    return ClassSample((owned.start + chosen).astype(np.int32), corrections, positions.astype(np.int32))
