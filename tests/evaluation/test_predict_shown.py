"""What predictions show harms no terminal, and whoever stops reading it loses no file."""

import runpy
import subprocess
import sys

import numpy as np
from commands import REPOSITORY, unread
from PIL import Image

from landmark_lib.command_line import exit_status
from landmark_lib.settings import PredictSettings

JOB = str(REPOSITORY / "jobs/predict.py")
NAMES = ["\x1b[2J", "\x1b]0;owned\x07", "a\rb", "a\nerror: fake", "\u202egnp", "\x9b1A"]


def test_photos_of_every_name_are_answered_in_lines_of_text(models, tmp_path, capsys):
    for name in NAMES:
        Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(tmp_path / f"{name}.png")
    (tmp_path / "no\x1b[2Jphoto").write_text("text")
    options = ["--input", str(tmp_path), "--models", str(models), "--output", str(tmp_path / "out\x1b[2J")]
    assert exit_status(PredictSettings, runpy.run_path(JOB)["predict"], options) == 0
    out, err = capsys.readouterr()
    lines = (out + err).removesuffix("\n").split("\n")
    assert all(line.isprintable() for line in lines), lines
    firsts = {line.partition(".png: ")[0] for line in lines if "of 3 members" in line}
    assert firsts == {r"\x1b[2J", r"\x1b]0;owned\x07", r"a\rb", r"a\nerror: fake", r"\u202egnp", r"\x9b1A"}


def test_a_reader_that_stops_reading_loses_no_file(models, small_dataset, tmp_path):
    submission = tmp_path / "submission.csv"
    places = ["--dataset", small_dataset, "--models", str(models), "--output", str(tmp_path / "out")]
    command = [sys.executable, JOB, *places, "--submission", str(submission)]
    done = unread(command, "stdout", stderr=subprocess.PIPE)
    assert done.returncode == 141
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr
    assert submission.read_text().count("\n") == 8
