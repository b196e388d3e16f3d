"""Docker, or Podman behind Docker's interface: builds, runs, and runs the cluster of compose.yaml."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dockerfiles import DOCKER

PROJECT = "landmark-check"  # apart from a cluster that somebody runs


@dataclass(frozen=True)
class Engine:
    """What runs containers, and how compose reaches it."""

    program: str
    compose: list[str]
    environment: dict[str, str]

    def run(self, image: str, *command: str) -> str:
        """Run a command in a new container; return its output, without errors."""
        return self._said(self.program, "run", "--rm", "--cap-drop", "ALL", image, *command).stdout

    def build(self, *images: str) -> None:
        """Build images as `make images` does."""
        self._said(str(DOCKER / "build"), *images)

    def megabytes(self, image: str) -> int:
        """The size of an image, unpacked."""
        said = self._said(self.program, "image", "inspect", "--format", "{{.Size}}", image)
        return int(said.stdout) // 1_000_000

    def on_cluster(self, *words: str) -> str:
        """Run compose on the cluster; return its output, errors included."""
        file = ["--file", str(DOCKER / "compose.yaml"), "--project-name", PROJECT]
        done = self._said(*self.compose, *file, *words)
        return done.stdout + done.stderr

    def _said(self, *command: str) -> subprocess.CompletedProcess:
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done


@contextmanager
def container_engine(folder: Path) -> Iterator[Engine | None]:
    """Return what this machine has, or None."""
    compose = _compose()
    if compose and _answers("docker", "info"):
        yield Engine("docker", compose, {**os.environ, "IMAGE_BUILDER": "docker"})
    elif compose and _answers("podman", "info"):
        socket = f"unix://{folder}/podman.sock"
        command = ["podman", "system", "service", "--time", "0", socket]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as service, _health_asked():
            try:
                yield Engine(
                    "podman", compose, {**os.environ, "IMAGE_BUILDER": "podman", "DOCKER_HOST": socket}
                )
            finally:
                service.terminate()
    else:
        yield None


def _compose() -> list[str] | None:
    for command in (["docker", "compose"], ["docker-compose"]):
        if _answers(*command, "version") and not _said(*command, "version", "--short").startswith("1."):
            return command  # version 1, which Debian still has, knows another language
    return None


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _answers(*command: str) -> bool:
    return (
        bool(shutil.which(command[0]))
        and not subprocess.run(command, capture_output=True, check=False).returncode
    )


@contextmanager
def _health_asked() -> Iterator[None]:
    """Ask containers for their health now and then: Podman leaves that to systemd, which may be away."""
    over = threading.Event()

    def ask() -> None:
        label = f"label=com.docker.compose.project={PROJECT}"
        while not over.wait(3):
            listed = subprocess.run(
                ["podman", "ps", "--quiet", "--filter", label], capture_output=True, text=True, check=False
            )
            for container in listed.stdout.split():
                subprocess.run(["podman", "healthcheck", "run", container], capture_output=True, check=False)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        over.set()
        asking.join()
