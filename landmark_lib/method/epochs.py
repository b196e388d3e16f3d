"""Which rows a rank reads in an epoch (step 7 of the method).

A pass reads a member's training set once, in its own order. Each pass is cut into one part per rank; the
parts of a rank, pass after pass, form an endless stream, and each epoch reads the next stretch of this
stream, the same number of full batches on every rank. So no row is read twice within a pass, none is lost
over whole passes, and an epoch starts where the last one ended.

All of this is arithmetic on (seed, member, epoch, rank, ranks): a run that resumes at epoch e needs nothing
from earlier epochs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from landmark_lib.draws import keyed_draw, keyed_fraction

BATCH_SIZE = 32  # rows per rank
# A head alone takes steps so short that communication and overhead take most of the time of small batches.
MAX_AUTO_BATCH_SIZE = 256
MIN_STEPS = 1_000  # of a pass; with fewer, a head learns more slowly from larger batches


@dataclass(frozen=True)
class ShardSlice:
    """Rows [start, stop) of shard number `shard`."""

    shard: int
    start: int
    stop: int


def pass_order(groups: Sequence[Sequence[int]], seed: int, member: int, pass_number: int) -> list[int]:
    """Shuffle the shards for one pass, so that any stretch of it holds all groups in proportion.

    Args:
        groups: Row counts of the shards by group: the shards common to all members, then the member's own.
            Shards are numbered from 0 through all groups in this order.
        seed: Seed of the training.
        member: Which member of the ensemble.
        pass_number: Which pass, from 0.

    Returns:
        Every shard number once.
    """
    placed: list[tuple[float, int]] = []
    first = 0
    for number, group in enumerate(groups):
        shards = range(first, first + len(group))
        shuffled = sorted(shards, key=lambda s: (keyed_draw(seed, "shard order", member, pass_number, s), s))
        offset = keyed_fraction(seed, "group offset", member, pass_number, number)
        placed += [((i + offset) / len(group), shard) for i, shard in enumerate(shuffled)]
        first += len(group)
    return [shard for _, shard in sorted(placed)]


def head_batch_size(rows: int, ranks: int) -> int:
    """Return the batch size per rank of a head that is trained alone, a power of two.

    >>> head_batch_size(4_000, 1), head_batch_size(150_000, 1), head_batch_size(1_500_000, 2)
    (32, 128, 256)
    """
    size = BATCH_SIZE
    while size < MAX_AUTO_BATCH_SIZE and rows // (ranks * 2 * size) >= MIN_STEPS:
        size *= 2
    return size


def steps_per_epoch(rows: int, ranks: int, batch_size: int, epochs_per_pass: int) -> int:
    """Return the batches that each rank reads in an epoch, 1 / `epochs_per_pass` of a pass; at least 1.

    Args:
        rows: Rows of the member's training set.
        ranks: Processes that train.
        batch_size: Batch size per rank.
        epochs_per_pass: Epochs in a pass.

    Raises:
        ValueError: An argument below 1.
    """
    _require_positive(rows=rows, ranks=ranks, batch_size=batch_size, epochs_per_pass=epochs_per_pass)
    return max(1, rows // (ranks * batch_size * epochs_per_pass))


def rank_range(rows: int, rank: int, ranks: int, pass_number: int) -> tuple[int, int]:
    """Return the part [start, stop) of a pass that a rank reads.

    The parts of the ranks follow each other without gap or overlap, and their sizes differ by at most one.
    Which ranks read one row more changes from pass to pass: after any number of passes the row counts of the
    ranks differ by at most one, and after `ranks` passes they are equal.

    Args:
        rows: Rows of a pass.
        rank: Which rank, from 0.
        ranks: Processes that train.
        pass_number: Which pass, from 0.

    Raises:
        ValueError: The rank is out of range, or there are no rows.
    """
    _require_positive(rows=rows, ranks=ranks)
    if not 0 <= rank < ranks:
        raise ValueError(f"expected a rank in 0 to {ranks - 1}, received {rank}")
    sizes = [
        _rows_before(rows, r, ranks, pass_number + 1) - _rows_before(rows, r, ranks, pass_number)
        for r in range(rank + 1)
    ]
    return sum(sizes[:rank]), sum(sizes)


def epoch_slices(
    groups: Sequence[Sequence[int]],
    seed: int,
    member: int,
    epoch: int,
    epochs_per_pass: int,
    batch_size: int,
    rank: int,
    ranks: int,
) -> list[ShardSlice]:
    """Return the rows that a rank reads in an epoch, in order.

    >>> groups = [[4, 4], [4]]  # two shards of all members, one of this member
    >>> for epoch in range(2):
    ...     slices = epoch_slices(groups, 0, 0, epoch, epochs_per_pass=2, batch_size=2, rank=0, ranks=1)
    ...     print([(part.shard, part.start, part.stop) for part in slices])
    [(2, 0, 4), (0, 0, 2)]
    [(0, 2, 4), (1, 0, 4)]

    Args:
        groups: Row counts of the shards by group, as in `pass_order`.
        seed: Seed of the training.
        member: Which member of the ensemble.
        epoch: Which epoch, from 0.
        epochs_per_pass: Epochs in a pass.
        batch_size: Batch size per rank.
        rank: Which rank, from 0.
        ranks: Processes that train.

    Returns:
        Slices with `steps_per_epoch` * `batch_size` rows in total, none of them empty. A shard may occur
        twice if the epoch spans two passes.

    Raises:
        ValueError: Fewer rows than ranks, a negative epoch, or an argument out of range.
    """
    shard_rows = [rows for group in groups for rows in group]
    rows = sum(shard_rows)
    if rows < ranks:
        raise ValueError(
            f"expected at least one training row per rank, received {rows} rows for {ranks} ranks: "
            "write more rows or use fewer ranks"
        )
    if min(epoch, *shard_rows) < 0:
        raise ValueError(f"expected no negative epoch or row count, received {min(epoch, *shard_rows)}")
    rows_read = steps_per_epoch(rows, ranks, batch_size, epochs_per_pass) * batch_size
    return [
        piece
        for number, start, stop in _pass_parts(
            rows, rank, ranks, range(epoch * rows_read, (epoch + 1) * rows_read)
        )
        for piece in cut_range(pass_order(groups, seed, member, number), shard_rows, start, stop)
    ]


def cut_range(order: Sequence[int], shard_rows: Sequence[int], start: int, stop: int) -> list[ShardSlice]:
    """Translate rows [start, stop) of a sequence of shards into slices of the shards.

    Args:
        order: Shard numbers in reading order.
        shard_rows: Rows of each shard, by number.
        start: First row, counted through the shards in order.
        stop: Row after the last.

    Returns:
        Slices in order, none of them empty.
    """
    slices = []
    first = 0
    for shard in order:
        low, high = max(start - first, 0), min(stop - first, shard_rows[shard])
        if low < high:
            slices.append(ShardSlice(shard, low, high))
        first += shard_rows[shard]
    return slices


def _rows_before(rows: int, rank: int, ranks: int, pass_number: int) -> int:
    """Count the rows in a rank's stream before a pass.

    The rows of all passes are dealt to the ranks in turn: of n rows, rank 0 receives ceil(n / ranks), the
    later ranks the same or one less.
    """
    return (pass_number * rows + ranks - 1 - rank) // ranks


def _pass_parts(rows: int, rank: int, ranks: int, stretch: range) -> Iterator[tuple[int, int, int]]:
    """Translate a stretch of a rank's stream into (pass number, start, stop) of rows in passes."""
    at = stretch.start
    while at < stretch.stop:
        # Row `at` of the stream is row at * ranks + rank of all rows dealt.
        number = (at * ranks + rank) // rows
        start, stop = rank_range(rows, rank, ranks, number)
        start += at - _rows_before(rows, rank, ranks, number)
        stop = min(stop, start + stretch.stop - at)
        yield number, start, stop
        at += stop - start


def _require_positive(**values: int) -> None:
    for name, value in values.items():
        if value < 1:
            raise ValueError(f"expected {name} of at least 1, received {name}={value}")
