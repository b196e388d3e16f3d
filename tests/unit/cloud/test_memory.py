"""What the driver remembers, in files that Terraform and people can read."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landmark_lib.cloud.memory import CHOICES, OFF, PROGRESS, Memory, recall, remember
from landmark_lib.errors import UserError

values = st.one_of(st.text(), st.booleans(), st.integers())
memories = st.builds(
    Memory,
    st.dictionaries(st.text(), values).map(lambda chosen: {**OFF, **chosen}),
    st.text(),
    st.sampled_from(["serverless", "cluster"]),
    st.sampled_from(["cloud", "docker"]),
    st.integers(1, 16),
    st.lists(st.text(), unique=True).map(tuple),
)


def test_nothing_costs_money_until_something_is_chosen(tmp_path):
    assert recall(tmp_path) == Memory()
    assert Memory().variables == {"preprocess_cluster": False, "train_nodes": 0}


@given(memory=memories)
@settings(max_examples=20)
def test_what_is_remembered_is_recalled(memory, tmp_path_factory):
    folder = tmp_path_factory.mktemp("terraform")
    remember(folder, memory)
    assert recall(folder) == memory


def test_terraform_receives_its_own_variables_only(tmp_path):
    remember(tmp_path, Memory(photos="/photos").with_variables(project="p"))
    assert json.loads((tmp_path / CHOICES).read_text()) == {**OFF, "project": "p"}
    assert sorted(path.name for path in tmp_path.iterdir()) == [CHOICES, PROGRESS]


@pytest.mark.parametrize("text", ["{", "[]", '{"colour": "red"}'])
def test_a_file_that_was_edited_wrongly_is_reported(tmp_path, text):
    (tmp_path / PROGRESS).write_text(text)
    with pytest.raises(UserError, match=r"progress\.json"):
        recall(tmp_path)
