"""A trial outlives the worker that was killed while running it."""

import signal
import sys

from commands import run
from optuna.trial import TrialState
from search_fixtures import opened

CLAIM = """
import os, signal, sys
from landmark_lib.settings import TuneSettings
from landmark_lib.tuning.study import SharedStudy
claim = SharedStudy(TuneSettings(models=sys.argv[1]), 2, "rows").claim()
claim.report(1, 0.25)
print(claim.trial.number, claim.parameters["dropout"], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_trial_of_a_killed_worker_is_resumed(tmp_path, claimed):
    killed = run(sys.executable, "-c", CLAIM, str(tmp_path))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    study = opened(tmp_path)
    claim = study.claim()
    assert f"{claim.trial.number} {claim.parameters['dropout']}\n" == killed.stdout
    claim.report(1, 0.75)  # which was reported before
    claim.report(2, 0.5)
    study.finish(claim, TrialState.COMPLETE, 0.5)
    assert study.trials[0].intermediate_values == {1: 0.25, 2: 0.5}
    assert claimed(study).trial.number == 1
