"""What the program writes obeys the reader's terminal, encoding and pipes, and commands none of them."""

import os
import subprocess
import sys
import unicodedata

import pytest
from commands import unread
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.console import note, show, visible, visible_text

HOSTILE = [
    ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
    ("\x1b[2J", r"\x1b[2J"),
    ("a\rb", r"a\rb"),
    ("a\x08b\x0b\x0c\x00", r"a\x08b\x0b\x0c\x00"),
    ("\x7f\x9b2J", r"\x7f\x9b2J"),
    ("\u202egnp.exe\u2066\u2069", r"\u202egnp.exe\u2066\u2069"),
    ("\u200f\u061c", r"\u200f\u061c"),
    ("a\u2028b\u2029", r"a\u2028b\u2029"),
    ("caf\udce9", r"caf\udce9"),
    ("\ufeffid", r"\ufeffid"),
]
HARMLESS = ["café", "東京タワー", "می‌خواهم", "👩‍👩‍👧", "C:\\temp", "Sagrada Família, 1 200 m²", ""]
WRITE = "from landmark_lib.console import {0}; {0}({1!a})"


def written(function, text, **environment):
    """Let a process write a text; return what came out."""
    command = [sys.executable, "-c", WRITE.format(function, text)]
    environment = {**os.environ, **environment}
    return subprocess.run(command, env=environment, capture_output=True, check=False, timeout=60)


@pytest.mark.parametrize(("value", "shown"), HOSTILE)
def test_what_a_terminal_would_obey_is_shown_as_an_escape(value, shown, capsys):
    assert visible(value) == shown
    show(f"{value}\n\t{value}")
    note(value)
    assert capsys.readouterr() == (f"{shown}\n\t{shown}\n", f"{shown}\n")


@pytest.mark.parametrize("value", HARMLESS)
def test_letters_of_every_script_stay(value, capsys):
    assert visible(value) == value
    show(value)
    assert capsys.readouterr().out == value + "\n"


def test_a_value_cannot_start_a_line_and_a_text_can():
    assert visible("a\nerror: b\tc") == r"a\nerror: b\tc"
    assert visible_text("a\nb\tc") == "a\nb\tc"


@given(st.text(st.characters(codec=None)))
def test_nothing_that_steers_a_terminal_is_left(value):
    for left in (visible(value), visible_text(value).replace("\n", "").replace("\t", "")):
        left.encode()  # no lone surrogate
        assert not {unicodedata.category(character) for character in left} & {"Cc", "Cs", "Zl", "Zp"}
        directions = {unicodedata.bidirectional(character) for character in left}
        assert not directions & {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert len(visible(value).splitlines()) <= 1


@given(st.text())
def test_what_was_made_visible_once_stays_as_it_is(value):
    assert visible(visible(value)) == visible(value)


@pytest.mark.parametrize(
    ("encoding", "shown"), [("ascii", rb"caf\xe9 \u6771"), ("latin-1", b"caf\xe9 \\u6771"), ("utf-8", None)]
)
@pytest.mark.parametrize(("function", "stream"), [("show", "stdout"), ("note", "stderr")])
def test_a_character_that_the_output_cannot_encode_is_escaped(encoding, shown, function, stream):
    done = written(function, "café 東", PYTHONIOENCODING=f"{encoding}:strict")
    assert done.returncode == 0, done.stderr
    assert getattr(done, stream) == (shown or "café 東".encode()) + b"\n"


def test_the_c_locale_ends_in_no_error():
    done = written("show", "café", LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0")
    assert (done.returncode, done.stdout) == (0, b"caf\\xe9\n")


def test_the_program_ends_quietly_when_nobody_reads_its_results():
    program = "from landmark_lib.console import show; show('a'); raise ValueError"
    done = unread([sys.executable, "-c", program], "stdout", stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (141, b"")


def test_the_program_goes_on_when_nobody_reads_its_remarks():
    program = (
        "from landmark_lib.console import note, show; from landmark_lib.progress import progress\n"
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
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"cannot write to stdout: No space left on device\n")


def test_a_process_without_streams_writes_nothing_and_goes_on():
    program = (
        "from landmark_lib.console import note, show; from landmark_lib.progress import progress\n"
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
    environment = {**os.environ, "PYTHONIOENCODING": "ascii:strict"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    first, last = done.stderr.decode("ascii").splitlines()
    assert first.startswith(r"caf\xe9 \x1b[2J: 0/2 rows")
    assert r"\r\n\u6771" in last
