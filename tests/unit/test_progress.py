"""Progress is a bar on a terminal, lines elsewhere, and nothing on other ranks."""

import pytest

from landmark_lib import progress as module
from landmark_lib.console import COLUMNS
from landmark_lib.progress import progress


def count(total, *, shown=True):
    with progress("corpus", total, "photos", shown=shown) as display:
        for _ in range(total):
            display.update(1)


@pytest.fixture
def always(monkeypatch):
    """Let a line be due after each update."""
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LINES", 1e-9)


@pytest.mark.usefixtures("always")
def test_log_has_complete_lines_and_ends_with_the_last(capsys):
    count(3)
    err = capsys.readouterr().err
    *_, last = err.splitlines()
    assert last.startswith("corpus: 3/3 photos in 00:00, ")
    assert "\r" not in err


def test_lines_of_work_beside_other_work_are_written_one_below_the_other(capsys):
    with progress("corpus", 3, "photos") as outer:
        count(2)
        outer.update(3)
    count(1)  # while the finished display is still referenced
    out, err = capsys.readouterr()
    assert [line.partition(" in ")[0] for line in err.splitlines()] == [
        f"corpus: {photos} photos" for photos in ("2/2", "3/3", "1/1")
    ]
    assert err.replace("\n", "").isprintable()
    assert out == ""


def test_work_that_ends_before_a_line_is_due_logs_its_end_alone(capsys):
    count(100_000)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("corpus: 100000/100000 photos in 00:0")
    with progress("epoch", 1, "images", kept=False) as display:
        display.update(1)
    assert capsys.readouterr().err == ""  # its result has the same numbers


@pytest.mark.usefixtures("always")
def test_other_ranks_display_nothing(capsys):
    count(3, shown=False)
    assert capsys.readouterr().err == ""


def test_a_rank_shows_a_bar_where_horovodrun_writes_to_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv(COLUMNS, "80")
    count(1)
    assert "\r" not in capsys.readouterr().err  # not under horovodrun
    monkeypatch.setenv("HOROVOD_RANK", "0")
    count(1)
    bars = capsys.readouterr().err.strip("\n").split("\r")
    assert bars[-1].startswith("corpus: 100%|")
    assert "1/1 photos [00:00<00:00, " in bars[-1]
    assert len(f"[0]<stderr>:{bars[-1]}") <= 80


def test_a_bar_that_a_result_replaces_leaves_its_line_empty(capsys, monkeypatch):
    monkeypatch.setenv(COLUMNS, "80")
    monkeypatch.setenv("HOROVOD_RANK", "0")
    with progress("epoch", 1, "images", kept=False) as display:
        display.update(1)
    *_, wiped, left = capsys.readouterr().err.split("\r")
    assert (wiped.strip(), left) == ("", "")


@pytest.mark.parametrize(
    ("rate", "speed"),
    [(None, "? trials/s"), (1 / 34.81, "34.8 s each"), (12.345, "12.3 trials/s"), (0.5, "2 s each")],
)
def test_the_speed_is_that_of_units_or_the_time_of_each(rate, speed):
    assert module._speed({"n": 0, "initial": 0, "elapsed": 0, "rate": rate, "unit": "trials"}) == speed
