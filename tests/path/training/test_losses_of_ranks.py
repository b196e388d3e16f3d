"""A rank that dies or hangs ends the job with a message and leaves no process behind."""

import pytest
import small_network
from commands import REPOSITORY, horovodrun
from processes import processes_on

pytestmark = pytest.mark.takes(60)

INTERRUPTED = str(REPOSITORY / "tests/support/interrupted.py")


@pytest.fixture
def train(small_dataset, tmp_path):
    """Return a function that trains on two ranks, of which rank 1 receives a signal within a step."""

    def run(signal, *more, rank="1"):
        return horovodrun(
            *("python", INTERRUPTED, signal, "a step", rank),
            *("--dataset", small_dataset, "--models", str(tmp_path), "--member", "0", "--epochs", "3"),
            *(*small_network.OPTIONS, "--learning-rate", "0.001", "--trainable-layers", "0", *more),
        )

    return run


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("SIGSTOP", "error: another rank died or stopped responding"),
        ("HANG", "ERROR rank 1: member 0: no training rows of epoch 2 for 15 seconds"),
    ],
)
def test_unresponsive_or_hanging_rank_ends_the_job(train, tmp_path, monkeypatch, how, message):
    monkeypatch.setenv("HOROVOD_GLOO_TIMEOUT_SECONDS", "10")
    done = train(how, "--stall-timeout", "15")
    assert done.returncode == 1
    assert message in done.stdout + done.stderr
    assert processes_on(tmp_path) == []


def test_killed_rank_ends_the_job(train, tmp_path):
    done = train("SIGKILL")
    assert done.returncode == 1
    assert processes_on(tmp_path) == []
    assert list((tmp_path / "member-0" / "checkpoints").glob("00001-*.npz"))


def test_slow_disk_and_sleeping_machine_do_not_end_the_job(train, tmp_path):
    done = train("LATE,PAUSED", rank="all")
    assert done.returncode == 0, done.stderr
    warning = "WARNING rank 0: member 0: waiting for training rows of epoch 2, 30 s so far; aborting after"
    assert f"{warning} 600 s" in done.stdout + done.stderr
    assert (tmp_path / "member-0" / "last.keras").exists()
