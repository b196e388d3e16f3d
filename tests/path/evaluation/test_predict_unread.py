"""Whoever stops reading what a prediction shows loses no file."""

import subprocess
import sys

from commands import REPOSITORY, unread

JOB = str(REPOSITORY / "jobs/predict.py")


def test_a_reader_that_stops_reading_loses_no_file(models, small_dataset, tmp_path):
    submission = tmp_path / "submission.csv"
    places = ["--dataset", small_dataset, "--models", str(models), "--output", str(tmp_path / "out")]
    command = [sys.executable, JOB, *places, "--submission", str(submission)]
    done = unread(command, "stdout", stderr=subprocess.PIPE)
    assert done.returncode == 141
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr
    assert submission.read_text().count("\n") == 8
