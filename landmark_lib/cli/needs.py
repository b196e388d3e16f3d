"""What each job needs, and how to install it. Looks for packages without importing any engine."""

import os
from collections.abc import Collection, Iterable
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import NamedTuple

from landmark_lib.errors import UserError
from landmark_lib.preprocess.submit import java_of, own_spark

PREPROCESS = ("preprocess",)
TRAINING = ("train", "tune", "evaluate", "predict")


class Need(NamedTuple):
    """Something that jobs cannot run without.

    Attributes:
        name: Its name.
        module: The Python package to look for; empty for Java, which is a program.
        extra: The extra of this project that installs it.
        jobs: The jobs that need it.
    """

    name: str
    module: str
    extra: str
    jobs: tuple[str, ...]


JAVA = Need("Java", "", "java", PREPROCESS)
SPARK = (
    Need("pyspark", "pyspark", "preprocess", PREPROCESS),
    Need("pandas", "pandas", "preprocess", PREPROCESS),
    Need("filelock", "filelock", "preprocess", PREPROCESS),
)
TENSORFLOW = (
    Need("tensorflow", "tensorflow", "train", TRAINING),
    Need("keras", "keras", "train", TRAINING),
)
HOROVOD = (
    Need("horovod", "horovod", "train", TRAINING),
    Need("petastorm", "petastorm", "train", TRAINING),
    Need("optuna", "optuna", "train", ("tune",)),
)


def missing(needs: Iterable[Need]) -> list[Need]:
    """Return those of some needs that are not installed."""
    return [need for need in needs if not (find_spec(need.module) if need.module else find_java())]


def find_java() -> str | None:
    """Return the path of the Java that Spark would start."""
    environ = dict(os.environ)
    own_spark(environ, ())
    return java_of(environ)


def install(extras: Collection[str]) -> str:
    """Return the command that installs extras of this project."""
    return f'pip install "landmark-recognition[{",".join(dict.fromkeys(extras))}]"'


def require_installed(job: str) -> None:
    """Refuse to start a job that lacks something.

    Raises:
        UserError: Something that the job needs is not installed.
    """
    needs = [need for need in (JAVA, *SPARK, *TENSORFLOW, *HOROVOD) if job in need.jobs]
    if absent := missing(needs):
        names = ", ".join(need.name for need in absent)
        extras = [need.extra for need in absent]
        raise UserError(f"{job} needs {names}: {install(extras)} (see `landmark doctor`)")


def version_of(*packages: str) -> str | None:
    """Return the version of the first of some packages that is installed."""
    for package in packages:
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return None
