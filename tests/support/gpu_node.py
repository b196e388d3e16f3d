"""A GPU node without a cloud: its scripts and its unit, with stand-ins for the machine's programs."""

import os
import re
import signal
import subprocess
from configparser import RawConfigParser
from dataclasses import dataclass
from pathlib import Path

from commands import BIN, REPOSITORY
from waiting import wait_until

TEMPLATES = REPOSITORY / "terraform/templates"
IMAGE = "registry/landmark-train:1"
OF_THE_MACHINE = re.compile(r"(?<![\w.:/])/(?=(?:etc|run|var/lib|usr/local/bin|usr/share/keyrings)/)")

VALUES = {
    "image": IMAGE,
    "project": "my-project-1",
    'join(" ", node_names)': "node-0",
    "ssh_secret": "",
    "max_run_hours": "24",
    "schedules": "",
    "restart": "no",
}

SLOWER = 10  # times that a machine with many tests may be slower than one with one job

# Notes how it is called, and runs a container's command in its place, with the variables that it would have.
DOCKER = """
[[ $1 != wait ]] || echo 0
[[ $1 != login ]] || cat >/dev/null
[[ "$1 $*" == run* && $* != *--detach* ]] || exit 0
while [[ $1 != "$IMAGE" ]]; do
  if [[ $1 == --env ]]; then export "${2/\\/data/$ROOT/data}"; fi
  shift
done
export LANDMARK_STOP_SECONDS=$((LANDMARK_STOP_SECONDS * SLOWER))
exec "${@:2}"
"""
# Knows one unit, and whether the machine is about to end.
SYSTEMCTL = """
case "$*" in
  is-system-running) cat "$ROOT/state" ;;
  show*) cat "$ROOT/unit" ;;
esac
"""
CURL = """
case "$*" in
  *token*) echo '{"access_token": "the-token"}' ;;
  *cloudscheduler*) printf 200 ;;
  *secrets*)
    for word; do if [[ $word == @* ]]; then cat "${word#@}" >"$ROOT/header"; fi; done
    printf '{"payload": {"data": "%s"}}' "$(base64 --wrap 0 "$ROOT/archive")"
    ;;
  *gpgkey) cat "$ROOT/sent" ;;
esac
"""
MAKE_FOLDERS = 'for word; do [[ $word != /* ]] || mkdir -p "$word"; done'  # as whoever runs the tests


@dataclass(frozen=True)
class GpuNode:
    """A node, whose machine is a folder.

    Attributes:
        root: The folder.
    """

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """The variables of all that runs on it."""
        path = f"{self.root}/bin:{self.root}/usr/local/bin:{BIN}:{os.environ['PATH']}"
        stand_ins = {"ROOT": str(self.root), "IMAGE": IMAGE, "SLOWER": str(SLOWER)}
        return {**os.environ, **stand_ins, "PATH": path, "HOSTNAME": "node-0"}

    @property
    def ready(self) -> Path:
        """What the start-up script leaves at its end."""
        return self.root / "run/landmark/ready"

    @property
    def job(self) -> Path:
        """The command to resume."""
        return self.root / "var/lib/landmark-job"

    def put(self, name: str, text: str) -> None:
        """Put a program before those of this machine; it notes its calls."""
        program = self.root / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/bash\necho "{name} $*" >>"$ROOT/calls"\n{text}\n')
        program.chmod(0o755)

    def calls(self, name: str) -> list[str]:
        """Return the calls of a program so far, and forget all."""
        calls = self.root / "calls"
        lines = calls.read_text().splitlines() if calls.exists() else []
        calls.unlink(missing_ok=True)
        return [line.removeprefix(f"{name} ") for line in lines if line.startswith(f"{name} ")]

    def landmark(self, *words: str, **variables: str) -> subprocess.CompletedProcess:
        """Run the command `landmark` of the node."""
        return subprocess.run(
            ["bash", self.root / "usr/local/bin/landmark", *words],
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self, step: str = "main", **values: str) -> subprocess.CompletedProcess:
        """Run the start-up script, or a step of it.

        Args:
            step: A function of the script, and its arguments.
            values: Values of the template that are not those of one node.
        """
        functions = on_machine(startup_script(**values), self.root).removesuffix("\nmain\n")
        return subprocess.run(
            ["bash", "-c", f"{functions}\n{step}"],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def startup_script(**values: str) -> str:
    """Return the start-up script as terraform renders it."""
    values = VALUES | values
    unit = render((TEMPLATES / "landmark-job.service").read_text(), values)
    command = (TEMPLATES / "landmark.sh").read_text()
    text = (TEMPLATES / "train_startup.sh.tftpl").read_text()
    return render(text, {**values, "unit": unit, "command": command})


def render(template: str, values: dict[str, str]) -> str:
    """Return a template of terraform with values in it."""
    found = re.compile(r"\$(\$\{)|\$\{([^}]+)\}")
    return found.sub(lambda match: match[1] or values[match[2]], template)


def on_machine(text: str, root: Path) -> str:
    """Return a script with the paths of the machine in a folder."""
    return OF_THE_MACHINE.sub(f"{root}/", text)


def gpu_node(root: Path, nodes: str = "node-0", schedules: str = "") -> GpuNode:
    """Return a node that has its command, and is not ready."""
    node = GpuNode(root)
    folders = ("etc/apt/sources.list.d", "etc/systemd/system", "usr/share/keyrings", "usr/local/bin")
    for folder in (*folders, "run/landmark", "var/lib", "data"):
        (root / folder).mkdir(parents=True)
    settings = {"image": IMAGE, "nodes": nodes, "hours": "24", "schedules": schedules}
    (root / "etc/landmark-node").write_text(
        "".join(f"{name}='{value}'\n" for name, value in settings.items())
    )
    command = root / "usr/local/bin/landmark"
    command.write_text(on_machine((TEMPLATES / "landmark.sh").read_text(), root))
    command.chmod(0o755)
    (root / "etc/hosts").touch()
    (root / "state").write_text("running\n")
    (root / "unit").write_text("inactive\n")
    stand_ins = {"docker": DOCKER, "systemctl": SYSTEMCTL, "curl": CURL, "install": MAKE_FOLDERS}
    silent = dict.fromkeys(("apt-get", "chown", "nvidia-ctk", "sleep"), "")
    for name, text in (stand_ins | silent).items():
        node.put(name, text)
    return node


class JobUnit:
    """landmark-job.service, run as systemd runs it."""

    def __init__(self, node: GpuNode) -> None:
        """Read the unit."""
        unit = RawConfigParser()
        unit.optionxform = str
        text = render((TEMPLATES / "landmark-job.service").read_text(), VALUES)
        unit.read_string(on_machine(text, node.root))
        self._service, self._node = unit["Service"], node
        self.log = node.root / "journal"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run ExecStartPre and begin ExecStart."""
        (self._node.root / "state").write_text("running\n")
        assert self._run("ExecStartPre") == 0, self.log.read_text()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._service["ExecStart"].split(),
                env=self._node.environment,
                stdout=log,
                stderr=log,
                cwd=REPOSITORY,
            )

    def await_line(self, text: str) -> None:
        """Wait until the job has written a text."""

        def seen() -> bool:
            assert self._process.poll() is None, self.log.read_text()
            return text in self.log.read_text()

        wait_until(seen, 300)

    def end_with_the_machine(self) -> int:
        """Stop as at a shutdown; return the job's exit status, which the unit does not await forever."""
        (self._node.root / "state").write_text("stopping\n")
        self._process.send_signal(signal.SIGTERM)  # KillMode=mixed: the main process alone
        status = self._process.wait(timeout=SLOWER * float(self._service["TimeoutStopSec"]))
        return self._after(status)

    def await_end(self) -> int:
        """Wait until the job has ended by itself; return its exit status."""
        return self._after(self._process.wait(timeout=600))

    def _after(self, status: int) -> int:
        result = "exit-code" if status else "success"
        assert self._run("ExecStopPost", SERVICE_RESULT=result, EXIT_STATUS=str(status)) == 0
        return status

    def _run(self, line: str, **variables: str) -> int:
        with self.log.open("ab") as log:
            return subprocess.call(
                self._service[line].split(),
                env={**self._node.environment, **variables},
                stdout=log,
                stderr=log,
            )
