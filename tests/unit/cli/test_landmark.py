"""`landmark` runs each job, here or by the program that it needs, with one line for each mistake."""

import os
import shlex
import sys

import pytest

from landmark_lib import __version__
from landmark_lib.cli import launch, needs
from landmark_lib.cli.launch import Line, ranks_line, spark_line, without
from landmark_lib.cli.main import JOBS, SUMMARIES, landmark, main
from landmark_lib.errors import UserError
from landmark_lib.jobs import evaluate, train
from landmark_lib.running import status_of
from landmark_lib.settings import EvaluateSettings, TrainSettings

EVERYTHING = {need.module for need in (*needs.SPARK, *needs.TENSORFLOW, *needs.HOROVOD)}


@pytest.fixture
def installed(monkeypatch):
    """Return the packages that are found; a test may remove some."""
    present = set(EVERYTHING)
    monkeypatch.setattr(needs, "find_spec", lambda module: module if module in present else None)
    monkeypatch.setattr(needs, "find_java", lambda: "/usr/bin/java")
    return present


@pytest.fixture
def started(monkeypatch):
    """Return the commands that would have replaced this process."""
    commands = []

    def replace(program, words, environ):
        assert program == words[0]
        commands.append(words)
        raise SystemExit

    monkeypatch.setattr(os, "execve", replace)
    return commands


def status(*arguments):
    return status_of(landmark(), "landmark", list(arguments))


def test_without_a_command_all_commands_are_listed(capsys):
    assert status() == 0
    out = capsys.readouterr().out
    assert all(f"\n  {name}" in out and summary in out for name, summary in SUMMARIES.items())


def test_the_version_is_printed(capsys):
    assert status("--version") == 0
    assert capsys.readouterr().out == f"landmark-recognition, version {__version__}\n"


def test_a_misspelled_command_is_reported_in_one_line(capsys):
    assert status("trian") == 2
    assert capsys.readouterr().err.startswith("error: No such command 'trian'")


@pytest.mark.parametrize("name", JOBS)
def test_each_command_explains_itself_under_its_own_name(name, capsys):
    assert status(name, "--help") == 0
    assert capsys.readouterr().out.startswith(f"Usage: landmark {name} [OPTIONS]\n")


def test_a_job_runs_in_this_process(installed, monkeypatch):
    received = []

    def job(settings: EvaluateSettings) -> None:
        received.append(settings)

    monkeypatch.setattr(evaluate, "evaluate", job)
    assert status("evaluate", "--models", "/m") == 0
    assert received == [EvaluateSettings(models="/m")]


@pytest.mark.parametrize("ranks", [["--ranks", "2"], ["--ranks=2"]])
def test_ranks_are_started_by_horovodrun_with_the_other_options(ranks, installed, started, capsys):
    with pytest.raises(SystemExit):
        status("train", "--epochs", "3", *ranks, "--dataset", "my data")
    (words,) = started
    assert words[:6] == [sys.executable, "-P", "-m", "landmark_lib.horovodrun", "-np", "2"]
    assert words[6:] == [
        sys.executable,
        str(launch.JOBS / "train.py"),
        "--epochs",
        "3",
        "--dataset",
        "my data",
    ]
    assert capsys.readouterr().err == shlex.join(words) + "\n"


def test_without_ranks_training_stays_in_this_process(installed, started, monkeypatch):
    received = []

    def job(settings: TrainSettings) -> None:
        received.append(settings)

    monkeypatch.setattr(train, "train", job)
    assert status("train") == 0
    assert (received, started) == ([TrainSettings()], [])


def test_preprocessing_is_started_by_spark_submit(installed, started):
    with pytest.raises(SystemExit):
        status("preprocess", "--spark-submit-args", "--driver-memory 4g", "--input", "photos")
    (words,) = started
    assert words[1:3] == ["--driver-memory", "4g"]
    assert words[3:] == [str(launch.JOBS / "preprocess.py"), "--input", "photos"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--ranks", "0"], "--ranks: expected at least 1, received 0"),
        (["train", "--ranks", "two"], "Invalid value for '--ranks': expected a whole number, received 'two'"),
        (["train", "--ranks", "2", "--epochs", "x"], "--epochs: expected a whole number, received 'x'"),
        (["evaluate", "--ranks", "2"], "No such option '--ranks'"),
        (["preprocess", "--spark-submit-args", "'"], "--spark-submit-args: No closing quotation in '"),
        (["preprocess", "--cutoff", "x"], "--cutoff: expected a whole number, received 'x'"),
    ],
)
def test_a_mistake_is_reported_before_anything_is_started(arguments, message, installed, started, capsys):
    assert status(*arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"error: {message}")
    assert (err.count("\n"), started) == (1, [])


@pytest.mark.parametrize(
    ("job", "absent", "message"),
    [
        ("preprocess", "pyspark", 'preprocess needs pyspark: pip install "landmark-recognition[preprocess]"'),
        ("tune", "optuna", 'tune needs optuna: pip install "landmark-recognition[train]"'),
        ("predict", "horovod", 'predict needs horovod: pip install "landmark-recognition[train]"'),
    ],
)
def test_a_missing_package_is_reported_with_the_command_that_installs_it(
    job, absent, message, installed, started, capsys
):
    installed.remove(absent)
    assert status(job) == 2
    assert capsys.readouterr().err == f"error: {message} (see `landmark doctor`)\n"


def test_a_rank_starts_no_other_ranks(monkeypatch):
    monkeypatch.setenv("HOROVOD_RANK", "0")
    with pytest.raises(UserError, match="--ranks: horovodrun started this process already"):
        ranks_line("train", [], 2)


def test_the_line_can_be_pasted_into_the_same_shell(monkeypatch):
    monkeypatch.setattr(os, "environ", {"KEPT": "1", "CHANGED": "1", "DROPPED": "1"})
    line = Line(["run", "it's"], {"KEPT": "1", "CHANGED": "a b", "NEW": "2"})
    assert shlex.split(str(line)) == ["env", "-u", "DROPPED", "CHANGED=a b", "NEW=2", "run", "it's"]
    assert str(Line(["run"], os.environ)) == "run"


def test_spark_is_started_with_the_environment_of_this_projects_spark(monkeypatch):
    monkeypatch.setenv("SPARK_HOME", "/another")
    monkeypatch.setenv("SPARK_REMOTE", "sc://another")
    line = spark_line("preprocess", [], "")
    assert line.words[0] == f"{line.environ['SPARK_HOME']}/bin/spark-submit"
    assert "-u SPARK_REMOTE" in str(line)


def test_only_the_option_of_the_launcher_is_left_out():
    assert without("--ranks", ["--a", "--ranks", "2", "--ranks=3", "--ranksx", "b"]) == [
        "--a",
        "--ranksx",
        "b",
    ]


@pytest.mark.parametrize(
    ("words", "completions"),
    [
        ("landmark pre", ["plain,preprocess", "plain,predict"]),
        ("landmark train --ran", ["plain,--random-flip", "plain,--ranks"]),
        ("landmark train --optimizer s", ["plain,sgd"]),
        ("landmark train --dataset da", ["file,da"]),
    ],
)
def test_a_shell_completes_commands_options_words_and_files(words, completions, monkeypatch, capsys):
    monkeypatch.setenv("_LANDMARK_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    with pytest.raises(SystemExit):
        main()
    assert sorted(capsys.readouterr().out.splitlines()) == sorted(completions)
