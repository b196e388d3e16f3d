"""Rows are stored once if all members use them, and lie where their own draw says."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method.placement import place_row, shard_count, training_sets


@pytest.mark.parametrize(
    ("members", "member_count", "stored"),
    [
        ((0, 1, 2), 3, [None]),
        ((0,), 1, [None]),
        ((0, 2), 3, [0, 2]),
        ((1,), 3, [1]),
        ((), 3, []),
    ],
)
def test_images_of_all_members_are_stored_once_and_others_per_member(members, member_count, stored):
    assert training_sets(members, member_count) == stored


@pytest.mark.parametrize(
    ("rows", "rows_per_shard", "shards"), [(0, 10, 1), (1, 10, 1), (10, 10, 1), (11, 10, 2), (1000, 10, 100)]
)
def test_shards_are_as_many_as_the_rows_fill(rows, rows_per_shard, shards):
    assert shard_count(rows, rows_per_shard) == shards


@given(st.text(), st.text(), st.text(), st.integers(1, 10_000), st.integers())
def test_row_positions_fit_a_signed_integer(directory, image_id, recipe, shards, seed):
    shard, position = place_row(directory, image_id, recipe, shards, seed)
    assert 0 <= shard < shards
    assert 0 <= position < 2**63


def test_rows_are_spread_evenly_over_the_shards():
    shards = Counter(place_row("train/common", f"image{i}", "plain", 10, seed=0)[0] for i in range(10_000))
    assert set(shards) == set(range(10))
    # Five standard deviations of a fair draw.
    assert all(abs(rows - 1000) < 150 for rows in shards.values())


def test_outputs_of_one_image_are_scattered_and_move_with_the_seed():
    recipes = [f"recipe {i}" for i in range(60)]
    places = [place_row("train/common", "a", recipe, 100, seed=0) for recipe in recipes]
    assert len({shard for shard, _ in places}) > 30
    assert places != [place_row("train/common", "a", recipe, 100, seed=1) for recipe in recipes]


def test_position_in_a_shard_is_independent_of_the_number_of_shards():
    positions = {place_row("train/common", "a", "plain", shards, seed=0)[1] for shards in (1, 7, 100)}
    assert len(positions) == 1


def test_place_is_the_same_in_every_release():
    # A changed draw changes every data set: never change this line.
    assert place_row("train/common", "a", "plain", 100, seed=0) == (66, 4860090382798055426)
