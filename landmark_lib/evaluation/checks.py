"""What an evaluation refuses before TensorFlow starts."""

from landmark_lib.dataset import read_manifest
from landmark_lib.errors import UserError
from landmark_lib.evaluation.output_file import check_output_file
from landmark_lib.inputs.source import find_source, is_dataset
from landmark_lib.settings import EvaluateSettings, SourceSettings
from landmark_lib.storage import Place
from landmark_lib.training.member_data import validation_shards
from landmark_lib.training.member_record import finished_members, read_member

RESULTS = "evaluation.json"


def results_place(settings: EvaluateSettings) -> Place:
    """Return the file for the results."""
    return Place(settings.output) if settings.output else Place(settings.models) / RESULTS


def check_evaluation(settings: EvaluateSettings, root: str) -> list[Place]:
    """Check that there is something to evaluate, and return the directories of the members.

    Raises:
        UserError: Not a data set, no trained member, one trained on another data set, no photos without a
            landmark where they should be, or a file that cannot be written.
    """
    check_output_file(results_place(settings), "--output")
    manifest = read_manifest(root)
    validation_shards(root, manifest)
    members = finished_members(settings.models)
    for directory in members:
        trained_on = read_member(directory).dataset_fingerprint
        if trained_on != manifest.fingerprint:
            raise UserError(
                f"--models: {directory} was trained on data set {trained_on}, but {root} is"
                f" {manifest.fingerprint}"
            )
    if settings.no_landmark and not is_dataset(Place(settings.no_landmark)):
        find_source(SourceSettings(settings.no_landmark, unlabelled=True), "--no-landmark")
    return members
