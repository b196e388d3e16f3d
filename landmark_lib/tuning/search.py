"""A search before its first trial: its data set, its hold-out and its study; needs no TensorFlow."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from landmark_lib import dataset
from landmark_lib.errors import UserError
from landmark_lib.hold_out import HoldOut, read_hold_out
from landmark_lib.settings import TuneSettings
from landmark_lib.training.member_data import MemberData, read_member_data
from landmark_lib.training.member_record import trained_members
from landmark_lib.tuning.measure import Halves
from landmark_lib.tuning.study import SharedStudy

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Search:
    """What the trials of a search have in common.

    Attributes:
        root: Root of the data set.
        datas: The rows of each member.
        hold_out: The hold-out.
        study: The trials.
    """

    root: str
    datas: Sequence[MemberData]
    hold_out: HoldOut
    study: SharedStudy


def open_search(settings: TuneSettings, root: str) -> Search:
    """Begin a search, or resume the one in the models' directory.

    Raises:
        UserError: Not a data set, or settings that do not fit it or the search to resume.
    """
    manifest = dataset.read_manifest(root)
    datas = [read_member_data(root, manifest, member) for member in range(manifest.members)]
    hold_out = read_hold_out(root, manifest)
    halves = Halves(hold_out)
    if not len(halves.choosing) or not len(halves.reporting):
        raise UserError(
            f"--dataset: the {len(hold_out.image_ids)} photos that {root} holds out are too few to choose by"
            " one half and report on the other; write more with --hold-out of jobs/preprocess.py"
        )
    if trained := [directory.name for directory in trained_members(settings.models)]:
        logger.warning(
            f"--models: {settings.models} has {', '.join(trained)} already; to train the members that this"
            " search selects, choose another --models for both"
        )
    study = SharedStudy(settings, manifest.members, manifest.fingerprint)
    if not study.place.is_local:
        logger.info(
            f"the database and the locks of the search are in {study.folder}, a copy of the database in"
            f" {study.place}"
        )
    return Search(root, datas, hold_out, study)
