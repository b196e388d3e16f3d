"""All communication between ranks. The only module that imports Horovod; a successor replaces this file.

A single process does not start Horovod, so it opens no port and looks up no address.

Horovod 0.28 was written for Keras 2: under Keras 3 its DistributedOptimizer never averages and its callbacks
fail, without an error. Its core operations work on plain tensors and `variable.value`, so those are used
here.

Horovod matches operations of ranks by name, and in a graph would take it from a tensor. Keras numbers models
in the order in which a process builds them, so the names of tensors differ between ranks that built others
before: then all would wait forever. So every operation in a graph has its own name here.
"""

import hashlib
import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import horovod.tensorflow as hvd
import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.errors import RESUME, AnotherRankError, LandmarkError, RanksDifferError, UserError
from landmark_lib.settings.train import STALL_TIMEOUT

MAX_PATIENCE = 1e8  # seconds, three years; Gloo does not accept infinity
MAX_NUMBERS = 1 << 24  # sent in one operation: 67 MB as float32

Result = TypeVar("Result")


@dataclass(frozen=True)
class Ranks:
    """This process's place among the processes that train together."""

    rank: int
    size: int
    local_rank: int

    @property
    def is_chief(self) -> bool:
        """Whether this is rank 0, which alone writes files and logs for all."""
        return self.rank == 0


def start_ranks(patience: float = STALL_TIMEOUT) -> Ranks:
    """Join the other ranks, and take this rank's share of the machine: its GPU, or its processor cores.

    Args:
        patience: Seconds to wait for a rank that does not answer. Gloo's default of 30 is too short for a
            machine that imports TensorFlow from a slow disk or was suspended for a minute.
    """
    local_size = 1
    ranks = Ranks(rank=0, size=1, local_rank=0)
    if not _alone():
        os.environ.setdefault("HOROVOD_GLOO_TIMEOUT_SECONDS", str(math.ceil(min(patience, MAX_PATIENCE))))
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
    """Return whether this process trains alone: horovodrun started no other."""
    return os.environ.get("HOROVOD_SIZE", "1") == "1"


def broadcast_weights(variables: Sequence[keras.Variable]) -> None:
    """Send the values of rank 0 to every rank, those of one type in one operation, large ones in parts.

    Not in a graph, which is traced again for each network: TensorFlow warns from the third member on.
    """
    if _alone():
        return
    large = [variable for variable in variables if math.prod(variable.shape) > MAX_NUMBERS]
    for variable in large:
        send_rows(variable, range(variable.shape[0]), 0)
    small = [variable for variable in variables if math.prod(variable.shape) <= MAX_NUMBERS]
    for kind in sorted({variable.dtype for variable in small}):
        same = [variable for variable in small if variable.dtype == kind]
        flat = tf.concat([tf.reshape(variable.value, [-1]) for variable in same], axis=0)
        received = hvd.broadcast(flat, root_rank=0, name=f"variables {kind}")
        sizes = [math.prod(variable.shape) for variable in same]
        for variable, part in zip(same, tf.split(received, sizes), strict=True):
            variable.assign(tf.reshape(part, variable.shape))


def send_rows(variable: keras.Variable, rows: range, sender: int) -> None:
    """Send some rows of a variable from one rank to all, without a second copy of the variable."""
    at_a_time = max(1, MAX_NUMBERS // math.prod(variable.shape[1:]))
    for start in range(rows.start, rows.stop, at_a_time):
        numbers = tf.range(start, min(start + at_a_time, rows.stop))
        part = hvd.broadcast(tf.gather(variable.value, numbers), root_rank=sender, name="rows of a variable")
        variable.value.scatter_update(tf.IndexedSlices(part, numbers))


def values_of(variable: keras.Variable) -> NDArray[Any]:
    """Return the values of a variable, without a copy: they are read only, and to be released soon."""
    return np.asarray(variable.value.read_value())


def rows_of_all(values: tf.Tensor, name: str) -> tf.Tensor:
    """Return the rows of all ranks in the order of the ranks, (rows, …) -> (ranks x rows, …)."""
    if _alone():
        return values
    return hvd.allgather(values, name=name, ignore_name_scope=True)


def rows_of_rank(values: tf.Tensor, ranks: Ranks) -> tf.Tensor:
    """Return this rank's rows of the sum of all ranks' tensors, (ranks x rows, …) -> (rows, …)."""
    if _alone():
        return values
    total = hvd.allreduce(values, op=hvd.Sum, name="sum_of_rows", ignore_name_scope=True)
    rows = tf.shape(values)[0] // ranks.size
    return total[ranks.rank * rows : (ranks.rank + 1) * rows]


def average_gradients(gradients: Sequence[tf.Tensor], *, fp16: bool = False) -> list[tf.Tensor]:
    """Average gradients over the ranks in one operation, sent as 16-bit floats if `fp16`."""
    compression = hvd.Compression.fp16 if fp16 else hvd.Compression.none
    if _alone():  # rounded as on many ranks
        return [compression.decompress(*compression.compress(gradient)) for gradient in gradients]
    return list(
        hvd.grouped_allreduce(
            list(gradients),
            op=hvd.Average,
            compression=compression,
            name="gradients",
            ignore_name_scope=True,
        )
    )


def mean(values: tf.Tensor) -> tf.Tensor:
    """Average numbers over the ranks; NaN on one rank becomes NaN on all."""
    if _alone():
        return values
    return hvd.allreduce(values, op=hvd.Average, name="mean", ignore_name_scope=True)


def sum_over_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum numbers over the ranks; counts are exact up to 2**53."""
    if _alone():
        return np.array(values, np.float64)
    total: NDArray[np.float64] = hvd.allreduce(tf.constant(values, tf.float64), op=hvd.Sum).numpy()
    return total


def add_over_ranks(values: NDArray[np.floating[Any]]) -> None:
    """Replace numbers by their sums over the ranks, some rows at a time."""
    if _alone():
        return
    at_a_time = max(1, MAX_NUMBERS // math.prod(values.shape[1:]))
    for start in range(0, len(values), at_a_time):
        rows = slice(start, start + at_a_time)
        values[rows] = sum_over_ranks(values[rows].astype(np.float64))


def gather(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the numbers of all ranks, (n,) -> (ranks, n)."""
    if _alone():
        return np.array(values[np.newaxis], np.float64)
    gathered: NDArray[np.float64] = hvd.allgather(tf.constant(values[np.newaxis], tf.float64)).numpy()
    return gathered


def gather_objects(value: Result) -> list[Result]:
    """Return a picklable value of every rank, in the order of the ranks."""
    return [value] if _alone() else hvd.allgather_object(value)


def run_on_all_ranks(ranks: Ranks, action: Callable[[], Result]) -> Result:
    """Run something that may fail on every rank, and fail on all of them if it fails on one.

    Raises:
        AnotherRankError: The action failed on another rank, which reports why. An error raised on this rank
            takes precedence.
    """
    if ranks.size == 1:
        return action()
    try:
        result = action()
    except BaseException as error:
        with suppress(RuntimeError, tf.errors.OpError):  # the others are gone; the error of this rank counts
            sum_over_ranks(np.array([1, isinstance(error, UserError)], np.float64))
        raise
    failed, mistaken = sum_over_ranks(np.zeros(2))
    if failed:
        raise AnotherRankError("another rank failed", mistake=bool(mistaken))
    return result


def run_first_on_each_node(ranks: Ranks, action: Callable[[], Result]) -> Result:
    """Run something on the first rank of each node, then on the others, so that it downloads only once.

    Raises:
        AnotherRankError: The action failed on another rank. An error raised on this rank takes precedence.
    """
    first = ranks.local_rank == 0
    early = run_on_all_ranks(ranks, action if first else lambda: None)
    late = run_on_all_ranks(ranks, (lambda: None) if first else action)
    return early if first else late  # type: ignore[return-value] # of these two, the one that acted


def check_equal_weights(variables: Sequence[keras.Variable], when: str) -> None:
    """Check that all ranks have the same weights, bit for bit.

    Raises:
        RanksDifferError: They have not; raised on every rank.
    """
    if _alone():
        return
    digest = hashlib.sha256()
    for variable in variables:
        digest.update(np.ascontiguousarray(values_of(variable)).data)
    # (1, 4) of each rank -> (ranks, 4)
    mine = np.frombuffer(digest.digest(), np.int64).reshape(1, 4)
    everyone = hvd.allgather(tf.constant(mine)).numpy()
    different = [rank for rank in range(len(everyone)) if (everyone[rank] != everyone[0]).any()]
    if different:
        raise RanksDifferError(f"ranks {different} have different weights from rank 0 {when}")


@contextmanager
def report_lost_ranks() -> Iterator[None]:
    """Turn Horovod's errors when another rank died or stalled into a LandmarkError.

    Raises:
        LandmarkError: Another rank was lost.
    """
    try:
        yield
    except (tf.errors.OpError, RuntimeError) as error:
        # Horovod has an exception of its own, HorovodInternalError, but none of its TensorFlow operations
        # raises it: TensorFlow turns their failures into its own errors, as of any other operation, and keeps
        # the text alone. (Horovod's elastic mode looks for the same words.)
        if "horovod" not in str(error).lower():
            raise
        raise LandmarkError(
            f"another rank died or stopped responding; {RESUME} from the last checkpoint"
        ) from None


def from_rank_0(ranks: Ranks, action: Callable[[], Result]) -> Result:
    """Run something on rank 0, such as reading or writing files, and return its result on every rank.

    Args:
        ranks: This rank's place.
        action: Its result must be picklable.

    Raises:
        AnotherRankError: It failed; rank 0 raises the error itself.
    """
    if ranks.size == 1:
        return action()
    result = run_on_all_ranks(ranks, action if ranks.is_chief else lambda: None)
    return hvd.broadcast_object(result, root_rank=0)  # type: ignore[no-any-return]
