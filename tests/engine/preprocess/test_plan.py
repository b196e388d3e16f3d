"""The plan of a data set keeps the promises of the method over all its classes."""

from collections import Counter
from itertools import combinations

from small_corpus import CUTOFF, LABEL_COUNTS, MEMBERS, TARGET

from landmark_lib.dataset import LandmarkClass

MEMBER_RANGE = range(MEMBERS)


def test_labels_with_enough_images_are_the_classes(made):
    kept = [(label, count) for label, count in sorted(LABEL_COUNTS.items()) if count >= 2]
    assert made.classes == [
        LandmarkClass(index, label, count, count - min(2, count - 1))
        for index, (label, count) in enumerate(kept)
    ]
    assert made.manifest.classes == len(kept)
    assert made.manifest.classes_with_fewer_held_out == 1
    assert {r["landmark_id"]: r["label_count"] for r in made.rows("labels")} == LABEL_COUNTS


def test_every_image_of_the_corpus_is_planned_once_with_the_class_of_its_label(made):
    classes = {row.landmark_id: row.class_index for row in made.classes}
    planned = sorted((r["image_id"], r["class_index"]) for r in made.rows("plan"))
    assert planned == sorted((r["image_id"], classes.get(r["landmark_id"])) for r in made.rows("corpus"))


def test_images_of_small_labels_are_dropped_and_only_those(made):
    for row in made.rows("plan"):
        assert (row["role"] == "dropped") == (row["class_index"] is None)
        assert row["role"] != "dropped" or row["recipes"] == row["members"] == []
    assert made.manifest.roles == Counter(row["role"] for row in made.rows("plan"))


def test_two_images_of_every_class_are_held_out_or_all_but_one(made):
    held_out = Counter(row["class_index"] for row in made.rows("validation"))
    assert held_out == {c.class_index: min(2, c.label_count - 1) for c in made.classes}


def test_no_held_out_image_is_in_any_training_row(made):
    held_out = {row["image_id"] for row in made.rows("validation")}
    for member in MEMBER_RANGE:
        assert not held_out & {row["image_id"] for row in made.training_rows(member)}


def test_small_classes_have_exactly_target_rows_in_each_member_and_large_ones_exactly_cutoff(made):
    expected = {c.class_index: min(max(c.training_images, TARGET), CUTOFF) for c in made.classes}
    assert set(expected.values()) == {TARGET, 10, CUTOFF}
    for member in MEMBER_RANGE:
        assert Counter(row["class_index"] for row in made.training_rows(member)) == expected


def test_rows_of_one_image_have_different_recipes_and_one_is_plain(made):
    for member in MEMBER_RANGE:
        recipes = {}
        for row in made.training_rows(member):
            recipes.setdefault(row["image_id"], []).append(row["recipe"])
        for of_image in recipes.values():
            assert len(set(of_image)) == len(of_image)
            assert "plain" in of_image


def test_members_sample_large_classes_differently(made):
    for large in (c.class_index for c in made.classes if c.training_images > CUTOFF):
        samples = [
            {row["image_id"] for row in made.training_rows(member) if row["class_index"] == large}
            for member in MEMBER_RANGE
        ]
        assert all(one != other for one, other in combinations(samples, 2))


def test_members_share_all_rows_of_the_other_classes(made):
    large = {c.class_index for c in made.classes if c.training_images > CUTOFF}
    for member in MEMBER_RANGE:
        own = made.rows(f"train/member-{member}")
        assert own
        assert {row["class_index"] for row in own} <= large
