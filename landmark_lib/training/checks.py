"""What is refused before TensorFlow starts: settings, data sets and models that do not fit together."""

import os

from landmark_lib import dataset
from landmark_lib.dataset import Manifest
from landmark_lib.errors import UserError
from landmark_lib.settings import TrainSettings
from landmark_lib.settings.train import ALL
from landmark_lib.storage import Place
from landmark_lib.training.checkpoint import Identity, check_identity, has_checkpoint
from landmark_lib.training.member_data import read_member_data
from landmark_lib.training.member_record import MEMBER, member_directory, read_member


def check_training(settings: TrainSettings, root: str) -> None:
    """Check what can be checked in a moment; training itself checks the rest.

    Raises:
        UserError: Not a data set, an unknown member, or settings that do not fit the data set or the models.
    """
    manifest = dataset.read_manifest(root)
    # Other machines may have no models, or a copy. All ranks of one agree, or they would wait for each other.
    beside_rank_0 = os.environ.get("HOROVOD_CROSS_RANK", "0") == "0"
    if beside_rank_0:
        check_writable(Place(settings.models))
    for member in members_to_train(settings, manifest):
        fingerprint = read_member_data(root, manifest, member).fingerprint
        if beside_rank_0:
            _check_models(settings.of_member(member), member, fingerprint)


def members_to_train(settings: TrainSettings, manifest: Manifest) -> list[int]:
    """Return the numbers of the members.

    Raises:
        UserError: There are settings of more or fewer members than the data set has.
    """
    if settings.members and len(settings.members) != manifest.members:
        raise UserError(
            f"--members: expected settings of {manifest.members} members, as the data set has,"
            f" received {len(settings.members)}"
        )
    return list(range(manifest.members)) if settings.member == ALL else [int(settings.member)]


def check_writable(directory: Place) -> None:
    """Create a directory below --models, or itself.

    Raises:
        UserError: It cannot be written into.
    """
    try:
        directory.check_writable()
    except OSError as error:
        raise UserError(f"--models: cannot write into {directory}: {error.strerror or error}") from None


def _check_models(settings: TrainSettings, member: int, fingerprint: str) -> None:
    """Check that the models' directory has no other training; its checkpoints are the authority later."""
    directory = member_directory(settings.models, member)
    if not (directory / MEMBER).exists() or not has_checkpoint(directory):
        return
    found = read_member(directory)
    if found.is_finished(settings, fingerprint):
        return
    # Files of earlier versions lack ranks and some settings.
    known = {name: found.settings[name] for name in settings.identity if name in found.settings}
    wanted = {name: value for name, value in settings.identity.items() if name in known}
    ranks = int(os.environ.get("HOROVOD_SIZE", "1"))
    check_identity(
        Identity(found.dataset_fingerprint, member, found.ranks, known),
        Identity(fingerprint, member, ranks, wanted),
        directory,
        allow_rank_change=settings.run.allow_rank_change or not found.ranks,
    )
