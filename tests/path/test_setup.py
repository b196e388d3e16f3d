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
    (project / "requirements").mkdir()
    shutil.copy(REPOSITORY / "requirements/uv.txt", project / "requirements")
    return tools, project


def put(folder, name, script):
    (folder / name).unlink(missing_ok=True)
    (folder / name).write_text(script)
    (folder / name).chmod(0o755)


def set_up(machine, **variables):
    tools, project = machine
    environment = {"PATH": str(tools), "HOME": str(project), **variables}
    done = subprocess.run(
        [project / "scripts/setup"], capture_output=True, text=True, env=environment, check=False
    )
    return done.returncode, done.stderr.splitlines(), {path.name for path in project.iterdir()}


def lacks(machine, message, **variables):
    status, lines, left = set_up(machine, **variables)
    assert status == 1
    assert len(lines) == 1
    assert message in lines[0]
    assert left == {"scripts", "requirements"}


def test_a_machine_without_python_and_network_is_asked_to_install_it(machine):
    (machine[0] / "python3.11").unlink()
    put(machine[0], "python3", "#!/bin/sh\nexit 1\n")  # another version, whose pip does not reach its index
    lacks(machine, "needs Python 3.11 or 3.12; install it")


def test_a_machine_without_python_uses_the_one_that_uv_installs_and_reports_where(machine):
    tools, _ = machine
    (tools / "python3.11").rename(tools / "python-of-uv")
    found = f'[ -e "$0.done" ] && echo {tools}/python-of-uv'
    put(tools, "uv", f'#!/bin/sh\ncase "$2" in install) echo >"$0.done";; find) {found};; esac\n')
    _, lines, _ = set_up(machine)
    assert lines[0].endswith(f"so uv downloaded Python 3.11: {tools}/python-of-uv")


def test_the_variable_python_decides_and_is_checked(machine):
    put(machine[0], "mine", "#!/bin/sh\nexit 1\n")
    lacks(machine, "PYTHON: expected Python 3.11 or 3.12, received mine", PYTHON="mine")


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
    status, lines, _ = set_up(machine)
    assert "needs" not in " ".join(lines)
    assert status != 0  # there are no lock files to install here
