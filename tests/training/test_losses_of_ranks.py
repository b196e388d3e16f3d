"""A rank that dies or hangs ends the job, with what happened, and leaves no process behind."""

from pathlib import Path

import pytest
from commands import horovodrun
from processes import processes_on

INTERRUPTED = str(Path(__file__).with_name("interrupted.py"))


@pytest.fixture
def train(small_dataset, tmp_path):
    """Train on two ranks, of which rank 1 gets a signal within a step."""

    def run(signal):
        return horovodrun(
            *("python", INTERRUPTED, signal, "a step", "1"),
            *("--dataset", small_dataset, "--models", str(tmp_path), "--member", "0", "--epochs", "3"),
            *("--backbone", "MobileNet", "--weights", "random", "--image-size", "32", "--batch-size", "4"),
            *("--learning-rate", "0.001", "--trainable-layers", "0", "--stall-timeout", "15"),
        )

    return run


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("SIGSTOP", "error: another rank died, or did not answer any more"),
        ("HANG", "error: rank 1: member 0: no rows came for 15 seconds"),
    ],
)
def test_a_rank_that_does_not_answer_or_takes_no_step_ends_the_job(train, tmp_path, monkeypatch, how, told):
    monkeypatch.setenv("HOROVOD_GLOO_TIMEOUT_SECONDS", "10")
    done = train(how)
    assert done.returncode == 1
    assert told in done.stdout + done.stderr
    assert processes_on(tmp_path) == []


def test_a_rank_that_dies_ends_the_job(train, tmp_path):
    done = train("SIGKILL")
    assert done.returncode == 1
    assert processes_on(tmp_path) == []
    assert list((tmp_path / "member-0" / "checkpoints").glob("00001-*.npz"))
