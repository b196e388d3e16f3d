"""Trials with free layers: jobs of horovodrun, whose histories are read while they run."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import yaml

from landmark_lib.errors import FailedError, LandmarkError, PrunedError, StoppedError, UserError
from landmark_lib.settings import TrainSettings, deciding
from landmark_lib.storage import Place
from landmark_lib.training.history import best_epoch, read_history
from landmark_lib.training.member_data import MemberData
from landmark_lib.training.model_directory import member_directory
from landmark_lib.training.signals import StopSignal
from landmark_lib.tuning.answers import ask_member
from landmark_lib.tuning.outcomes import (
    DIVERGED,
    Outcome,
    Report,
    ended_after,
)

SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_TO_STOP = 60.0  # horovodrun itself gives its processes five
CONFIG, LOG = "train.yaml", "train.log"
ERROR = "error: "


@dataclass(frozen=True)
class TrainingJob:
    """How a trial is trained by horovodrun.

    Attributes:
        program: Path of jobs/train.py.
        options: What horovodrun is told.
        folder: On this machine, for the job's settings and its log.
        held: Descriptor of the trial's lock, which the job holds too.
    """

    program: Path
    options: str
    folder: Path
    held: int


def train_by_job(
    job: TrainingJob, settings: TrainSettings, data: MemberData, stop: StopSignal, report: Report
) -> Outcome:
    """Train one member's network; go on from its checkpoint where a job was cut off.

    Of what the job leaves in `settings.models`, the history is kept, and the log beside it; models are not.

    Raises:
        UserError: horovodrun is not there.
        PrunedError: The trial is not worth going on with, or its loss is no number.
        FailedError: The job failed.
        StoppedError: This process was asked to stop.
        LandmarkError: A file cannot be read or written.
    """
    directory = member_directory(settings.models, data.member)
    try:
        _run(job, settings, directory, stop, report)
        accuracy = best_epoch(read_history(directory)).validation_accuracy
        outcome = accuracy, ask_member(directory, data, settings.batch_size)
    except (PrunedError, FailedError):
        _remove_models(directory)
        raise
    _remove_models(directory)
    return outcome


def _run(
    job: TrainingJob, settings: TrainSettings, directory: Place, stop: StopSignal, report: Report
) -> None:
    path = job.folder / LOG
    with path.open("ab") as log:
        process = _started(job, settings, log)
        try:
            _watch(process, directory, stop, report)
        finally:
            _end(process)
            if not directory.is_local:
                (Place(settings.models) / LOG).write(path.read_bytes())
    if process.returncode:
        raise _failure(path, process.returncode)


def _remove_models(directory: Place) -> None:
    """Remove the models and checkpoints of a trial that has ended."""
    for name in directory.names():
        if name.endswith(".keras") or (directory / name).is_dir():
            (directory / name).remove()


def _started(job: TrainingJob, settings: TrainSettings, log: BinaryIO) -> subprocess.Popen[bytes]:
    horovodrun = shutil.which(
        "horovodrun", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    if horovodrun is None:
        raise UserError(
            "--trainable-layers: horovodrun, which trains trials with free layers, is not installed"
        )
    names = deciding(TrainSettings, "network", "learning", "rows", "ending")
    told = {
        name: value
        for name, value in asdict(settings).items()
        if name in [*names, "dataset", "models", "member"]
    }
    (Place(str(job.folder)) / CONFIG).write(yaml.safe_dump(told).encode())
    command = [
        horovodrun,
        *shlex.split(job.options),
        sys.executable,
        str(job.program),
        "--config",
        str(job.folder / CONFIG),
    ]
    # In a session of its own, so that Ctrl-C comes to it through this process alone.
    return subprocess.Popen(  # noqa: S603 - the project's own command
        command, stdout=log, stderr=subprocess.STDOUT, pass_fds=(job.held,), start_new_session=True
    )


def _watch(process: subprocess.Popen[bytes], directory: Place, stop: StopSignal, report: Report) -> None:
    """Report the epochs as they come, until the job ends."""
    reported = 0
    running = True
    while running:
        try:
            process.wait(SECONDS_BETWEEN_LOOKS)
            running = False
        except subprocess.TimeoutExpired:
            if stop.asked:
                raise StoppedError from None
        for result in read_history(directory)[reported:]:
            reported += 1
            if report(result.epoch, result.validation_accuracy) and running:
                raise ended_after(result.epoch)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what still runs: tidily, or at once if it does not."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _failure(log: Path, status: int) -> LandmarkError:
    """Tell why a job failed, by the last error in its log."""
    lines = log.read_text("utf-8", "replace").splitlines()
    told = [line.partition(ERROR)[2] for line in lines if ERROR in line]
    why = told[-1] if told else f"training ended with status {status}, see {log}"
    if DIVERGED in why:
        return PrunedError(why)
    # horovodrun itself ends with 1 whatever the status of its processes.
    return FailedError(why)
