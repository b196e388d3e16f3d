"""A process writes what its streams take: their encodings, full disks, closed pipes, terminals."""

import os
import pty
import subprocess
import sys
import termios
from contextlib import suppress

import pytest
from commands import REPOSITORY, run, unread

WRITE = "from landmark_lib.console import {0}; {0}({1!a})"


def ran(program, *arguments, stdout=subprocess.PIPE, **environment):
    """Run a program in a process of its own, with these variables added; its output is bytes."""
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, **environment},
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("encoding", "shown"), [("ascii", rb"caf\xe9 \u6771"), ("latin-1", b"caf\xe9 \\u6771"), ("utf-8", None)]
)
@pytest.mark.parametrize(("function", "stream"), [("show", "stdout"), ("note", "stderr")])
def test_a_character_that_the_output_cannot_encode_is_escaped(encoding, shown, function, stream):
    done = ran(WRITE.format(function, "café 東"), PYTHONIOENCODING=f"{encoding}:strict")
    assert done.returncode == 0, done.stderr
    assert getattr(done, stream) == (shown or "café 東".encode()) + b"\n"


def test_the_c_locale_ends_in_no_error():
    done = ran(WRITE.format("show", "café"), LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0")
    assert (done.returncode, done.stdout) == (0, b"caf\\xe9\n")


def test_the_program_ends_quietly_when_nobody_reads_its_results():
    program = "from landmark_lib.console import show; show('a'); raise ValueError"
    done = unread([sys.executable, "-c", program], "stdout", stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (141, b"")


def test_the_program_continues_when_nobody_reads_its_remarks():
    program = (
        "from landmark_lib.console import note, show; from landmark_lib.logs import start_logging\n"
        "from landmark_lib.progress import progress; start_logging()\n"
        "note('a')\n"
        "with progress('rows', 2, 'rows') as display: display.update(2)\n"
        "note('b')\n"
        "show('done')\n"
    )
    done = unread([sys.executable, "-c", program], "stderr", stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (0, b"done\n")


def test_a_full_disk_under_stdout_is_an_error_of_one_line():
    program = (
        "from landmark_lib.console import note, show; from landmark_lib.errors import LandmarkError\n"
        "try: show('a')\n"
        "except LandmarkError as error: note(str(error))\n"
    )
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = ran(program, stdout=full)
    assert (done.returncode, done.stderr) == (0, b"cannot write to stdout: No space left on device\n")


def test_a_process_without_streams_writes_nothing_and_continues():
    program = (
        "from landmark_lib.console import note, show; from landmark_lib.logs import start_logging\n"
        "from landmark_lib.progress import progress; start_logging()\n"
        "show('a'); note('b')\n"
        "with progress('rows', 2, 'rows') as display: display.update(2)\n"
    )
    command = ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", sys.executable, "-c", program]
    assert subprocess.run(command, check=False, timeout=60).returncode == 0


def test_progress_is_shown_in_characters_that_the_output_encodes():
    program = (
        "from landmark_lib.logs import start_logging; from landmark_lib.progress import progress\n"
        "start_logging()\n"
        "with progress('caf\\xe9 \\x1b[2J', 2, 'rows') as display:\n"
        "    display.set_postfix_str('\\r\\n\\u6771', refresh=False); display.update(2)\n"
    )
    done = ran(program, PYTHONIOENCODING="ascii:strict")
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.decode("ascii").splitlines()
    assert line.startswith(r"caf\xe9 \x1b[2J: 2/2 rows")
    assert r"\r\n\u6771" in line


COUNT_TO_THREE = """
from landmark_lib.logs import start_logging
start_logging()
from landmark_lib.progress import progress
with progress("corpus", 3, "photos") as display:
    for _ in range(3):
        display.update(1)
"""


# What spark-submit does with the program it is given.
COPY_OUTPUT = f"""
import os, subprocess, sys
environment = {{**os.environ, "PYSPARK_GATEWAY_PORT": "1"}}
command = [sys.executable, "-c", {COUNT_TO_THREE!r}]
done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, check=True)
sys.stdout.buffer.write(done.stdout)
"""


def shown_on_a_terminal(program, columns=80):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    subprocess.run([sys.executable, "-c", program], stdout=theirs, stderr=theirs, check=True)
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # how Linux ends the stream of a closed terminal
        while part := os.read(ours, 10_000):
            shown += part
    os.close(ours)
    return shown.decode()


@pytest.mark.parametrize(
    ("program", "columns"),
    [(COUNT_TO_THREE, 80), (COPY_OUTPUT, 80), (COUNT_TO_THREE, 0)],
    ids=["python", "spark-submit", "width unknown"],
)
def test_a_terminal_gets_a_bar_that_is_drawn_over(program, columns):
    shown = shown_on_a_terminal(program, columns)
    assert "\rcorpus:   0%|" in shown
    assert "\rcorpus: 100%|" in shown
    assert shown.count("\n") <= 1


@pytest.mark.parametrize(("options", "shown"), [("", "Starting Java …\r\n"), ("'--quiet'", "")])
def test_spark_submit_reports_on_a_terminal_that_java_starts(options, shown):
    program = (
        "import sys; from landmark_lib.preprocess import submit\n"
        f"submit.SUBMIT = '/bin/true'; sys.argv += ['job.py', {options}]; submit.main()\n"
    )
    assert shown_on_a_terminal(program) == shown


def test_an_error_that_nobody_foresaw_shows_its_traceback_without_control_characters():
    program = (
        "from landmark_lib.command_line import run_job; from landmark_lib.settings import TrainSettings\n"
        "def job(settings): raise ZeroDivisionError('\\x1b[2J\\nlabel')\n"
        "run_job(TrainSettings, job)\n"
    )
    done = run(sys.executable, "-c", program)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last):\n")
    assert done.stderr.endswith("ZeroDivisionError: \\x1b[2J\nlabel\n")


def test_help_is_shown_where_the_output_knows_ascii_only():
    program = (
        "from landmark_lib.command_line import run_job; from landmark_lib.settings import TrainSettings\n"
        "run_job(TrainSettings, print)\n"
    )
    for encoding in ("ascii", "latin-1"):
        done = ran(program, "--help", PYTHONIOENCODING=f"{encoding}:strict")
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"(of ResNet50 0 \\u2026" in done.stdout.replace(b"\n", b" ")


@pytest.mark.parametrize("job", ["preprocess", "train", "tune", "evaluate", "predict"])
def test_a_reader_that_stops_reading_ends_a_command_without_a_word(job):
    command = [sys.executable, str(REPOSITORY / f"jobs/{job}.py"), "--help"]
    done = unread(command, "stdout", stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (141, b"")
