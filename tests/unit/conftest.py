"""Tests here start no process and import no engine; both raise."""

import multiprocessing.process
import os
import subprocess
import sys
from importlib.abc import MetaPathFinder

import numpy.testing  # noqa: F401 - starts lscpu when first imported, which no test here may
import pytest

ENGINES = frozenset({"tensorflow", "keras", "horovod", "petastorm", "pyspark", "py4j"})
STARTS = (
    (subprocess, "Popen"),
    (multiprocessing.process.BaseProcess, "start"),
    *((os, name) for name in ("fork", "forkpty", "posix_spawn", "posix_spawnp", "system", "popen")),
)


class NoEngine(MetaPathFinder):
    """Refuses to import engines."""

    def find_spec(self, name, *_):
        if name.partition(".")[0] in ENGINES:
            raise ImportError(f"tests/unit imports no engine, expected a test of {name} in tests/engine")


def no_process(*arguments, **_):
    raise AssertionError(f"tests/unit starts no process, received {arguments!r}")


@pytest.fixture(autouse=True)
def _neither_processes_nor_engines(monkeypatch):
    for owner, name in STARTS:
        monkeypatch.setattr(owner, name, no_process)
    for name in ENGINES & sys.modules.keys():  # tests of another tier imported it
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(sys, "meta_path", [NoEngine(), *sys.meta_path])


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    """Refuse engines to test modules here while they are imported."""
    refusal = NoEngine()
    sys.meta_path.insert(0, refusal)
    try:
        return (yield)
    finally:
        sys.meta_path.remove(refusal)
