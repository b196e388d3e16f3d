"""What `landmark doctor` reports: ten lines on what is installed and what is missing for which job.

No engine is imported, and a check that fails costs only its own line.
"""

import json
import mmap
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from landmark_lib.cli.needs import (
    HOROVOD,
    JAVA,
    PREPROCESS,
    SPARK,
    TENSORFLOW,
    TRAINING,
    Need,
    find_java,
    install,
    missing,
    version_of,
)
from landmark_lib.console import visible
from landmark_lib.digits import size
from landmark_lib.preprocess.submit import own_spark

JOBS = ("sample", *PREPROCESS, *TRAINING)
JAVA_OF_SPARK = ("8", "11", "17")
SECONDS = 20  # for a program that only prints its version
NVIDIA = Path("/proc/driver/nvidia/gpus")
# What the library of Horovod contains if it was built with a part.
PARTS_OF_HOROVOD = {"Gloo": b"4gloo9transport", "MPI": b"MPI_Init_thread", "NCCL": b"ncclCommInitRank"}
BUILD_HOROVOD = (
    'pip install "cmake<4" "wheel<0.46" && HOROVOD_WITH_TENSORFLOW=1'
    " pip install --force-reinstall --no-deps --no-cache-dir --no-build-isolation"
)


class Finding(NamedTuple):
    """What a check found.

    Attributes:
        text: For people.
        stopped: The jobs that cannot run.
    """

    text: str
    stopped: tuple[str, ...] = ()


def report() -> tuple[str, bool]:
    """Return the report, and whether every job can run."""
    findings = {name: _checked(check) for name, check in CHECKS.items()}
    stopped = {job for finding in findings.values() for job in finding.stopped}
    ready = [job for job in JOBS if job not in stopped]
    not_ready = [job for job in JOBS if job in stopped]
    summary = f"ready: {', '.join(ready)}" + (f"; not ready: {', '.join(not_ready)}" if not_ready else "")
    lines = {name: finding.text for name, finding in findings.items()} | {"Jobs": summary}
    return "\n".join(f"{name:<11} {visible(text)}" for name, text in lines.items()), not stopped


def _checked(check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - whatever is broken here, the other lines are to be shown
        return Finding(f"cannot be checked: {type(error).__name__}: {error}")


def python() -> Finding:
    """Return the Python that runs this."""
    return Finding(f"{platform.python_version()} ({sys.executable})")


def java() -> Finding:
    """Return the Java that Spark would start."""
    found = find_java()
    if found is None:
        return _absent([JAVA])
    done = subprocess.run(  # noqa: S603 - the Java that Spark would start
        [found, "-version"], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    named = re.search(r'version "([^"]+)"', done.stderr)
    if done.returncode or named is None:
        return Finding(f"{found} does not start: {done.stderr.strip()}", PREPROCESS)
    major = re.match(r"(?:1\.)?(\d+)", named[1])
    fits = major is not None and major[1] in JAVA_OF_SPARK
    return Finding(f"{named[1]} ({found})" + ("" if fits else "; Spark 3.5 is made for Java 8, 11 and 17"))


def spark() -> Finding:
    """Return the version of Spark."""
    absent = missing(SPARK)
    return _absent(absent) if absent else Finding(str(version_of("pyspark")))


def tensorflow() -> Finding:
    """Return the version of TensorFlow, and whether it is without support for GPUs."""
    if absent := missing(TENSORFLOW):
        return _absent(absent)
    with_gpus = version_of("tensorflow")
    return Finding(with_gpus or f"{version_of('tensorflow-cpu')}, without GPU support")


def gpus() -> Finding:
    """Return NVIDIA's GPUs, by nvidia-smi or, if it is not installed, by the kernel's driver."""
    if smi := shutil.which("nvidia-smi"):
        done = subprocess.run(  # noqa: S603 - NVIDIA's own
            [smi, "--list-gpus"], capture_output=True, text=True, timeout=SECONDS, check=False
        )
        names = re.findall(r"^GPU \d+: (.+?) \(UUID", done.stdout, re.MULTILINE)
    else:
        texts = [path.read_text() for path in sorted(NVIDIA.glob("*/information"))]
        names = [name for text in texts for name in re.findall(r"^Model:\s*(.+)$", text, re.MULTILINE)]
    if not names:
        return Finding("none found; training uses the processor")
    usable = version_of("tensorflow") or not version_of("tensorflow-cpu")
    advice = "" if usable else f"; TensorFlow does not use them: {install(['train-gpu'])}"
    return Finding(f"{', '.join(f'{names.count(name)} x {name}' for name in dict.fromkeys(names))}{advice}")


def horovod() -> Finding:
    """Return the version of Horovod, and what it was built with."""
    if absent := missing(HOROVOD):
        return _absent(absent)
    found, version = find_spec("horovod"), version_of("horovod")
    folder = Path(str(found and found.origin)).parent
    build = f"{BUILD_HOROVOD} horovod=={version}"
    libraries = sorted(folder.glob("tensorflow/mpi_lib*.so"))
    if not libraries:
        return Finding(f"{version}, built without TensorFlow; build it again: {build}", TRAINING)
    text = f"{version}, built with {', '.join(parts_of(libraries[0]))}"
    built = json.loads((folder / "metadata.json").read_text()).get("tensorflow")
    installed = version_of("tensorflow", "tensorflow-cpu")
    if installed and built != installed:
        return Finding(f"{text} for TensorFlow {built}, not {installed}; build it again: {build}", TRAINING)
    return Finding(f"{text} for TensorFlow {built}")


def parts_of(library: Path) -> list[str]:
    """Return what a library of Horovod was built with.

    `horovodrun --check-build` loads TensorFlow six times for it, which takes half a minute.
    """
    with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return [part for part, mark in PARTS_OF_HOROVOD.items() if content.find(mark) >= 0]


def host_name() -> Finding:
    """Return whether the host name has an address of this machine, which Spark and Horovod look up."""
    environ = {name: value for name, value in os.environ.items() if name != "SPARK_LOCAL_IP"}
    own_spark(environ, ())
    name, instead = socket.gethostname(), environ.get("SPARK_LOCAL_IP")
    if instead is None:
        return Finding(f"{name} resolves to this machine")
    return Finding(f"{name} does not resolve to this machine; preprocess uses {instead} instead")


def free_disk() -> Finding:
    """Return the free space below the working directory, where data goes by default."""
    here = Path.cwd()
    return Finding(f"{size(shutil.disk_usage(here).free)} in {here}")


def buckets() -> Finding:
    """Return the kinds of addresses that can be read, and how to install the others."""
    stores = {"gs": ("gcsfs", "gcs"), "s3": ("s3fs", "s3")}
    texts = [
        f"{scheme}:// ({module} {found})"
        if (found := version_of(module))
        else f"{scheme}:// needs {install([extra])}"
        for scheme, (module, extra) in stores.items()
    ]
    return Finding("; ".join(texts))


def _absent(absent: Iterable[Need]) -> Finding:
    """Return what is missing, for which jobs, and how to install it."""
    absent = list(absent)
    jobs = tuple(dict.fromkeys(job for need in absent for job in need.jobs))
    names = ", ".join(need.name for need in absent)
    need = "needs" if len(jobs) == 1 else "need"
    return Finding(
        f"missing: {names}; {', '.join(jobs)} {need} it: {install([n.extra for n in absent])}", jobs
    )


CHECKS = {
    "Python": python,
    "Java": java,
    "Spark": spark,
    "TensorFlow": tensorflow,
    "GPUs": gpus,
    "Horovod": horovod,
    "Host name": host_name,
    "Free disk": free_disk,
    "Buckets": buckets,
}
