"""The stages of `landmark cloud`: which steps, and what no order of them can undo."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.cloud.memory import KEYS, OFF, Memory
from landmark_lib.cloud.stages import STAGES, UP, Apply, Ask, Output, Program, Remove, steps
from landmark_lib.errors import UserError

READY = Memory({**OFF, "project": "my-project-1"}, photos="/photos", done=(UP,))
WITH_NODE = READY.with_variables(train_nodes=1)
memories = st.builds(
    lambda nodes, on, spark, cluster: Memory(
        {"project": "my-project-1", "preprocess_cluster": cluster, "train_nodes": nodes if on else 0},
        "/photos",
        spark,
        "cloud",
        nodes,
        (UP,),
    ),
    st.integers(1, 16),
    st.booleans(),
    st.sampled_from(["serverless", "cluster"]),
    st.booleans(),
)


def variables_after(stage, memory):
    for step in steps(stage, memory):
        if isinstance(step, Apply):
            memory = memory.with_variables(**step.variables)
    return memory.variables


def names(stage, memory):
    return [step.name for step in steps(stage, memory) if isinstance(step, Output)]


@given(memories, st.sampled_from(sorted(STAGES.keys() - {"down", "evaluate"})))
def test_only_down_removes_gpu_nodes(memory, stage):
    nodes = memory.variables["train_nodes"]
    assert variables_after(stage, memory)["train_nodes"] >= nodes


@given(memories)
def test_down_leaves_nothing_on_and_asks_first_if_there_are_nodes(memory):
    assert variables_after("down", memory) == {**memory.variables, **OFF}
    asked = isinstance(steps("down", memory)[0], Ask)
    assert asked == (memory.variables["train_nodes"] > 0)


@given(memories, st.sampled_from(sorted(STAGES)))
def test_only_what_was_asked_for_is_agreed_to(memory, stage):
    if stage == "evaluate" and not memory.variables["train_nodes"]:
        return
    planned = steps(stage, memory)
    for number, step in enumerate(planned):
        if isinstance(step, Apply) and step.agreed and memory.variables["train_nodes"]:
            assert any(isinstance(earlier, Ask) for earlier in planned[:number])


@given(memories)
def test_everything_is_removed_after_a_second_question_only(memory):
    *_, question, remove = steps("down", memory, everything=True)
    assert isinstance(question, Ask)
    assert isinstance(remove, Remove)


@given(memories)
def test_a_cluster_exists_while_it_preprocesses_only(memory):
    assert variables_after("preprocess", memory)["preprocess_cluster"] == (
        memory.spark == "serverless" and memory.variables["preprocess_cluster"]
    )


@given(memories)
def test_training_creates_no_cluster_again_that_deleted_itself(memory):
    assert not variables_after("train", memory)["preprocess_cluster"]


def test_up_enables_the_apis_that_a_plan_asks_before_terraform_runs():
    enable, prepare, apply, *_ = steps("up", READY)
    assert isinstance(enable, Program)
    assert enable.words[:3] == ("gcloud", "services", "enable")
    assert {"serviceusage.googleapis.com", "cloudresourcemanager.googleapis.com"} < set(enable.words)
    assert prepare.words[-2:] == ("init", "-input=false")
    assert apply == Apply(apply.does, {})


def test_images_are_built_in_the_cloud_or_with_docker():
    assert names("up", READY) == ["build_images"]
    docker = Memory(READY.variables, images="docker")
    assert steps("up", docker)[3].words[:2] == ("make", "images")
    assert names("up", docker) == ["push_images"]


def test_nodes_are_started_and_awaited_before_every_job_on_them():
    for stage in ("train", "evaluate"):
        outputs = names(stage, WITH_NODE)
        assert outputs[-3:] == ["start_nodes", "wait", stage]


def test_several_nodes_receive_keys_before_they_are_awaited():
    several = Memory(READY.variables, nodes=2, done=(UP,))
    assert names("train", several)[0] == "create_node_keys"
    assert names("train", READY)[0] == "start_nodes"


@pytest.mark.parametrize("nodes", [0, 1])
def test_keys_are_created_again_after_their_secret_was_deleted(nodes):
    several = READY.with_variables(train_nodes=2).with_done(KEYS)
    assert KEYS in several.with_variables(train_nodes=3).done
    assert KEYS not in several.with_variables(train_nodes=nodes).done


def test_long_jobs_can_be_followed_instead_of_started_twice():
    for memory in (READY, Memory(READY.variables, spark="cluster", done=(UP,))):
        for stage in ("preprocess", "train"):
            (job,) = [step for step in steps(stage, memory) if getattr(step, "runs", "")]
            assert job.follow


@pytest.mark.parametrize(
    ("stage", "memory", "message"),
    [
        ("up", Memory(), "--project: expected the id of a Google Cloud project"),
        ("train", Memory({**OFF, "project": "p"}), "train comes after up, which is not complete"),
        ("photos", Memory(READY.variables, done=(UP,)), "--photos: expected where the photos are"),
        ("evaluate", READY, "evaluate: expected a GPU node, which STAGE=train creates"),
    ],
)
def test_what_is_missing_is_reported(stage, memory, message):
    with pytest.raises(UserError, match=message):
        steps(stage, memory)
