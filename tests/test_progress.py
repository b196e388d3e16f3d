"""Progress is a bar on a terminal, whole lines elsewhere, and nothing on silent ranks."""

import os
import pty
import subprocess
import sys
import termios
from contextlib import suppress

from landmark_lib.progress import progress

COUNT_TO_THREE = """
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


def shown_on_a_terminal(program):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    subprocess.run([sys.executable, "-c", program], stderr=theirs, check=True)
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # how Linux ends the stream of a closed terminal
        while part := os.read(ours, 10_000):
            shown += part
    os.close(ours)
    return shown.decode()


def test_a_terminal_gets_a_bar_that_is_drawn_over():
    shown = shown_on_a_terminal(COUNT_TO_THREE)
    assert "\rcorpus:   0%|" in shown
    assert "\rcorpus: 100%|" in shown
    assert shown.count("\n") <= 1
