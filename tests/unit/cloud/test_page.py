"""docs/cloud.md names stages, options, variables and outputs that exist."""

import re
import shlex
from itertools import product

import pytest
from commands import REPOSITORY

from landmark_lib.cli.cloud import command
from landmark_lib.cloud import configuration
from landmark_lib.cloud.driver import COST, RUNNING
from landmark_lib.cloud.memory import Memory
from landmark_lib.cloud.stages import IMAGES, SPARK, STAGES, UP, Output, steps

TERRAFORM = REPOSITORY / "terraform"
PAGE = (REPOSITORY / "docs/cloud.md").read_text("utf-8")
SHELL = "\n".join(re.findall(r"```bash\n(.+?)```", PAGE, re.DOTALL))
LINES = [line for line in SHELL.splitlines() if line.strip()]
OUTPUTS = {
    name
    for path in TERRAFORM.glob("*.tf")
    for name in re.findall(r'^output "(\w+)"', path.read_text("utf-8"), re.MULTILINE)
}
VARIABLES = configuration.variable_names(TERRAFORM)
# Names with an underscore that belong to neither: of Spark's, Google's and this project's own.
OTHERS = {
    "landmark_lib",
    "graceful_decommission_timeout",
    "force_destroy",
    "gpu_zones",
}


def words(line):
    return shlex.split(line, comments=True)


def test_every_command_of_the_page_is_one_of_known_programs():
    programs = {word for line in LINES if "=" not in (word := words(line)[0])}
    assert programs <= {"make", "gcloud", "terraform", "eval", "docker", "mmdebstrap"}


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("make cloud")])
def test_a_stage_of_the_page_takes_its_options(line):
    stage, *more = words(line)[2:]
    arguments = shlex.split(more[0].removeprefix("ARGUMENTS=")) if more else []
    command().make_context("cloud", [stage.removeprefix("STAGE="), *arguments])


def test_the_page_leads_through_every_stage():
    named = re.findall(r"^make cloud STAGE=(\w+)", SHELL, re.MULTILINE)
    assert list(dict.fromkeys(named))[1:] == [stage for stage in STAGES if stage != "status"]
    assert set(re.findall(r"STAGE=(\w+)", PAGE)) <= {"plan", *STAGES}


def test_make_has_the_targets_of_the_page():
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    for target in re.findall(r"\bmake ([a-z-]+)", PAGE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_options_of_stages_that_the_page_names_exist():
    options = {name for parameter in command().params for name in parameter.opts}
    assert {"--gpu", "--set", "--spark", "--all", "--yes", "--images"} <= options
    for name in re.findall(r"--set ([A-Za-z_]+)=", PAGE):
        assert name in VARIABLES | {"NAME"}


def test_every_output_and_variable_that_the_page_names_exists():
    named = {
        name
        for code in re.findall(r"`([^`\n]+)`", PAGE)
        for name in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", code)
    }
    assert {"train_on_vertex", "create_node_keys", "max_run_hours", "kms_key"} <= named
    assert named - OUTPUTS - VARIABLES == OTHERS
    assert set(re.findall(r"output -raw (\w+)", PAGE)) <= OUTPUTS


def test_gpu_nodes_of_the_page_are_the_examples():
    rows = re.findall(r"^\| `([\w-]+)`.*\| [12] \|$", PAGE, re.MULTILINE)
    assert sorted(rows) == configuration.example_names(TERRAFORM)


def test_every_output_that_a_stage_runs_exists():
    on = {"project": "p", "preprocess_cluster": True, "train_nodes": 2}
    memories = [
        Memory(on, "/photos", spark, images, 2, (UP,)) for spark, images in zip(SPARK, IMAGES, strict=True)
    ]
    run = {
        name
        for stage, memory in product(STAGES, memories)
        for step in steps(stage, memory)
        if isinstance(step, Output)
        for name in (step.name, step.runs, step.follow)
    }
    assert {"build_images", "push_images", "wait", "train", "follow_cluster_job"} <= run
    assert (run | {RUNNING, COST}) - {""} <= OUTPUTS
