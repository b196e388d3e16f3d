"""Our code as it gets to a cluster: by the commands of terraform's outputs, into a Python that lacks it."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from commands import BIN, REPOSITORY

OUTPUTS = (REPOSITORY / "terraform/outputs.tf").read_text()


def command_of(output: str) -> str:
    """Read the command that an output gives."""
    pattern = rf'^output "{output}" {{.*?<<-COMMAND\n(.*?)^  COMMAND'
    return re.search(pattern, OUTPUTS, re.DOTALL | re.MULTILINE)[1]


def package_code(folder: Path) -> Path:
    """Package a copy of the code as documented; return the file for --py-files."""
    _build(folder, ["bash", "-euc", command_of("package_code")])
    return folder / re.search(r"--py-files (\S+)", command_of("submit_preprocess"))[1]


def install_code(folder: Path) -> Path:
    """Install the code into a Python that has the packages of others; return the folder of its programs."""
    python = python_of_a_node(folder / "python")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-compile", "."]
    _build(folder / "code", pip)
    return python.parent


def _build(folder: Path, command: list[str]) -> None:
    """Run a command that builds in a copy of the code, because a build leaves its folders beside setup.py."""
    for package in ("landmark_lib", "landmark_sample"):
        shutil.copytree(REPOSITORY / package, folder / package)
    for name in ("setup.py", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, folder)
    environment = {
        **os.environ,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        # What builds it is installed, and pip looks for no other.
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_NO_INDEX": "1",
        "PIP_QUIET": "1",
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr


def python_of_a_node(folder: Path) -> Path:
    """Make a Python with the packages of others and without ours, as an initialisation action does."""
    venv.create(folder, with_pip=False, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    # A folder named here is on the path, but the names of folders in it are not: ours is among those.
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
    python = folder / "bin/python"
    found = subprocess.run(
        [python, "-c", "import importlib.util; print(importlib.util.find_spec('landmark_lib'))"],
        cwd=folder,
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == "None\n"
    return python
