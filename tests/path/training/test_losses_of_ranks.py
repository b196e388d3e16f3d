"""A rank that dies or hangs ends the job, with what happened, and leaves no process behind."""

import pytest
from commands import REPOSITORY, horovodrun
from processes import processes_on

pytestmark = pytest.mark.takes(60)

INTERRUPTED = str(REPOSITORY / "tests/support/interrupted.py")


@pytest.fixture
def train(small_dataset, tmp_path):
    """Train on two ranks, of which rank 1 gets a signal within a step."""

    def run(signal, *more, rank="1"):
        return horovodrun(
            *("python", INTERRUPTED, signal, "a step", rank),
            *("--dataset", small_dataset, "--models", str(tmp_path), "--member", "0", "--epochs", "3"),
            *("--backbone", "MobileNet", "--weights", "random", "--image-size", "32", "--batch-size", "4"),
            *("--learning-rate", "0.001", "--trainable-layers", "0", *more),
        )

    return run


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("SIGSTOP", "error: another rank died, or did not answer any more"),
        ("HANG", "ERROR rank 1: member 0: waited 15 seconds for training rows of epoch 2"),
    ],
)
def test_a_rank_that_does_not_answer_or_takes_no_step_ends_the_job(train, tmp_path, monkeypatch, how, told):
    monkeypatch.setenv("HOROVOD_GLOO_TIMEOUT_SECONDS", "10")
    done = train(how, "--stall-timeout", "15")
    assert done.returncode == 1
    assert told in done.stdout + done.stderr
    assert processes_on(tmp_path) == []


def test_a_rank_that_dies_ends_the_job(train, tmp_path):
    done = train("SIGKILL")
    assert done.returncode == 1
    assert processes_on(tmp_path) == []
    assert list((tmp_path / "member-0" / "checkpoints").glob("00001-*.npz"))


def test_a_slow_disk_and_a_machine_that_sleeps_are_waited_for(train, tmp_path):
    done = train("LATE,PAUSED", rank="all")
    assert done.returncode == 0, done.stderr
    told = "WARNING rank 0: member 0: waiting for training rows of epoch 2, 30 s so far; it ends after 600 s"
    assert told in done.stdout + done.stderr
    assert (tmp_path / "member-0" / "last.keras").exists()
