"""Members and their votes measured on the hold-out, as JSON and on a page."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace

from landmark_lib import dataset
from landmark_lib.dataset import REPORT, Manifest
from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.evaluation.evidence import sketches_of
from landmark_lib.evaluation.hold_out import Votes, ask_about, read_hold_out
from landmark_lib.evaluation.measure import HoldOut, measure
from landmark_lib.evaluation.networks import Member, load_members
from landmark_lib.evaluation.no_landmark import ask_about_no_landmark, find_no_landmark
from landmark_lib.evaluation.photos import Photos
from landmark_lib.evaluation.rejecting import Shown, learn_rejection
from landmark_lib.evaluation.rejection_file import write_rejection
from landmark_lib.evaluation_results import Evaluation, RejectionResult
from landmark_lib.report.answers import HoldOutAnswers
from landmark_lib.report.evaluation_page import evaluation_page
from landmark_lib.settings import EvaluateSettings
from landmark_lib.storage import Place
from landmark_lib.training.history import curves_of, read_history
from landmark_lib.training.member_data import validation_shards
from landmark_lib.training.model_directory import finished_members, read_member
from landmark_lib.tuning_results import Tuning, read_tuning

RESULTS = "evaluation.json"


def evaluate(settings: EvaluateSettings, root: str) -> tuple[Evaluation, Place]:
    """Measure every trained member and their votes on the hold-out, and write the result as JSON and HTML.

    Args:
        settings: Where the models are and where the result goes.
        root: Root of the data set.

    Returns:
        The evaluation and the file that holds it; the page lies beside it.

    Raises:
        UserError: Not a data set, no trained member, or one trained on another data set.
        LandmarkError: A model cannot be loaded, an image does not decode, or a shard is broken.
    """
    place = Place(settings.output) if settings.output else Place(settings.models) / RESULTS
    _check_writable(place)
    manifest = dataset.read_manifest(root)
    validation = validation_shards(root, manifest)
    _check_fingerprints(finished_members(settings.models), manifest.fingerprint, root)
    no_landmark = find_no_landmark(settings)
    members = load_members(settings.models)
    hold_out = read_hold_out(root, manifest.fingerprint, validation)
    votes = ask_about(members, hold_out, validation, settings.batch_size)
    evaluation = measure(hold_out, votes.members, votes.ensemble, votes.mean_softmax)
    result, why_not = _rejection(settings, members, no_landmark, hold_out, votes)
    evaluation = replace(evaluation, rejection=result, no_rejection=why_not)
    page = _page(root, manifest, evaluation, hold_out, votes, members, _tuning(settings, manifest))
    try:
        (place.parent / REPORT).write(page.encode())
        place.write((json.dumps(asdict(evaluation), indent=1) + "\n").encode())
    except OSError as error:
        raise LandmarkError(f"--output: cannot write {place}: {error.strerror or error}") from None
    return evaluation, place


def _check_writable(place: Place) -> None:
    """Find out before hours of work that the result cannot be written."""
    try:
        place.parent.check_writable()
    except OSError as error:
        raise UserError(f"--output: cannot write into {place.parent}: {error.strerror or error}") from None
    if place.is_dir():
        raise UserError(f"--output: expected a file, found a folder: {place}")


def _rejection(
    settings: EvaluateSettings,
    members: Sequence[Member],
    photos: Photos | None,
    hold_out: HoldOut,
    votes: Votes,
) -> tuple[RejectionResult | None, str]:
    """Learn to tell photos without a landmark, and keep what was learned with the members.

    Returns:
        What it brings; or why nothing was learned.

    Raises:
        UserError: `--no-landmark` cannot be used, or the models' directory cannot be written into.
    """
    sketches = sketches_of(members)
    if sketches is None or votes.known is None or votes.unknown is None:
        why = "a member has no sketch of its training features, or there is only one class"
        if photos is not None:
            raise UserError(f"--no-landmark: {why}; jobs/train.py makes sketches")
        return None, why
    right = votes.ensemble.labels[:, 0] == hold_out.truth
    free = None if photos is None else ask_about_no_landmark(members, sketches, photos, settings)
    try:
        rejection, result = learn_rejection(
            Shown(hold_out.image_ids, right, votes.known, votes.unknown), free
        )
    except ValueError as error:
        return None, f"too little to learn from: {error}"
    try:
        write_rejection(settings.models, members, rejection)
    except OSError as error:
        raise UserError(f"--models: cannot write into {settings.models}: {error.strerror or error}") from None
    return result, ""


def _check_fingerprints(directories: Sequence[Place], fingerprint: str, root: str) -> None:
    for directory in directories:
        trained_on = read_member(directory).dataset_fingerprint
        if trained_on != fingerprint:
            raise UserError(
                f"--models: {directory} was trained on the data set {trained_on}, {root} is {fingerprint}"
            )


def _page(
    root: str,
    manifest: Manifest,
    evaluation: Evaluation,
    hold_out: HoldOut,
    votes: Votes,
    members: Sequence[Member],
    tuning: Tuning | None,
) -> str:
    ensemble = votes.ensemble
    answers = HoldOutAnswers(
        list(hold_out.image_ids), hold_out.truth, ensemble.labels, ensemble.scores.reshape(-1, 1)
    )
    histories = {member.name: read_history(member.directory) for member in members}
    curves = {name: curves_of(history) for name, history in histories.items() if history}
    return evaluation_page(root, manifest, evaluation, answers, curves, tuning)


def _tuning(settings: EvaluateSettings, manifest: Manifest) -> Tuning | None:
    """Read what a search on this very data set found."""
    found = read_tuning(settings.models)
    return found if found and found.dataset_fingerprint == manifest.fingerprint else None
