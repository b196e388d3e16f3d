"""`landmark doctor` reports in ten lines what is installed, and what is missing for which job."""

import shutil
import subprocess
from types import SimpleNamespace

import pytest

from landmark_lib.cli import doctor, needs

EVERYTHING = {need.module for need in (*needs.SPARK, *needs.TENSORFLOW, *needs.HOROVOD)}
TITLES = ["Python", "Java", "Spark", "TensorFlow", "GPUs", "Horovod", "Host", "Free", "Buckets", "Jobs"]
VERSIONS = {"pyspark": "3.5.3", "tensorflow-cpu": "2.18.1", "horovod": "0.28.1", "gcsfs": "2024.2"}


class Machine:
    """A machine on which everything is installed, until a test changes it."""

    def __init__(self, folder, monkeypatch):
        self.modules, self.versions, self.java = set(EVERYTHING), dict(VERSIONS), "/usr/bin/java"
        self.java_says, self.smi_says = 'openjdk version "17.0.9" 2023-10-17\n', None
        self.horovod = folder / "horovod"
        (self.horovod / "tensorflow").mkdir(parents=True)
        self.library = self.horovod / "tensorflow/mpi_lib.cpython-311-x86_64-linux-gnu.so"
        self.library.write_bytes(b"\0N4gloo9transport\0")
        (self.horovod / "metadata.json").write_text('{"tensorflow": "2.18.1"}')
        self.drivers = folder / "gpus"
        for module in (needs, doctor):
            monkeypatch.setattr(module, "find_spec", self.find_spec)
            monkeypatch.setattr(module, "find_java", lambda: self.java)
        monkeypatch.setattr(doctor, "version_of", self.version_of)
        monkeypatch.setattr(doctor, "NVIDIA", self.drivers)
        monkeypatch.setattr(shutil, "which", lambda *_, **__: self.smi_says and "/usr/bin/nvidia-smi")
        monkeypatch.setattr(subprocess, "run", self.run)

    def find_spec(self, module):
        origin = str(self.horovod / "__init__.py")
        return SimpleNamespace(origin=origin) if module in self.modules else None

    def version_of(self, *packages):
        return next((self.versions[package] for package in packages if package in self.versions), None)

    def run(self, command, **_):
        out = self.smi_says if "smi" in command[0] else ""
        return subprocess.CompletedProcess(command, 0, out, self.java_says)

    def report(self):
        """Return the lines by their titles, and whether all jobs can run."""
        text, ready = doctor.report()
        lines = text.splitlines()
        assert [line.split()[0] for line in lines] == TITLES
        return {line.split()[0]: line[12:] for line in lines}, ready


@pytest.fixture
def machine(tmp_path, monkeypatch):
    return Machine(tmp_path, monkeypatch)


def test_every_job_can_run_where_everything_is_installed(machine):
    lines, ready = machine.report()
    assert ready
    assert lines["Jobs"] == "ready: sample, preprocess, train, tune, evaluate, predict"
    assert lines["Java"] == "17.0.9 (/usr/bin/java)"
    assert lines["Spark"] == "3.5.3"
    assert lines["TensorFlow"] == "2.18.1, without GPU support"
    assert lines["GPUs"] == "none found; training uses the processor"
    assert lines["Horovod"] == "0.28.1, built with Gloo for TensorFlow 2.18.1"
    assert lines["Buckets"] == 'gs:// (gcsfs 2024.2); s3:// needs pip install "landmark-recognition[s3]"'


@pytest.mark.parametrize(
    ("absent", "title", "line", "not_ready"),
    [
        ("pandas", "Spark", "missing: pandas; preprocess needs it: {}[preprocess]", "preprocess"),
        (
            "tensorflow",
            "TensorFlow",
            "missing: tensorflow; train, tune, evaluate, predict need it: {}[train]",
            "train, tune, evaluate, predict",
        ),
        ("optuna", "Horovod", "missing: optuna; tune needs it: {}[train]", "tune"),
    ],
)
def test_what_is_missing_is_reported_with_its_jobs_and_how_to_install_it(
    machine, absent, title, line, not_ready
):
    machine.modules.remove(absent)
    lines, ready = machine.report()
    assert not ready
    assert lines[title] == line.replace("{}[", 'pip install "landmark-recognition[') + '"'
    assert lines["Jobs"].partition("; not ready: ")[2] == not_ready


def test_without_tensorflow_horovod_is_not_to_be_built_again(machine):
    machine.modules.remove("tensorflow")
    del machine.versions["tensorflow-cpu"]
    assert machine.report()[0]["Horovod"] == "0.28.1, built with Gloo for TensorFlow 2.18.1"


def test_spark_without_java_is_reported(machine):
    machine.java = None
    lines, ready = machine.report()
    assert not ready
    assert lines["Java"] == 'missing: Java; preprocess needs it: pip install "landmark-recognition[java]"'


@pytest.mark.parametrize(
    ("says", "text"),
    [
        ('java version "1.8.0_391"\n', "1.8.0_391 (/usr/bin/java)"),
        ('openjdk version "24" 2025-03-18\n', "24 (/usr/bin/java); Spark 3.5 is made for Java 8, 11 and 17"),
        ("Segmentation fault\n", "/usr/bin/java does not start: Segmentation fault"),
    ],
)
def test_a_java_that_spark_may_not_run_on_is_reported(machine, says, text):
    machine.java_says = says
    assert machine.report()[0]["Java"] == text


@pytest.mark.parametrize("broken", ["another TensorFlow", "no TensorFlow"])
def test_a_horovod_that_was_not_built_for_this_tensorflow_is_reported(machine, broken):
    if broken == "another TensorFlow":
        machine.versions["tensorflow-cpu"] = "2.17.0"
        text = "0.28.1, built with Gloo for TensorFlow 2.18.1, not 2.17.0; build it again: "
    else:
        machine.library.unlink()
        text = "0.28.1, built without TensorFlow; build it again: "
    lines, ready = machine.report()
    assert not ready
    assert lines["Horovod"].startswith(text + 'pip install "cmake<4"')
    assert lines["Horovod"].endswith(" horovod==0.28.1")


def test_what_horovod_was_built_with_is_read_from_its_library(machine):
    machine.library.write_bytes(b"\0N4gloo9transport\0MPI_Init_thread\0ncclCommInitRank\0")
    assert machine.report()[0]["Horovod"].startswith("0.28.1, built with Gloo, MPI, NCCL for")


@pytest.mark.parametrize("by", ["nvidia-smi", "driver"])
def test_gpus_are_counted_and_a_tensorflow_without_support_for_them_is_reported(machine, by):
    if by == "nvidia-smi":
        machine.smi_says = "GPU 0: NVIDIA L4 (UUID: GPU-1)\nGPU 1: NVIDIA L4 (UUID: GPU-2)\n"
    else:
        for number in range(2):
            (machine.drivers / str(number)).mkdir(parents=True)
            (machine.drivers / str(number) / "information").write_text("Model: \t\t NVIDIA L4\nIRQ:  7\n")
    advice = '; TensorFlow does not use them: pip install "landmark-recognition[train-gpu]"'
    assert machine.report()[0]["GPUs"] == f"2 x NVIDIA L4{advice}"
    machine.versions = {"tensorflow": "2.18.1"}
    assert machine.report()[0]["GPUs"] == "2 x NVIDIA L4"


def test_a_check_that_fails_costs_its_own_line_only(machine, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: 1 / 0)
    lines, ready = machine.report()
    assert ready
    assert lines["Free"] == "cannot be checked: ZeroDivisionError: division by zero"
