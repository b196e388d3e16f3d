"""A trial that trains convolutional layers is a job of horovodrun: watched, ended early, stopped, resumed."""

import re
from dataclasses import dataclass, replace

import pytest
from commands import REPOSITORY
from small_dataset import write_small_dataset
from small_ensemble import finished_member

from landmark_lib.dataset import read_manifest
from landmark_lib.errors import FailedError, PrunedError, StoppedError
from landmark_lib.settings import TuneSettings, from_flat
from landmark_lib.storage import Place
from landmark_lib.training.history import read_history
from landmark_lib.training.member_data import read_member_data
from landmark_lib.training.member_record import DIVERGED, write_member
from landmark_lib.tuning.jobs import TrainingJob, _failure, train_by_job
from landmark_lib.tuning.locks import try_lock

pytestmark = pytest.mark.takes(30)


@dataclass
class Asked:
    """A stop request without a signal, which would reach the tests."""

    asked: bool = False


class Trial:
    """A trial of a small network on a small data set, and its results."""

    def __init__(self, folder):
        root = str(folder / "dataset")
        write_small_dataset(root, members=1, validation=(16,))
        self.data = read_member_data(root, read_manifest(root), 0)
        tuned = from_flat(
            TuneSettings,
            {
                "dataset": root,
                "backbone": "SmallNet",
                "weights": "random",
                "image_size": 32,
                "batch_size": 4,
                "epochs": 1000,  # so many that it is stopped before the last one on any machine
                "trainable_layers": "1",
                "horovodrun_args": "-np 1 -H localhost:1",
            },
        )
        self.folder = folder / "trial"
        self.settings = tuned.of_trial({**tuned.search.defaults, "learning_rate": 1e-3}, 0, str(self.folder))
        self.stop, self.epochs, self.accuracies = Asked(), [], []

    def run(self, *, prune_after=None, stop_after=None):
        def report(epoch, accuracy):
            self.epochs.append(epoch)
            self.accuracies.append(accuracy)
            self.stop.asked |= epoch == stop_after  # several epochs may be reported at once
            return epoch == prune_after

        with try_lock(self.folder / "lock") as lock:
            job = TrainingJob(
                REPOSITORY / "tests/support/small_network.py", "-np 1", self.folder, lock.fileno()
            )
            return train_by_job(job, self.settings, self.data, self.stop, report)

    @property
    def models(self):
        return [path for path in self.folder.rglob("*") if path.suffix in (".keras", ".npz")]


@pytest.fixture
def trial(tmp_path):
    return Trial(tmp_path)


def test_stopped_trial_is_resumed_and_pruned_trial_leaves_no_model(trial):
    with pytest.raises(StoppedError):
        trial.run(stop_after=1)
    assert trial.models  # its checkpoint
    done, trial.stop.asked = len(read_history(Place(str(trial.folder / "member-0")))), False
    with pytest.raises(PrunedError, match=f"ended after epoch {done + 1}"):
        trial.run(prune_after=done + 1)
    assert re.search(r"resuming after \d+ epochs", (trial.folder / "train.log").read_text())
    assert not trial.models
    with try_lock(trial.folder / "lock") as lock:  # which the job held as long as it ran
        assert lock


@pytest.mark.parametrize(
    ("ended", "log", "kind", "why"),
    [
        (DIVERGED, "epoch 1\nerror: member 0: loss became nan at step 3\n", PrunedError, "loss became nan"),
        (DIVERGED, "some other words\n", PrunedError, "ended with status 1, see .*train.log"),
        ("", "error: member 0: loss became nan at step 3\n", FailedError, "loss became nan"),
        ("", "error: first\n[0]<stderr>:error: no space left\nexit code 1\n", FailedError, "no space left"),
        (None, "horovodrun was killed\n", FailedError, "ended with status 1, see .*train.log"),
    ],
)
def test_member_json_decides_whether_a_failed_job_diverged(tmp_path, ended, log, kind, why):
    directory = Place(str(tmp_path / "member-0"))
    if ended is not None:
        write_member(directory, replace(finished_member("rows"), finished=False, ended=ended))
    (tmp_path / "train.log").write_text(log)
    failure = _failure(directory, tmp_path / "train.log", 1)
    assert isinstance(failure, kind)
    assert re.search(why, str(failure))
