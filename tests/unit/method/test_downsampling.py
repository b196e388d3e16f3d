"""Each member draws its own uniform sample of a large class."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method.downsampling import member_sample

IDS = st.lists(st.text(), max_size=40, unique=True)
MEMBERS = st.integers(0, 9)


@given(IDS, st.integers(1, 40), MEMBERS, st.integers())
def test_a_sample_has_exactly_the_cutoff_or_the_whole_class(ids, cutoff, member, seed):
    sample = member_sample(ids, cutoff, member, seed)
    assert sample <= set(ids)
    assert len(sample) == min(cutoff, len(ids))


@given(IDS, st.integers(1, 40), MEMBERS, st.integers())
def test_order_of_images_changes_nothing(ids, cutoff, member, seed):
    assert member_sample(ids, cutoff, member, seed) == member_sample(ids[::-1], cutoff, member, seed)


def test_every_image_is_drawn_equally_often():
    ids = [f"image{i}" for i in range(20)]
    times = Counter(i for seed in range(400) for i in member_sample(ids, 5, 0, seed))
    # 100 expected with a standard deviation of 9.
    assert all(64 < times[i] < 136 for i in ids)


def test_samples_of_members_overlap_as_much_as_independent_ones():
    ids = [f"image{i}" for i in range(1000)]
    samples = [member_sample(ids, 300, member, seed=0) for member in range(3)]
    # 90 expected with a standard deviation of 7 (hypergeometric).
    assert all(62 < len(samples[a] & samples[b]) < 118 for a, b in ((0, 1), (0, 2), (1, 2)))
    # 27 expected in all three.
    assert 10 < len(samples[0] & samples[1] & samples[2]) < 47


def test_draw_is_the_same_in_every_release():
    # A changed draw changes every data set: never change these lines.
    assert member_sample("abcdefghij", 4, member=0, seed=0) == set("befg")
    assert member_sample("abcdefghij", 4, member=1, seed=0) == set("acfh")
