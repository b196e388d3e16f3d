"""Trials that train convolutional layers: jobs of horovodrun, whose histories are read while they run."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import yaml

from landmark_lib.errors import FailedError, LandmarkError, PrunedError, StoppedError, UserError
from landmark_lib.settings import TrainSettings
from landmark_lib.storage import Place
from landmark_lib.training.history import best_epoch, read_history
from landmark_lib.training.member_data import MemberData
from landmark_lib.training.member_record import DIVERGED, MEMBER, member_directory, read_member
from landmark_lib.training.signals import StopSignal
from landmark_lib.tuning.outcomes import Outcome, Report, pruned_after
from landmark_lib.tuning.trial_predictions import predict_hold_out

SECONDS_BETWEEN_CHECKS = 0.5
SECONDS_TO_STOP = 60.0  # horovodrun itself gives its processes five
CONFIG, LOG = "train.yaml", "train.log"
ERROR = "error: "  # begins the last line of a job that fails


@dataclass(frozen=True)
class TrainingJob:
    """How a trial is trained by horovodrun.

    Attributes:
        program: Path of jobs/train.py.
        options: Options of horovodrun.
        folder: Folder on this machine for the job's settings and log.
        lock: Descriptor of the trial's lock, which the job holds too.
    """

    program: Path
    options: str
    folder: Path
    lock: int


def train_by_job(
    job: TrainingJob, settings: TrainSettings, data: MemberData, stop: StopSignal, report: Report
) -> Outcome:
    """Train one member's network, from its checkpoint if an earlier job was interrupted.

    The history and the log stay in `settings.models`; models are removed.

    Raises:
        UserError: horovodrun is not installed.
        PrunedError: The trial is not worth continuing, or its loss is not finite.
        FailedError: The job failed.
        StoppedError: This process was asked to stop.
        LandmarkError: A file cannot be read or written.
    """
    directory = member_directory(settings.models, data.member)
    try:
        _run(job, settings, directory, stop, report)
        accuracy = best_epoch(read_history(directory)).validation_accuracy
        outcome = accuracy, predict_hold_out(directory, data, data.batch_size(settings, ranks=1))
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
        raise _failure(directory, path, process.returncode)


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
            "--trainable-layers: horovodrun, which trains convolutional layers in trials, is not installed"
        )
    where = {"dataset": settings.dataset, "models": settings.models, "member": settings.member}
    (Place(str(job.folder)) / CONFIG).write(yaml.safe_dump(settings.deciding | where).encode())
    command = [
        horovodrun,
        *shlex.split(job.options),
        sys.executable,
        str(job.program),
        "--config",
        str(job.folder / CONFIG),
    ]
    # In its own session, so that Ctrl-C reaches it through this process only.
    return subprocess.Popen(  # noqa: S603 - the project's own command
        command, stdout=log, stderr=subprocess.STDOUT, pass_fds=(job.lock,), start_new_session=True
    )


def _watch(process: subprocess.Popen[bytes], directory: Place, stop: StopSignal, report: Report) -> None:
    """Report new epochs until the job ends."""
    reported = 0
    running = True
    while running:
        try:
            process.wait(SECONDS_BETWEEN_CHECKS)
            running = False
        except subprocess.TimeoutExpired:
            if stop.asked:
                raise StoppedError from None
        for result in read_history(directory)[reported:]:
            reported += 1
            if report(result.epoch, result.validation_accuracy) and running:
                raise pruned_after(result.epoch)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a job that still runs: by SIGTERM, or by SIGKILL if it does not end."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _failure(directory: Place, log: Path, status: int) -> LandmarkError:
    """Return why a job failed: as its member.json has it, with the last error of its log for people."""
    lines = log.read_text("utf-8", "replace").splitlines()
    errors = [line.partition(ERROR)[2] for line in lines if ERROR in line]
    why = errors[-1] if errors else f"training ended with status {status}, see {log}"
    # Not by its status, which is that of any other failure.
    diverged = (directory / MEMBER).exists() and read_member(directory).ended == DIVERGED
    return PrunedError(why) if diverged else FailedError(why)
