"""Files and options that docstrings and pages mention exist."""

import ast
import re
from pathlib import Path

import pytest

from landmark_lib import errors
from landmark_lib.cli.cloud import command
from landmark_lib.cli.launch import RANKS, SPARK_ARGUMENTS
from landmark_lib.settings import (
    EvaluateSettings,
    PredictSettings,
    PreprocessSettings,
    TrainSettings,
    TuneSettings,
)
from landmark_lib.settings.declare import declared_in, option

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "landmark_lib"
# Packages that list their modules, a line or more each.
LISTING = [
    path for path in LIBRARY.glob("*/__init__.py") if re.search("^- `", path.read_text("utf-8"), re.MULTILINE)
]


def test_the_packages_that_list_their_modules_are_found():
    assert {"method", "report"} <= {path.parent.name for path in LISTING}


@pytest.mark.parametrize("listing", LISTING, ids=lambda path: path.parent.name)
def test_a_package_lists_each_of_its_modules_once(listing):
    lines = re.findall(
        r"^- ((?:`\w+`(?:, )?)+):", ast.get_docstring(ast.parse(listing.read_text("utf-8"))), re.MULTILINE
    )
    listed = re.findall(r"`(\w+)`", " ".join(lines))
    assert sorted(listed) == sorted(path.stem for path in listing.parent.glob("*.py") if path != listing)


def defined_errors():
    for path in LIBRARY.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and re.search(r"(Error|Exception|Warning)$", node.name):
                yield node.name, path.relative_to(LIBRARY).as_posix()


def test_every_error_stands_in_errors_and_in_its_tree():
    found = list(defined_errors())
    assert {path for _, path in found} == {"errors.py"}
    for name, _ in found:
        assert issubclass(getattr(errors, name), errors.LandmarkError)
    in_tree = re.findall(r"^[ ├└│─]*(\w+Error)\b", errors.__doc__, re.MULTILINE)
    assert sorted(in_tree) == sorted(name for name, _ in found)


def test_pages_and_files_that_docstrings_name_are_there():
    for path in LIBRARY.rglob("*.py"):
        for page in re.findall(r"\b((?:docs/)?[\w-]+\.md)\b", path.read_text("utf-8")):
            assert (ROOT / page).exists(), f"{path} names {page}"


JOBS = (EvaluateSettings, PredictSettings, PreprocessSettings, TrainSettings, TuneSettings)
OPTIONS = {option(declared.field.name) for job in JOBS for declared in declared_in(job)} | {
    *("--config", "--help", "--quiet", "--verbose", RANKS, SPARK_ARGUMENTS),
    *(name for parameter in command().params for name in parameter.opts),
}
# Of other programs on these pages (spark-submit, horovodrun, pip, mypy, docker, gcloud), and of benchmarks.
OTHERS = {
    *(
        "--driver-memory",
        "--master",
        "--py-files",
        "--min-np",
        "--no-deps",
        "--strict",
        "--build-arg",
        "--file",
        "--filter",
    ),
    *(
        "--all-versions",
        "--follow",
        "--pull",
        "--recursive",
        "--rm",
        "--tags",
        "--variant",
        "--volumes",
        "--wheel-dir",
        "--write",
    ),
    *("--driver-memory", "--logdir", "--no-build-isolation"),
    *("--cores", "--host", "--memory", "--network", "--properties-file"),
    *("--ssh-identity-file", "--ssh-port"),
    *("--cpus-per-task", "--gpus-per-node", "--mem", "--nodes", "--ntasks-per-node", "--requeue"),
    *("--dry-run", "--from-file"),
}
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")]
HISTORY = {"CHANGELOG.md", "RESULTS.md"}  # mention options under their old names


@pytest.mark.parametrize("page", [p for p in PAGES if p.name not in HISTORY], ids=lambda page: page.name)
def test_options_that_pages_name_are_there(page):
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", page.read_text("utf-8")))
    assert named - OPTIONS - OTHERS == set()
