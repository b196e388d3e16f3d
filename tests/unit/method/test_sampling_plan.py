"""The plan of a class has all properties of the method at once."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method.downsampling import member_sample
from landmark_lib.method.hold_out import draw_hold_out
from landmark_lib.method.sampling_plan import ImagePlan, SamplingSettings, plan_class, training_rows

IDS = st.lists(st.text(), max_size=40, unique=True)
SETTINGS = st.tuples(st.integers(0, 4), st.integers(0, 20), st.integers(1, 10), st.integers(1, 4)).map(
    lambda t: SamplingSettings(hold_out=t[0], target=t[1], cutoff=t[1] + t[2], ensemble_size=t[3], seed=t[0])
)


def training_images(plans, member):
    """Count the images in a member's training set: the outputs of its rows."""
    return sum(len(p.recipes) for p in plans if member in p.members)


@pytest.mark.parametrize(
    ("label_count", "validation", "each_member"),
    [(1, 0, 60), (2, 1, 60), (3, 2, 60), (61, 2, 60), (62, 2, 60), (63, 2, 61), (122, 2, 120), (123, 2, 120)],
)
def test_sizes_of_the_final_approach(label_count, validation, each_member):
    plans = plan_class([f"image{i}" for i in range(label_count)], SamplingSettings())
    assert Counter(p.role for p in plans)["validation"] == validation
    assert [training_images(plans, member) for member in range(3)] == [each_member] * 3


@given(IDS, SETTINGS)
def test_every_image_has_one_plan_consistent_with_its_role(ids, numbers):
    plans = plan_class(ids, numbers)
    assert [p.image_id for p in plans] == ids
    for plan in plans:
        assert (plan.members != ()) == (plan.role == "train")
        assert (plan.recipes == ()) == (plan.role == "unused")
        assert plan.role != "validation" or plan.recipes == ("plain",)
        assert len(set(plan.recipes)) == len(plan.recipes)


@given(IDS.filter(bool), SETTINGS)
def test_cutoff_and_target_decide_the_images_of_each_member(ids, numbers):
    plans = plan_class(ids, numbers)
    left = sum(p.role != "validation" for p in plans)
    expected = min(max(left, numbers.target), numbers.cutoff)
    assert {training_images(plans, m) for m in range(numbers.ensemble_size)} == {expected}
    assert training_rows(left, numbers.cutoff, numbers.target) == expected


def test_a_class_without_training_images_has_no_rows():
    assert training_rows(0, cutoff=120, target=60) == 0


@given(IDS, SETTINGS)
def test_order_of_images_changes_nothing(ids, numbers):
    assert plan_class(ids, numbers)[::-1] == plan_class(ids[::-1], numbers)


def test_large_class_combines_hold_out_and_member_samples():
    ids = [f"image{i}" for i in range(200)]
    plans = plan_class(ids, SamplingSettings(seed=5))
    validation = draw_hold_out(ids, 2, seed=5)
    training = [i for i in ids if i not in validation]
    assert {p.image_id for p in plans if p.role == "validation"} == validation
    for member in range(3):
        drawn = {p.image_id for p in plans if member in p.members}
        assert drawn == member_sample(training, 120, member, seed=5)
    assert any(p.role == "unused" for p in plans)


def test_plan_is_the_same_in_every_release():
    # A changed draw changes every data set: never change this plan.
    numbers = SamplingSettings(hold_out=1, cutoff=3, target=3, ensemble_size=2)
    assert plan_class("ab", numbers) == [
        ImagePlan("a", "validation", (), ("plain",)),
        ImagePlan(
            "b",
            "train",
            (0, 1),
            ("plain", "crop:5:14:197+mirror+greyscale+darker", "crop:5:14:197+greyscale"),
        ),
    ]
    assert plan_class("abcdef", numbers) == [
        ImagePlan("a", "validation", (), ("plain",)),
        ImagePlan("b", "train", (0,), ("plain",)),
        ImagePlan("c", "train", (1,), ("plain",)),
        ImagePlan("d", "train", (1,), ("plain",)),
        ImagePlan("e", "train", (0,), ("plain",)),
        ImagePlan("f", "train", (0, 1), ("plain",)),
    ]


def test_a_class_without_images_has_an_empty_plan():
    assert plan_class([], SamplingSettings()) == []


@given(IDS, SETTINGS, st.data())
def test_no_op_steps_change_only_recipes_of_upsampled_images(ids, numbers, data):
    no_ops = data.draw(st.dictionaries(st.sampled_from(ids), st.just({"mirror", "darker"}))) if ids else {}
    for with_all, plan in zip(plan_class(ids, numbers), plan_class(ids, numbers, no_ops), strict=True):
        assert (plan.image_id, plan.role, plan.members) == (
            with_all.image_id,
            with_all.role,
            with_all.members,
        )
        assert len(plan.recipes) == len(with_all.recipes)
        if plan.image_id not in no_ops:
            assert plan.recipes == with_all.recipes
        else:
            assert not any({"mirror", "darker"} & set(recipe.split("+")) for recipe in plan.recipes)


def test_repeated_ids_are_refused():
    with pytest.raises(ValueError, match=r"more than once: \['b'\]"):
        plan_class(["a", "b", "b"], SamplingSettings())


@pytest.mark.parametrize(
    "wrong", [{"hold_out": -1}, {"cutoff": 0, "target": 0}, {"target": -1}, {"ensemble_size": 0}]
)
def test_settings_out_of_range_are_refused_with_what_was_received(wrong):
    name, value = next(iter(wrong.items()))
    with pytest.raises(ValueError, match=f"expected {name} of at least .* received {name}={value}"):
        SamplingSettings(**wrong)


def test_a_target_above_the_cutoff_is_refused():
    with pytest.raises(ValueError, match="received target=61, cutoff=60"):
        SamplingSettings(target=61, cutoff=60)
