"""Training from beginning to end: members one after another."""

from collections.abc import Callable
from functools import partial

import keras
import tensorflow as tf

from landmark_lib import dataset
from landmark_lib.console import visible
from landmark_lib.dataset import Manifest
from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.settings import TrainSettings
from landmark_lib.settings.train import ALL
from landmark_lib.training import horovod_step
from landmark_lib.training.features import FeatureFeed
from landmark_lib.training.feed import Feed, ImageFeed, check_ranks
from landmark_lib.training.horovod_step import Ranks
from landmark_lib.training.member_data import MemberData, read_member_data
from landmark_lib.training.member_training import MemberTraining
from landmark_lib.training.model_directory import MemberFiles
from landmark_lib.training.preflight import describe
from landmark_lib.training.reading import verify_shards
from landmark_lib.training.signals import StopSignal

Say = Callable[[str], None]


def train(settings: TrainSettings, root: str, say: Say) -> None:
    """Train one member, or all one after another, on the data set at `root`.

    Members that are trained already are left alone, and one whose training was interrupted goes on from its
    last checkpoint.

    Args:
        settings: What to train and how.
        root: Root of the data set.
        say: Tells the user a line.

    Raises:
        UserError: Not a data set, a member that it does not have, settings that do not fit it or what is
            there already.
        LandmarkError: The weights cannot be downloaded, ranks drift apart or are lost, the loss is no number,
            the process was asked to stop, a file cannot be read or written.
    """
    manifest = dataset.read_manifest(root)
    members = _members(settings, manifest)
    datas = {member: read_member_data(root, manifest, member, settings.shard_cache) for member in members}
    each = {member: settings.of_member(member) for member in members}
    if settings.deterministic:
        tf.config.experimental.enable_op_determinism()
    ranks = horovod_step.start_ranks(settings.stall_timeout)
    stop = StopSignal()
    with horovod_step.losses_of_ranks_told():
        for member in members:
            _train_member(each[member], datas[member], ranks, stop, say)


def _members(settings: TrainSettings, manifest: Manifest) -> list[int]:
    if settings.members and len(settings.members) != manifest.members:
        raise UserError(
            f"--members: expected settings of {manifest.members} members, as the data set has,"
            f" received {len(settings.members)}"
        )
    return list(range(manifest.members)) if settings.member == ALL else [int(settings.member)]


def _train_member(
    settings: TrainSettings, data: MemberData, ranks: Ranks, stop: StopSignal, say: Say
) -> None:
    check_ranks(data, ranks.size)
    files = MemberFiles(settings, data)
    if horovod_step.from_rank_0(ranks, files.begin):
        _tell(ranks, say, f"member {data.member}: trained already, in {visible(files.directory)}")
        return
    if settings.verify_shards:
        _verify(data, ranks)
    keras.backend.clear_session()  # of the member before
    try:
        feed = _feed(settings, data, ranks, say)
        _tell(ranks, say, describe(settings, data, feed.model, ranks.size))
        MemberTraining(settings, data, ranks, feed, stop, say).run(files)
    except tf.errors.ResourceExhaustedError as error:
        first_line = error.message.splitlines()[0]
        raise LandmarkError(
            f"out of memory ({first_line}); lower --batch-size ({settings.batch_size}) or --image-size"
            f" ({settings.image_size})"
        ) from None


def _feed(settings: TrainSettings, data: MemberData, ranks: Ranks, say: Say) -> Feed:
    if settings.cache_features:
        return FeatureFeed(settings, data, ranks)
    return ImageFeed(settings, data, ranks, say)


def _verify(data: MemberData, ranks: Ranks) -> None:
    """Compare the shards with their checksums, each on one rank."""
    for shards in (data.training, data.validation):
        mine = range(ranks.rank, len(shards.records), ranks.size)
        horovod_step.together(ranks, partial(verify_shards, shards, mine))


def _tell(ranks: Ranks, say: Say, text: str) -> None:
    if ranks.speaks:
        say(text)
