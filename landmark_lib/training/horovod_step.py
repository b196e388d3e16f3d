"""All that passes between ranks. The only module that imports Horovod; a successor replaces this file.

A process that trains by itself does not start Horovod: it has nobody to send anything to, so it opens no port
and asks for no address.

Horovod 0.28 knows Keras 2: under Keras 3 its DistributedOptimizer never averages and its callbacks fail,
without an error. Its core operations work on plain tensors and `variable.value`, so those are used here.
"""

import hashlib
import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

import horovod.tensorflow as hvd
import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.errors import AnotherRankError, LandmarkError, RanksDifferError
from landmark_lib.settings.train import STALL_TIMEOUT

LONGEST_PATIENCE = 1e8  # seconds, three years; an infinite number is none that Gloo takes

Result = TypeVar("Result")


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


def start_ranks(patience: float = STALL_TIMEOUT) -> Ranks:
    """Join the other ranks, and take this rank's share of the machine: its GPU, or its processor cores.

    Args:
        patience: Seconds after which a rank that does not answer is given up. (Gloo's own 30 are less than a
            machine takes that imports TensorFlow from a slow disk, or that was suspended for a minute.)
    """
    local_size = 1
    ranks = Ranks(rank=0, size=1, local_rank=0)
    if not _alone():
        os.environ.setdefault("HOROVOD_GLOO_TIMEOUT_SECONDS", str(math.ceil(min(patience, LONGEST_PATIENCE))))
        hvd.init()
        local_size = hvd.local_size()
        ranks = Ranks(hvd.rank(), hvd.size(), hvd.local_rank())
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        tf.config.set_visible_devices(gpus[ranks.local_rank], "GPU")
        tf.config.experimental.set_memory_growth(gpus[ranks.local_rank], enable=True)
    else:
        cores = len(os.sched_getaffinity(0)) // local_size
        tf.config.threading.set_intra_op_parallelism_threads(max(1, cores))
    return ranks


def _alone() -> bool:
    """Return whether no other process trains with this one: horovodrun started none."""
    return os.environ.get("HOROVOD_SIZE", "1") == "1"


def broadcast_weights(variables: Sequence[keras.Variable]) -> None:
    """Give every rank the values of rank 0."""
    if variables and not _alone():
        hvd.broadcast_variables([variable.value for variable in variables], root_rank=0)


def averaged(gradients: Sequence[tf.Tensor], *, compress: bool = False) -> list[tf.Tensor]:
    """Average gradients over the ranks, all in one operation; compressed, they travel as 16-bit floats."""
    compression = hvd.Compression.fp16 if compress else hvd.Compression.none
    if _alone():  # rounded as on many ranks
        return [compression.decompress(*compression.compress(gradient)) for gradient in gradients]
    return list(hvd.grouped_allreduce(list(gradients), op=hvd.Average, compression=compression))


def mean(values: tf.Tensor) -> tf.Tensor:
    """Average some numbers over the ranks; NaN on one of them is NaN on all."""
    return values if _alone() else hvd.allreduce(values, op=hvd.Average)


def summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add up numbers over the ranks. Counts stay exact up to 2**53."""
    if _alone():
        return np.array(values, np.float64)
    total: NDArray[np.float64] = hvd.allreduce(tf.constant(values, tf.float64), op=hvd.Sum).numpy()
    return total


def of_each_rank(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the numbers of every rank, (n,) -> (ranks, n)."""
    if _alone():
        return np.array(values[np.newaxis], np.float64)
    gathered: NDArray[np.float64] = hvd.allgather(tf.constant(values[np.newaxis], tf.float64)).numpy()
    return gathered


def together(ranks: Ranks, action: Callable[[], Result]) -> Result:
    """Let every rank do something that may fail, and end on all of them if it fails on one.

    Raises:
        AnotherRankError: The action failed on another rank, which tells why. What it raises here comes first.
    """
    if ranks.size == 1:
        return action()
    try:
        result = action()
    except BaseException:
        with suppress(RuntimeError, tf.errors.OpError):  # the others are gone, and what failed here is told
            _failed_anywhere(here=True)
        raise
    if _failed_anywhere(here=False):
        raise AnotherRankError("another rank failed")
    return result


def _failed_anywhere(*, here: bool) -> bool:
    return bool(summed(np.array([here], np.float64))[0])


def one_at_a_time_on_each_node(ranks: Ranks, action: Callable[[], Result]) -> Result:
    """Let the first rank of each node act before the others, so that a download happens once.

    Raises:
        AnotherRankError: The action failed on another rank. What it raises here comes first.
    """
    first = ranks.local_rank == 0
    early = together(ranks, action if first else lambda: None)
    late = together(ranks, (lambda: None) if first else action)
    return early if first else late  # type: ignore[return-value] # of these two, the one that acted


def check_equal_weights(variables: Sequence[keras.Variable], when: str) -> None:
    """Make sure that all ranks hold the same weights, bit for bit.

    Raises:
        RanksDifferError: They do not; on every rank.
    """
    if _alone():
        return
    digest = hashlib.sha256()
    for variable in variables:
        digest.update(np.ascontiguousarray(variable.value.numpy()).tobytes())
    # (1, 4) of each rank -> (ranks, 4)
    mine = np.frombuffer(digest.digest(), np.int64).reshape(1, 4)
    everyone = hvd.allgather(tf.constant(mine)).numpy()
    different = [rank for rank in range(len(everyone)) if (everyone[rank] != everyone[0]).any()]
    if different:
        raise RanksDifferError(f"weights differ {when}: ranks {different} hold others than rank 0")


@contextmanager
def losses_of_ranks_told() -> Iterator[None]:
    """Turn Horovod's error when another rank died or stalled into one of ours.

    Raises:
        LandmarkError: It did.
    """
    try:
        yield
    except (tf.errors.OpError, RuntimeError) as error:
        text = str(error)
        if "Horovod" not in text and "horovod" not in text:
            raise
        raise LandmarkError(
            "another rank died, or did not answer any more; the same command goes on from the last checkpoint"
        ) from None


def from_rank_0(ranks: Ranks, action: Callable[[], Result]) -> Result:
    """Let rank 0 do something, such as reading or writing files, and give every rank what came out.

    Args:
        ranks: This rank's place.
        action: Its result must be one that can be pickled.

    Raises:
        AnotherRankError: It failed. Rank 0 raises its error.
    """
    if ranks.size == 1:
        return action()
    result = together(ranks, action if ranks.speaks else lambda: None)
    return hvd.broadcast_object(result, root_rank=0)  # type: ignore[no-any-return]
