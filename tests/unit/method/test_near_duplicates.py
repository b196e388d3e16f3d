"""Near-duplicates are found exactly, and no pair of them is on both sides of the split."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method import near_duplicates
from landmark_lib.method.hold_out import Groups, draw_hold_out, hold_out_size
from landmark_lib.method.near_duplicates import BANDS, MAX_DISTANCE, bands_of, connect, near_pairs
from landmark_lib.method.sampling_plan import SamplingSettings, plan_class

HASHES = st.integers(0, 2**64 - 1)


@st.composite
def related_hashes(draw):
    """Return distinct hashes, many of which differ in few bits from an earlier one."""
    hashes = draw(st.lists(HASHES, min_size=1, max_size=6))
    for _ in range(draw(st.integers(0, 30))):
        flipped = draw(st.sets(st.integers(0, 63), max_size=MAX_DISTANCE + 2))
        hashes.append(draw(st.sampled_from(hashes)) ^ sum(1 << bit for bit in flipped))
    return sorted(set(hashes))


def all_pairs(hashes):
    return [
        (one, other)
        for place, one in enumerate(hashes)
        for other in hashes[place + 1 :]
        if (one ^ other).bit_count() <= MAX_DISTANCE
    ]


def found_in_bands(hashes, max_run):
    with patch.object(near_duplicates, "MAX_RUN", max_run):
        return [near_pairs(np.array(hashes, np.uint64), band) for band in BANDS]


def roots(pairs):
    hashes, found = connect([np.empty((0, 2), np.uint64), *pairs])
    return dict(zip(hashes.tolist(), found.tolist(), strict=True))


def expected_roots(hashes):
    found = {}
    for one, other in all_pairs(hashes):
        found.setdefault(one, one)
        found.setdefault(other, other)
    for _ in found:
        for one, other in all_pairs(hashes):
            found[one] = found[other] = min(found[one], found[other])
    return found


@given(related_hashes(), st.sampled_from([1, 2, 3, near_duplicates.MAX_RUN]))
def test_bands_find_the_groups_that_comparing_all_pairs_finds_and_no_pair_beyond(hashes, max_run):
    pairs = found_in_bands(hashes, max_run)
    assert all((int(one) ^ int(other)).bit_count() <= MAX_DISTANCE for found in pairs for one, other in found)
    assert roots(pairs) == expected_roots(hashes)


def test_a_crowd_of_hashes_that_nearly_agree_is_one_group():
    crowd = [bits << 20 | 5 for bits in range(1 << 9)]
    with patch.object(near_duplicates, "MAX_PAIRS", 1_000):
        pairs = found_in_bands(crowd, near_duplicates.MAX_RUN)
    assert set(roots(pairs).values()) == {5}


@given(HASHES)
def test_bands_share_out_all_bits_once(bits):
    bands = bands_of(bits)
    assert len(bands) == MAX_DISTANCE + 1
    assert sum(bands) == bits
    assert sum(band.bit_count() for band in bands) == bits.bit_count()


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=30), st.randoms())
def test_order_of_pairs_changes_no_group(pairs, random):
    shuffled = [(other, one) for one, other in random.sample(pairs, len(pairs))]
    assert roots([np.array(pairs, np.uint64).reshape(-1, 2)]) == roots(
        [np.array([pair], np.uint64) for pair in shuffled]
    )


@st.composite
def labelled_hashes(draw):
    """Return label and hash of some images, by image id."""
    hashes = draw(related_hashes())
    return {
        f"image {place}": (draw(st.sampled_from("ab")), draw(st.sampled_from(hashes)))
        for place in range(draw(st.integers(1, 25)))
    }


def grouped(images):
    """Return the groups of images, as preprocessing finds them, by label."""
    found = roots(found_in_bands(sorted({h for _, h in images.values()}), 2))
    members = {}
    for image_id, (_, image_hash) in images.items():
        members.setdefault(found.get(image_hash, image_hash), []).append(image_id)
    groups = {min(group): group for group in members.values() if len(group) > 1}
    by_id = {image_id: name for name, group in groups.items() for image_id in group}
    several = {name for name, group in groups.items() if len({images[i][0] for i in group}) > 1}
    return Groups(by_id, several)


@given(labelled_hashes(), st.integers(0, 4), st.integers(0, 5))
def test_no_pair_of_near_duplicates_is_on_both_sides_of_the_split(images, per_class, seed):
    groups, settings = grouped(images), SamplingSettings(hold_out=per_class, seed=seed)
    role = {}
    for label in "ab":
        ids = [image_id for image_id, (of, _) in images.items() if of == label]
        role |= {plan.image_id: plan.role for plan in plan_class(ids, settings, groups=groups)}
    for one, (_, hash_of_one) in images.items():
        for other, (_, hash_of_other) in images.items():
            if (hash_of_one ^ hash_of_other).bit_count() <= MAX_DISTANCE:
                assert (role[one] == "validation") == (role[other] == "validation")


IDS = [f"image {place}" for place in range(12)]


@given(st.lists(st.integers(0, 5), min_size=12, max_size=12), st.integers(0, 6), st.integers(0, 50))
def test_a_draw_that_splits_no_group_stays_as_it_is_without_groups(numbers, per_class, seed):
    groups = Groups(dict(zip(IDS, map(str, numbers), strict=True)))
    plain = draw_hold_out(IDS, per_class, seed)
    held_out = draw_hold_out(IDS, per_class, seed, groups)
    split = [
        group
        for group in set(groups.by_id.values())
        if 0 < _held(plain, group, groups) < _size(group, groups)
    ]
    if not split:
        assert held_out == plain
    assert len(held_out) <= hold_out_size(len(IDS), per_class)
    assert all(
        _held(held_out, group, groups) in (0, _size(group, groups)) for group in set(groups.by_id.values())
    )


def _held(held_out, group, groups):
    return sum(groups.by_id[image_id] == group for image_id in held_out)


def _size(group, groups):
    return list(groups.by_id.values()).count(group)


@pytest.mark.parametrize(
    ("groups", "held_out"),
    [
        ({}, {"a", "c"}),
        ({"a": "a", "d": "a"}, {"a", "d"}),  # both, as two are to be held out
        ({"a": "a", "b": "a", "d": "a"}, {"c"}),  # too many, so none
        ({"b": "b", "d": "b"}, {"a", "c"}),
        (dict.fromkeys("abcd", "a"), set()),
    ],
)
def test_near_duplicates_are_held_out_together_or_not_at_all(groups, held_out):
    assert draw_hold_out("abcd", 2, 0, Groups(groups)) == held_out


def test_images_of_a_group_with_another_label_are_not_held_out():
    assert draw_hold_out("abcd", 2, 0, Groups({"a": "a"}, {"a"})) == {"c", "d"}
