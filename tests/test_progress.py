"""Progress is a bar on a terminal, whole lines elsewhere, and nothing on silent ranks."""

import os
import pty
import subprocess
import sys
import termios
from contextlib import suppress

import pytest

from landmark_lib.progress import progress

COUNT_TO_THREE = """
from landmark_lib.logs import start_logging
start_logging()
from landmark_lib.progress import progress
with progress("corpus", 3, "photos") as display:
    for _ in range(3):
        display.update(1)
"""


def count(total, *, speaks=True):
    with progress("corpus", total, "photos", speaks=speaks) as display:
        for _ in range(total):
            display.update(1)


def test_a_log_gets_whole_lines_from_the_first_to_the_last(capsys):
    count(3)
    err = capsys.readouterr().err
    first, last = err.splitlines()
    assert first.startswith("corpus: 0/3 photos in 00:00")
    assert last.startswith("corpus: 3/3 photos in 00:00")
    assert "\r" not in err


def test_a_log_gets_few_lines_however_often_the_display_is_updated(capsys):
    count(100_000)
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_silent_ranks_say_nothing(capsys):
    count(3, speaks=False)
    assert capsys.readouterr().err == ""


# What spark-submit does with the program it is given.
COPY_OUTPUT = f"""
import os, subprocess, sys
environment = {{**os.environ, "PYSPARK_GATEWAY_PORT": "1"}}
command = [sys.executable, "-c", {COUNT_TO_THREE!r}]
done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, check=True)
sys.stdout.buffer.write(done.stdout)
"""


def shown_on_a_terminal(program):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    subprocess.run([sys.executable, "-c", program], stdout=theirs, stderr=theirs, check=True)
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # how Linux ends the stream of a closed terminal
        while part := os.read(ours, 10_000):
            shown += part
    os.close(ours)
    return shown.decode()


@pytest.mark.parametrize("program", [COUNT_TO_THREE, COPY_OUTPUT], ids=["python", "spark-submit"])
def test_a_terminal_gets_a_bar_that_is_drawn_over(program):
    shown = shown_on_a_terminal(program)
    assert "\rcorpus:   0%|" in shown
    assert "\rcorpus: 100%|" in shown
    assert shown.count("\n") <= 1
