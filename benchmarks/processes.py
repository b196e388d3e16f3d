"""Measure the memory of the processes of a command."""

import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SECONDS_BETWEEN_LOOKS = 0.2
KIB_PER_MB = 1e6 / 1024
DAEMON = "landmark_lib.preprocess.daemon"  # the module that Spark's Python workers are forked from


@dataclass(frozen=True)
class Measured:
    """A command that has ended.

    Attributes:
        seconds: From its start to its end.
        cpu_seconds: Processor time of all its processes, as of the last sample of each.
        output: Standard output.
        peaks: Peak resident memory of its processes in MB, by name, largest first: "java", "python" (the
            driver program) and "worker" (the Python processes of Spark's tasks).
    """

    seconds: float
    cpu_seconds: float
    output: str
    peaks: dict[str, list[float]]

    def peak(self, name: str) -> float:
        """Return the peak of the largest process with a name in MB; 0 if there was none."""
        return max(self.peaks.get(name, [0.0]))


def measure(command: Sequence[str | Path]) -> Measured:
    """Run a command in the activated environment, and watch it and all its child processes.

    Raises:
        CalledProcessError: The command failed.
    """
    peaks: dict[tuple[int, str], float] = {}
    processor: dict[int, float] = {}
    begin = time.perf_counter()
    activated = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=activated) as process:
        while process.poll() is None:
            for pid, cpu_seconds in _tree(process.pid):
                processor[pid] = cpu_seconds
                name, peak = _look(pid)
                # A process that is first sampled between fork and exec has its parent's name.
                peaks[pid, name] = max(peak, peaks.get((pid, name), 0.0))
            time.sleep(SECONDS_BETWEEN_LOOKS)
        seconds = time.perf_counter() - begin
        output = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, output)
    by_name = defaultdict(list)
    for (_, name), peak in sorted(peaks.items(), key=lambda item: -item[1]):
        by_name[name].append(peak)
    return Measured(seconds, sum(processor.values()), output, dict(by_name))


def processor_seconds(root: int) -> dict[str, float]:
    """Return the processor time of a running process and its child processes so far, by their names.

    That of a process that has ended is lost; Spark ends a worker that was idle for a minute.
    """
    seconds: dict[str, float] = defaultdict(float)
    for pid, taken in _tree(root):
        seconds[_look(pid)[0]] += taken
    return seconds


def _tree(root: int) -> Iterator[tuple[int, float]]:
    """Yield all processes under `root`, and the processor time of each in seconds."""
    children = defaultdict(list)
    seconds = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # pid (name, may contain anything) state parent …, 10 others, user and system time in ticks
            words = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended
        pid = int(stat.parent.name)
        children[int(words[1])].append(pid)
        seconds[pid] = (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        yield pid, seconds.get(pid, 0.0)
        waiting += children[pid]


def _look(pid: int) -> tuple[str, float]:
    """Return the name of a process and its peak resident memory in MB; 0 if it has ended."""
    folder = Path(f"/proc/{pid}")
    try:
        words = (folder / "cmdline").read_text().split("\0")
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    except (FileNotFoundError, ProcessLookupError):
        return "ended", 0.0
    name = Path(words[0]).name
    if DAEMON in words:
        name = "worker"
    elif name.startswith("python"):
        name = "python"
    return name, int(status.get("VmHWM", "0 kB").split()[0]) / KIB_PER_MB
