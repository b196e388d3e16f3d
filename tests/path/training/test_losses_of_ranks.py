"""A rank that stops or hangs ends the job with a message and leaves no process behind; a slow one does not.

test_resume.py kills one.
"""

import pytest
import small_network
from commands import REPOSITORY, horovodrun
from processes import processes_on

pytestmark = pytest.mark.takes(45)

INTERRUPTED = str(REPOSITORY / "tests/support/interrupted.py")


@pytest.fixture
def options(small_dataset, tmp_path):
    return (
        *("--dataset", small_dataset, "--models", str(tmp_path), "--member", "0", "--epochs", "3"),
        *(*small_network.OPTIONS, "--learning-rate", "0.001", "--trainable-layers", "0"),
    )


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("SIGSTOP", "error: another rank died or stopped responding"),
        ("HANG", "ERROR rank 1: member 0: no training rows of epoch 2 for 15 seconds"),
    ],
)
def test_unresponsive_or_hanging_rank_ends_the_job(options, tmp_path, monkeypatch, how, message):
    monkeypatch.setenv("HOROVOD_GLOO_TIMEOUT_SECONDS", "10")
    done = horovodrun("python", INTERRUPTED, how, "a step", "1", *options, "--stall-timeout", "15")
    assert done.returncode == 1
    assert message in done.stdout + done.stderr
    assert processes_on(tmp_path) == []


def test_slow_disk_and_sleeping_machine_do_not_end_the_job(options, tmp_path, ranks):
    first, second = ranks.run("interrupted:train_here", "LATE,PAUSED", "a step", "all", *options)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    warning = "warning: rank 0: member 0: waiting for training rows of epoch 2, 30 s so far; aborting after"
    assert f"{warning} 600 s" in first.stderr
    assert (tmp_path / "member-0" / "last.keras").exists()
