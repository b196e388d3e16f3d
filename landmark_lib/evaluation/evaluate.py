"""Measure the members and their vote on the hold-out, and write the results as JSON and as a page."""

import json
from dataclasses import asdict, replace

from landmark_lib.dataset import REPORT, read_manifest
from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.evaluation.checks import check_evaluation, results_place
from landmark_lib.evaluation.ensemble_outputs import EnsembleOutputs, predict_hold_out
from landmark_lib.evaluation.evidence import indexes_of
from landmark_lib.evaluation.measure import measure
from landmark_lib.evaluation.networks import Members, load_members
from landmark_lib.evaluation.no_landmark import find_no_landmark, predict_no_landmark
from landmark_lib.evaluation.photos import Photos
from landmark_lib.evaluation.rejecting import LandmarkFreePhotos, LandmarkPhotos, learn_rejection
from landmark_lib.evaluation.rejection_file import write_rejection
from landmark_lib.evaluation_results import Evaluation, RejectionResult
from landmark_lib.hold_out import HoldOut, read_hold_out
from landmark_lib.report.evaluation_page import evaluation_page
from landmark_lib.settings import EvaluateSettings
from landmark_lib.storage import Place
from landmark_lib.training.history import curves_of, read_history
from landmark_lib.training.member_data import validation_shards
from landmark_lib.training.neighbours import INDEX
from landmark_lib.tuning_results import read_tuning

NO_INDEX = f"a member has no index of its training photos ({INDEX}), or there is only one class"


def evaluate(settings: EvaluateSettings, root: str) -> tuple[Evaluation, Place]:
    """Measure all trained members and their vote on the hold-out, and write the results as JSON and HTML.

    Args:
        settings: Where the models are and where the results go.
        root: Root of the data set.

    Returns:
        The evaluation and its file; the page is beside it.

    Raises:
        UserError: Not a data set, no trained member, one trained on another data set, or one that cannot take
            the views.
        LandmarkError: A model cannot be loaded, an image does not decode, or a shard is broken.
    """
    check_evaluation(settings, root)
    place, manifest = results_place(settings), read_manifest(root)
    validation = validation_shards(root, manifest)
    no_landmark = find_no_landmark(settings)
    members = load_members(settings.models, settings.views)
    free = None if no_landmark is None else _landmark_free(settings, members, no_landmark)
    hold_out = read_hold_out(root, manifest)
    outputs = predict_hold_out(
        members, hold_out, validation, settings.batch_size, free.vectors if free else ()
    )
    evaluation = measure(hold_out, outputs.members, outputs.ensemble, outputs.mean_softmax)
    result, why_not = _rejection(settings, members, free, hold_out, outputs)
    evaluation = replace(evaluation, rejection=result, no_rejection=why_not, views=settings.views)
    histories = {member.name: read_history(member.directory) for member in members}
    curves = {name: curves_of(history) for name, history in histories.items() if history}
    tuning = read_tuning(settings.models)
    if tuning and tuning.dataset_fingerprint != manifest.fingerprint:
        tuning = None
    predictions = outputs.ensemble.predictions
    page = evaluation_page(manifest, evaluation, hold_out, predictions, curves, tuning, outputs.similar)
    try:
        (place.parent / REPORT).write(page.encode())
        place.write((json.dumps(asdict(evaluation), indent=1) + "\n").encode())
    except OSError as error:
        raise LandmarkError(f"--output: cannot write {place}: {error.strerror or error}") from None
    return evaluation, place


def _landmark_free(settings: EvaluateSettings, members: Members, photos: Photos) -> LandmarkFreePhotos:
    """Run the members on the photos of `--no-landmark`.

    Raises:
        UserError: Rejection cannot be learned for these members, or no photo can be read.
    """
    indexes = indexes_of(members)
    if indexes is None:
        raise UserError(f"--no-landmark: {NO_INDEX}; jobs/train.py writes {INDEX}")
    return predict_no_landmark(members, indexes, photos, settings)


def _rejection(
    settings: EvaluateSettings,
    members: Members,
    free: LandmarkFreePhotos | None,
    hold_out: HoldOut,
    outputs: EnsembleOutputs,
) -> tuple[RejectionResult | None, str]:
    """Learn to reject photos without a landmark, and store the rejection beside the members.

    Returns:
        How well it rejects; or the reason why nothing was learned.

    Raises:
        UserError: The models' directory cannot be written into.
    """
    if outputs.evidence is None or outputs.evidence_masked is None:
        return None, NO_INDEX
    right = outputs.ensemble.predictions.right(hold_out.truth)
    try:
        rejection, result = learn_rejection(
            LandmarkPhotos(hold_out.image_ids, right, outputs.evidence, outputs.evidence_masked), free
        )
    except ValueError as error:
        return None, f"too little to learn from: {error}"
    try:
        write_rejection(settings.models, members, rejection, free.vectors if free else ())
    except OSError as error:
        raise UserError(f"--models: cannot write into {settings.models}: {error.strerror or error}") from None
    return result, ""
