"""Variables, defaults and examples, read from the text of terraform/."""

import pytest
from commands import REPOSITORY

from landmark_lib.cloud.configuration import (
    assignments,
    defaults,
    example,
    example_names,
    setting,
    variable_names,
    with_example,
)
from landmark_lib.errors import UserError

TERRAFORM = REPOSITORY / "terraform"


def test_variables_and_their_defaults_are_found():
    names, found = variable_names(TERRAFORM), defaults(TERRAFORM)
    assert {"project", "train_nodes", "spark_properties", "monthly_budget"} <= names
    assert found.keys() <= names
    assert "project" not in found
    assert (found["region"], found["train_nodes"], found["spot"]) == ("us-central1", 1, False)
    assert found["machine_type"] is None


def test_examples_are_those_of_gpu_nodes():
    assert {"t4", "l4", "a100", "two-nodes"} <= set(example_names(TERRAFORM))
    assert not {"foundation", "cluster"} & set(example_names(TERRAFORM))
    assert example(TERRAFORM, "two-nodes")["train_nodes"] == 2
    with pytest.raises(UserError, match=r"--gpu: expected one of a100, .*, received v100"):
        example(TERRAFORM, "v100")


def test_values_are_text_numbers_or_truth_values():
    assert assignments('# 2 x L4\na = "x = y"\nb   = 12 # hours\nc = true\n') == {
        "a": "x = y",
        "b": 12,
        "c": True,
    }


def test_another_gpu_replaces_all_of_the_previous_node():
    spot = with_example({"project": "p", "train_nodes": 1}, example(TERRAFORM, "a100"))
    assert spot["spot"]
    assert with_example(spot, example(TERRAFORM, "l4")) == {
        "project": "p",
        "train_nodes": 1,
        **example(TERRAFORM, "l4"),
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("zone=us-central1-a", "us-central1-a"),
        ("max_run_hours=12", 12),
        ("spot=true", True),
        ('operators=["user:ana@example.org"]', ["user:ana@example.org"]),
    ],
)
def test_a_setting_is_json_or_text(text, value):
    assert setting(text, variable_names(TERRAFORM)) == (text.partition("=")[0], value)


@pytest.mark.parametrize("text", ["colour=red", "zone", "=x"])
def test_a_setting_of_no_variable_is_refused(text):
    with pytest.raises(UserError, match="--set: expected NAME=VALUE of a variable"):
        setting(text, variable_names(TERRAFORM))
