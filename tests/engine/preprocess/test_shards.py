"""The shards hold what the plan says, in random order and in groups of a fixed size."""

import shutil
from collections import Counter
from itertools import pairwise

import pyarrow.parquet as pq
import pytest
from small_corpus import MEMBERS, ROWS_PER_GROUP, SETTINGS, MadeDataset

from landmark_lib import dataset
from landmark_lib.images.jpeg import decode_jpeg, encode_jpeg
from landmark_lib.images.transform import apply_recipe
from landmark_lib.method.recipes import CENTRE, WHOLE, Recipe

TRAINING = ["train/common", *(f"train/member-{k}" for k in range(MEMBERS))]


def places(planned):
    if planned["role"] == "validation":
        return ["validation"]
    if len(planned["members"]) == MEMBERS:
        return ["train/common"]
    return [f"train/member-{member}" for member in planned["members"]]


def test_shards_hold_the_ids_recipes_and_pixels_that_the_plan_says(made):
    corpus = {row["image_id"]: row["image"] for row in made.rows("corpus")}
    expected = [
        (
            directory,
            planned["image_id"],
            planned["class_index"],
            recipe,
            encode_jpeg(apply_recipe(decode_jpeg(corpus[planned["image_id"]]), Recipe.parse(recipe), CENTRE)),
        )
        for planned in made.rows("plan")
        for recipe in planned["recipes"]
        for directory in places(planned)
    ]
    stored = [
        (directory, row["image_id"], row["class_index"], row.get("recipe", "plain"), row["image"])
        for directory in [*TRAINING, "validation"]
        for row in made.rows(directory)
    ]
    assert sorted(stored) == sorted(expected)


def test_whole_photos_are_stored_with_the_bytes_of_the_corpus(job, csv_corpus, made, tmp_path):
    root = shutil.copytree(made.root, tmp_path / "data set")
    command = ("--input", csv_corpus.source, "--output", root, "--photos-per-part", 60, *SETTINGS)
    command += ("--framing", "whole")
    refused = job(*command)
    assert refused.returncode == 2
    assert "--framing was centre, is whole now" in refused.stderr
    done = job(*command, "--overwrite")
    assert done.returncode == 0, done.stderr
    whole = MadeDataset(root)
    assert (made.manifest.framing, whole.manifest.framing) == (CENTRE, WHOLE)
    assert "framing" not in made.manifest.settings  # as data sets of earlier releases
    assert whole.contents("corpus/*", "plan/*") == made.contents("corpus/*", "plan/*")
    corpus = {row["image_id"]: row["image"] for row in whole.rows("corpus")}
    stored = [row for directory in [*TRAINING, "validation"] for row in whole.rows(directory)]
    plain = [row for row in stored if row.get("recipe", "plain") == "plain"]
    assert all(row["image"] == corpus[row["image_id"]] for row in plain)
    assert 0 < len(plain) < len(stored)
    assert {decode_jpeg(row["image"]).size for row in stored} == {(250, 250)}


def test_rows_that_all_members_use_are_stored_once_and_others_with_their_members_alone(made):
    rows = [(directory, r["image_id"], r["recipe"]) for directory in TRAINING for r in made.rows(directory)]
    assert len(set(rows)) == len(rows)
    stored_in = {}
    for directory, image_id, recipe in rows:
        stored_in.setdefault((image_id, recipe), set()).add(directory)
    for directories in stored_in.values():
        assert directories == {"train/common"} or (
            "train/common" not in directories and len(directories) < MEMBERS
        )


@pytest.mark.parametrize("directory", TRAINING)
def test_rows_lie_in_random_order(made, directory):
    classes = [row["class_index"] for row in made.rows(directory)]
    alike = sum(one == other for one, other in pairwise(classes))
    # Neighbours of one class in a shuffled list; sorted by class nearly all would be.
    expected = sum(count * (count - 1) for count in Counter(classes).values()) / len(classes)
    assert alike < 2 * expected


@pytest.mark.parametrize("directory", ["corpus", *TRAINING, "validation"])
def test_every_row_group_but_the_last_of_a_file_has_the_same_number_of_rows(made, directory):
    for file in made.parquet_files(directory):
        metadata = pq.ParquetFile(file).metadata
        groups = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
        assert groups[:-1] == [ROWS_PER_GROUP] * (len(groups) - 1)
        assert 0 < groups[-1] <= ROWS_PER_GROUP


@pytest.mark.parametrize(
    ("directory", "schema"),
    [
        ("corpus", dataset.CORPUS_SCHEMA),
        ("rejected", dataset.REJECTED_SCHEMA),
        ("labels", dataset.LABELS_SCHEMA),
        ("plan", dataset.PLAN_SCHEMA),
        *((training, dataset.TRAIN_SCHEMA) for training in TRAINING),
        ("validation", dataset.VALIDATION_SCHEMA),
    ],
)
def test_files_have_the_columns_of_the_contract(made, directory, schema):
    for file in made.parquet_files(directory):
        assert pq.read_schema(file).equals(schema)
