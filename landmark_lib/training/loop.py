"""Training from beginning to end: members one after another."""

import logging
from collections.abc import Sequence
from functools import partial

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib import dataset
from landmark_lib.console import visible
from landmark_lib.errors import LandmarkError
from landmark_lib.settings import TrainSettings
from landmark_lib.training import horovod_step
from landmark_lib.training.checks import members_to_train
from landmark_lib.training.feature_statistics import index_training_photos
from landmark_lib.training.features import FeatureFeed
from landmark_lib.training.feed import ImageFeed, MemberFeed, check_ranks
from landmark_lib.training.horovod_step import Ranks
from landmark_lib.training.member_data import MemberData, read_member_data
from landmark_lib.training.member_training import MemberTraining
from landmark_lib.training.model_directory import MemberFiles
from landmark_lib.training.preflight import describe
from landmark_lib.training.reading import verify_shards
from landmark_lib.training.recorder import DiskRecorder
from landmark_lib.training.signals import StopSignal

logger = logging.getLogger(__name__)


def train(settings: TrainSettings, root: str) -> None:
    """Train one member, or all one after another, on the data set at `root`.

    Members that are already trained are skipped; an interrupted training resumes from its last checkpoint.

    Args:
        settings: What to train and how.
        root: Root of the data set.

    Raises:
        UserError: Not a data set, an unknown member, or settings that do not fit the data set or the models.
        LandmarkError: The weights cannot be downloaded, the ranks' weights differ, a rank is lost, the loss
            is not finite, the process was asked to stop, or a file cannot be read or written.
    """
    manifest = dataset.read_manifest(root)
    datas = [
        read_member_data(root, manifest, member, settings.run.shard_cache)
        for member in members_to_train(settings, manifest)
    ]
    if settings.run.deterministic:
        tf.config.experimental.enable_op_determinism()
    ranks = horovod_step.start_ranks(settings.run.stall_timeout)
    stop = StopSignal()
    with horovod_step.report_lost_ranks():
        for data in datas:
            _train_member(settings.of_member(data.member), data, ranks, stop)


def _train_member(settings: TrainSettings, data: MemberData, ranks: Ranks, stop: StopSignal) -> None:
    check_ranks(data, ranks.size)
    files = MemberFiles(settings, data, ranks.size)
    if horovod_step.from_rank_0(ranks, files.begin):
        logger.info(f"member {data.member}: already trained, in {visible(files.directory)}")
        return
    if settings.run.verify_shards:
        for shards in (data.training, data.validation):
            own = range(ranks.rank, len(shards.records), ranks.size)
            horovod_step.run_on_all_ranks(ranks, partial(verify_shards, shards, own))
    keras.backend.clear_session()  # of the member before
    try:
        feed: MemberFeed = (
            FeatureFeed(settings, data, ranks)
            if settings.rows.cache_features
            else ImageFeed(settings, data, ranks)
        )
        logger.info(describe(settings, data, feed.model, ranks.size))
        training = MemberTraining(settings, data, ranks, feed, stop, DiskRecorder(files, feed))
        training.run()
        _finish(training, files, feed, ranks)
    except tf.errors.ResourceExhaustedError as error:
        first_line, batch_size = error.message.splitlines()[0], data.batch_size(settings, ranks.size)
        raise LandmarkError(
            f"out of memory ({first_line}); lower --batch-size ({batch_size}) or --image-size"
            f" ({settings.network.image_size})"
        ) from None


def _finish(training: MemberTraining, files: MemberFiles, feed: MemberFeed, ranks: Ranks) -> None:
    """Compute the feature statistics and the index of the best model, and write the last model."""

    def best_weights() -> Sequence[NDArray[np.float32]]:
        with training.watchdog.paused():  # the other ranks wait for rank 0 here
            return horovod_step.from_rank_0(ranks, files.best_weights)

    rows = training.watchdog.watch(feed.training_features(best_weights), "training rows for class means")
    statistics, index = index_training_photos(files.data, ranks, rows)
    horovod_step.from_rank_0(
        ranks, lambda: files.finish(feed.whole_model(), statistics, index, training.history)
    )
