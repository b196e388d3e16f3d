"""All that passes between ranks. The only module that imports Horovod; a successor replaces this file.

Horovod 0.28 knows Keras 2: under Keras 3 its DistributedOptimizer never averages and its callbacks fail,
without an error. Its core operations work on plain tensors and `variable.value`, so those are used here.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import horovod.tensorflow as hvd
import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.errors import RanksDifferError


@dataclass(frozen=True)
class Ranks:
    """This process's place among the processes that train together."""

    rank: int
    size: int
    local_rank: int

    @property
    def speaks(self) -> bool:
        """Tell whether this rank writes files and talks to the user; only one does."""
        return self.rank == 0


def start_ranks() -> Ranks:
    """Join the other ranks, and take this rank's share of the machine: its GPU, or its processor cores."""
    hvd.init()
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        tf.config.set_visible_devices(gpus[hvd.local_rank()], "GPU")
        tf.config.experimental.set_memory_growth(gpus[hvd.local_rank()], enable=True)
    else:
        cores = len(os.sched_getaffinity(0)) // hvd.local_size()
        tf.config.threading.set_intra_op_parallelism_threads(max(1, cores))
    return Ranks(hvd.rank(), hvd.size(), hvd.local_rank())


def broadcast_weights(variables: Sequence[keras.Variable]) -> None:
    """Give every rank the values of rank 0."""
    hvd.broadcast_variables([variable.value for variable in variables], root_rank=0)


def averaged(gradients: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Average gradients over the ranks, all in one operation."""
    return list(hvd.grouped_allreduce(list(gradients), op=hvd.Average))


def summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add up numbers over the ranks. Counts stay exact up to 2**53."""
    total: NDArray[np.float64] = hvd.allreduce(tf.constant(values, tf.float64), op=hvd.Sum).numpy()
    return total


def one_at_a_time_on_each_node(ranks: Ranks, action: Callable[[], Any]) -> Any:
    """Let the first rank of each node act before the others, so that a download happens once.

    The action must raise the same error when it is tried again.
    """
    result, error = None, None
    for turn in (True, False):
        if (ranks.local_rank == 0) is turn and error is None:
            try:
                result = action()
            except Exception as caught:  # noqa: BLE001 - raised again below, once the others know
                error = caught
        hvd.allreduce(tf.constant(0.0), name=f"turn {turn}")
    if error is not None:
        raise error
    return result


def check_equal_weights(variables: Sequence[keras.Variable], when: str) -> None:
    """Make sure that all ranks hold the same weights, bit for bit.

    Raises:
        RanksDifferError: They do not; on every rank.
    """
    digest = hashlib.sha256()
    for variable in variables:
        digest.update(np.ascontiguousarray(variable.value.numpy()).tobytes())
    # (1, 4) of each rank -> (ranks, 4)
    mine = np.frombuffer(digest.digest(), np.int64).reshape(1, 4)
    everyone = hvd.allgather(tf.constant(mine)).numpy()
    different = [rank for rank in range(len(everyone)) if (everyone[rank] != everyone[0]).any()]
    if different:
        raise RanksDifferError(f"weights differ {when}: ranks {different} hold others than rank 0")
