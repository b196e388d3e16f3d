"""The tables of docs/dataset.md name what there is."""

import re
from dataclasses import fields

import pytest
from commands import REPOSITORY

from landmark_lib import dataset

TESTS = REPOSITORY / "tests"


PAGE = (TESTS.parent / "docs" / "dataset.md").read_text("utf-8")


SCHEMAS = {
    "corpus/": dataset.CORPUS_SCHEMA,
    "rejected/": dataset.REJECTED_SCHEMA,
    "labels/": dataset.LABELS_SCHEMA,
    "near_duplicates/": dataset.NEAR_DUPLICATES_SCHEMA,
    "plan/": dataset.PLAN_SCHEMA,
    "train/common/": dataset.TRAIN_SCHEMA,
    "validation/": dataset.VALIDATION_SCHEMA,
}


def table_line(first):
    (line,) = re.findall(rf"^\| `{re.escape(first)}` \|(.*)\|$", PAGE, re.MULTILINE)
    return line


@pytest.mark.parametrize("directory", SCHEMAS)
def test_the_page_names_the_columns_of_each_table(directory):
    named = re.findall(r"`(\w+)`", table_line(directory))
    assert named == SCHEMAS[directory].names


@pytest.mark.parametrize("field", [field.name for field in fields(dataset.Manifest)])
def test_the_page_explains_each_field_of_the_manifest(field):
    assert table_line(field).strip()
