"""Set-up reports in one line what a machine lacks, before it downloads anything."""

import shutil
import subprocess

import pytest
from commands import REPOSITORY

TOOLS = ("bash", "env", "dirname", "sed", "uname", "mkdir", "touch", "rm", "awk", "df", "make", "g++")
PYTHON = "#!/bin/sh\nexit 0\n"  # answers every question about its version and modules with yes


@pytest.fixture
def machine(tmp_path):
    """Return the folders of tools and of the project of a machine with everything that set-up needs."""
    tools, project = tmp_path / "bin", tmp_path / "project"
    tools.mkdir()
    for name in TOOLS:
        (tools / name).symlink_to(shutil.which(name))
    put(tools, "python3.11", PYTHON)
    (project / "scripts").mkdir(parents=True)
    shutil.copy(REPOSITORY / "scripts/setup", project / "scripts")
    return tools, project


def put(folder, name, script):
    (folder / name).unlink(missing_ok=True)
    (folder / name).write_text(script)
    (folder / name).chmod(0o755)


def set_up(machine):
    tools, project = machine
    environment = {"PATH": str(tools), "HOME": str(project)}
    done = subprocess.run(
        [project / "scripts/setup"], capture_output=True, text=True, env=environment, check=False
    )
    return done.returncode, done.stderr.splitlines(), [path.name for path in project.iterdir()]


def lacks(machine, message):
    status, lines, left = set_up(machine)
    assert status == 1
    assert len(lines) == 1
    assert message in lines[0]
    assert left == ["scripts"]


def test_a_machine_without_python_3_11_is_asked_to_install_it(machine):
    (machine[0] / "python3.11").unlink()
    put(machine[0], "python3", "#!/bin/sh\nexit 1\n")  # another version
    lacks(machine, "needs Python 3.11; install it")


def test_a_machine_without_a_compiler_is_asked_to_install_one(machine):
    (machine[0] / "g++").unlink()
    lacks(machine, "needs a C++ compiler")


def test_a_python_without_venv_is_reported_with_the_package_to_install(machine):
    put(machine[0], "python3.11", '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\n')
    lacks(machine, "lacks its venv module")


def test_a_full_disk_is_reported_before_anything_is_downloaded(machine):
    put(machine[0], "df", "#!/bin/sh\necho Filesystem\necho /dev/disk 9999 9000 999 90% /\n")
    lacks(machine, "MB of free disk space")


def test_a_machine_with_everything_continues(machine):
    _, _, left = set_up(machine)
    assert "scripts" in left
    status, lines, _ = set_up(machine)
    assert "needs" not in " ".join(lines)
    assert status != 0  # there are no lock files to install here
