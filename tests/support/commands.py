"""The commands that a user types, run as after activation."""

import os
import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
REPOSITORY = Path(__file__).parents[2]


def run(*command: str, timeout: float = 300) -> subprocess.CompletedProcess:
    """Run a command with the environment's programs first in the path, as after activation."""
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "TF_CPP_MIN_LOG_LEVEL": "2"}
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=timeout, check=False
    )


def horovodrun(*command: str, ranks: int = 2) -> subprocess.CompletedProcess:
    """Run a command on so many ranks of this machine."""
    return run("horovodrun", "-np", str(ranks), *command)


def unread(command: list[str], stream: str, **others) -> subprocess.CompletedProcess:
    """Run a command of which `stream` is a pipe that nobody reads, as after `| head`."""
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "TF_CPP_MIN_LOG_LEVEL": "2"}
    read, write = os.pipe()
    os.close(read)
    try:
        return subprocess.run(command, env=environment, timeout=300, check=False, **{stream: write}, **others)
    finally:
        os.close(write)
