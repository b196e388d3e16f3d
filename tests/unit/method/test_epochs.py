"""Ranks share every pass, read full batches, and resume where they ended."""

from collections import Counter
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method.epochs import (
    BATCH_SIZE,
    MAX_AUTO_BATCH_SIZE,
    MIN_STEPS,
    ShardSlice,
    epoch_slices,
    head_batch_size,
    pass_order,
    rank_range,
    steps_per_epoch,
)

GROUPS = st.lists(st.lists(st.integers(0, 9), max_size=6), min_size=1, max_size=3)


def rows_of(slices):
    return [(s.shard, row) for s in slices for row in range(s.start, s.stop)]


def read(groups, epochs, rank, ranks, epochs_per_pass=1, batch_size=1):
    """Read a rank's epochs 0, 1 … one after the other."""
    return [
        row
        for epoch in range(epochs)
        for row in rows_of(epoch_slices(groups, 3, 1, epoch, epochs_per_pass, batch_size, rank, ranks))
    ]


def stream_row_by_row(groups, passes, rank, ranks):
    """Do what the module says in the most tedious way."""
    shard_rows = [rows for group in groups for rows in group]
    stream = []
    for number in range(passes):
        whole = [(s, row) for s in pass_order(groups, 3, 1, number) for row in range(shard_rows[s])]
        start, stop = rank_range(len(whole), rank, ranks, number)
        stream += whole[start:stop]
    return stream


@given(
    GROUPS.filter(lambda g: sum(map(sum, g)) >= 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 5)
)
def test_epochs_cut_the_stream_of_passes_without_loss(groups, ranks, epochs_per_pass, batch_size):
    for rank in range(ranks):
        rows = read(groups, 5, rank, ranks, epochs_per_pass, batch_size)
        assert rows == stream_row_by_row(groups, 26, rank, ranks)[: len(rows)]


@pytest.mark.parametrize("ranks", [1, 2, 3])
@pytest.mark.parametrize("groups", [[[5, 7, 1], [4]], [[1, 1, 1]], [[10], [3, 3, 3, 3, 3, 3]], [[0, 7], []]])
def test_ranks_together_read_each_row_once_a_pass(groups, ranks):
    rows = sum(map(sum, groups))
    # With batches of 1 row and an epoch of 1 step, `rows` epochs are `ranks` passes exactly.
    times = Counter(
        row for rank in range(ranks) for row in read(groups, rows, rank, ranks, epochs_per_pass=rows)
    )
    assert len(times) == rows
    assert set(times.values()) == {ranks}


@given(GROUPS, st.integers(1, 4), st.integers(1, 4), st.integers(1, 9), st.integers(0, 10**6))
def test_all_ranks_read_equally_many_full_batches(groups, ranks, epochs_per_pass, batch_size, epoch):
    rows = max(ranks, sum(map(sum, groups)))
    groups = [*groups, [rows]]
    steps = steps_per_epoch(sum(map(sum, groups)), ranks, batch_size, epochs_per_pass)
    for rank in range(ranks):
        slices = epoch_slices(groups, 0, 0, epoch, epochs_per_pass, batch_size, rank, ranks)
        assert sum(s.stop - s.start for s in slices) == steps * batch_size
        assert all(s.start < s.stop for s in slices)


def test_many_shards_and_a_late_epoch_are_cheap():
    groups = [[200] * 6000, [200] * 4000]
    slices = epoch_slices(groups, 1, 0, 10_000, 5, 64, 7, 8)
    assert sum(s.stop - s.start for s in slices) == steps_per_epoch(2_000_000, 8, 64, 5) * 64
    # A rank opens the files it reads, not the data set: 50,000 rows in shards of 200.
    assert len(slices) <= 252


@given(st.integers(1, 100), st.integers(1, 12), st.integers(0, 50))
def test_parts_are_contiguous_and_differ_by_at_most_one_row(rows, ranks, pass_number):
    parts = [rank_range(rows, rank, ranks, pass_number) for rank in range(ranks)]
    assert [start for start, _ in parts] == [0, *(stop for _, stop in parts[:-1])]
    assert parts[-1][1] == rows
    sizes = {stop - start for start, stop in parts}
    assert max(sizes) - min(sizes) <= 1


@given(st.integers(1, 100), st.integers(1, 12))
def test_after_any_pass_row_counts_of_ranks_differ_by_at_most_one(rows, ranks):
    per_rank = []
    for rank in range(ranks):
        parts = (rank_range(rows, rank, ranks, number) for number in range(ranks))
        per_rank.append(list(accumulate(stop - start for start, stop in parts)))
    for so_far in zip(*per_rank, strict=True):
        assert max(so_far) - min(so_far) <= 1
    assert {total[-1] for total in per_rank} == {rows}


@given(GROUPS, st.integers(), st.integers(0, 9), st.integers(0, 9))
def test_a_pass_visits_every_shard_once_and_any_stretch_in_proportion(groups, seed, member, pass_number):
    order = pass_order(groups, seed, member, pass_number)
    total = sum(map(len, groups))
    assert sorted(order) == list(range(total))
    first = 0
    for group in groups:
        mine = [first <= shard < first + len(group) for shard in order]
        # Each group's k-th shard stands in the k-th of len(group) equal parts of the pass.
        for seen, so_far in enumerate(accumulate(mine), start=1):
            assert abs(so_far - seen * len(group) / total) <= len(groups)
        first += len(group)


def test_orders_differ_between_passes_members_and_seeds():
    keys = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
    assert len({tuple(pass_order([[1] * 20], *key)) for key in keys}) == 4


def test_every_shard_comes_first_equally_often():
    firsts = Counter(pass_order([[1] * 5], 0, 0, number)[0] for number in range(500))
    # 100 expected with a standard deviation of 9.
    assert all(64 < firsts[shard] < 136 for shard in range(5))


@pytest.mark.parametrize(
    ("rows", "ranks", "batch_size", "epochs_per_pass", "steps"),
    [(1000, 1, 10, 1, 100), (1000, 2, 10, 5, 10), (1009, 2, 10, 5, 10), (3, 2, 10, 5, 1)],
)
def test_steps_per_epoch_worked_examples(rows, ranks, batch_size, epochs_per_pass, steps):
    assert steps_per_epoch(rows, ranks, batch_size, epochs_per_pass) == steps


@given(st.integers(1, 10**8), st.integers(1, 64))
def test_a_larger_batch_of_a_head_leaves_enough_steps_in_a_pass(rows, ranks):
    size = head_batch_size(rows, ranks)
    assert BATCH_SIZE <= size <= MAX_AUTO_BATCH_SIZE
    assert size == BATCH_SIZE or steps_per_epoch(rows, ranks, size, 1) >= MIN_STEPS
    assert size == MAX_AUTO_BATCH_SIZE or steps_per_epoch(rows, ranks, 2 * size, 1) < MIN_STEPS


def test_order_and_slices_are_the_same_in_every_release():
    # A changed draw changes what a restarted training reads: never change these lines.
    groups = [[4, 4, 4, 2], [4, 1]]
    assert pass_order(groups, seed=0, member=1, pass_number=2) == [0, 5, 1, 3, 4, 2]
    assert epoch_slices(groups, 0, 1, 3, 2, 2, 1, 2) == [ShardSlice(4, 1, 4), ShardSlice(0, 0, 1)]


@pytest.mark.parametrize("wrong", [(0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1), (1, 1, 1, 0)])
def test_steps_of_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match=r"at least 1, received \w+=0"):
        steps_per_epoch(*wrong)


@pytest.mark.parametrize("rank", [-1, 2])
def test_an_unknown_rank_is_refused(rank):
    with pytest.raises(ValueError, match=f"expected a rank in 0 to 1, received {rank}"):
        rank_range(10, rank, 2, 0)


def test_fewer_rows_than_ranks_are_refused_with_advice():
    with pytest.raises(ValueError, match="received 2 rows for 3 ranks: write more rows or use fewer ranks"):
        epoch_slices([[1], [1]], 0, 0, 0, 1, 1, 0, 3)


@pytest.mark.parametrize(("groups", "epoch"), [([[5]], -1), ([[5, -1]], 0)])
def test_negative_epochs_and_row_counts_are_refused(groups, epoch):
    with pytest.raises(ValueError, match="received -1"):
        epoch_slices(groups, 0, 0, epoch, 1, 1, 0, 1)
