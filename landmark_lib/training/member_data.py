"""The rows that one member trains on and is validated with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landmark_lib import dataset
from landmark_lib.dataset import Manifest
from landmark_lib.draws import keyed_draw
from landmark_lib.errors import UserError
from landmark_lib.method.class_sample import default_share
from landmark_lib.method.class_weights import balanced_weights
from landmark_lib.method.epochs import (
    BATCH_SIZE,
    ShardSlice,
    cut_range,
    epoch_slices,
    head_batch_size,
    rank_range,
    steps_per_epoch,
)
from landmark_lib.method.recipes import CENTRE, Framing
from landmark_lib.method.sampling_plan import training_rows
from landmark_lib.settings import TrainSettings
from landmark_lib.settings.train import ARCFACE, AUTO, BALANCED, EPOCHS
from landmark_lib.training.reading import Shards


@dataclass(frozen=True)
class MemberData:
    """The shards of a member.

    Attributes:
        member: Number of the member.
        fingerprint: Fingerprint of the data set.
        training: Shards common to all members, then the member's own.
        groups: Rows of each of these shards: the common ones, then the member's own.
        rows_per_group: Rows of a row group of the shards.
        validation: Shards of the hold-out.
        landmark_ids: Labels as given, by class index.
        class_rows: Training rows of each class.
        framing: What rows show of their corpus images.
    """

    member: int
    fingerprint: str
    training: Shards
    groups: tuple[list[int], list[int]]
    rows_per_group: int
    validation: Shards
    landmark_ids: list[str]
    class_rows: list[int]
    framing: Framing = CENTRE

    @property
    def rows(self) -> int:
        """Training rows of the member."""
        return sum(map(sum, self.groups))

    def steps(self, settings: TrainSettings, ranks: int) -> int:
        """Return the number of batches that each rank reads in an epoch."""
        batch_size = self.batch_size(settings, ranks)
        return steps_per_epoch(self.rows, ranks, batch_size, settings.rows.epochs_per_pass)

    def batch_size(self, settings: TrainSettings, ranks: int) -> int:
        """Return the rows of a batch on each rank."""
        chosen = settings.rows.batch_size
        if chosen != AUTO:
            return int(chosen)
        head_alone = settings.rows.cache_features and settings.network.trainable_layers == 0
        return head_batch_size(self.rows, ranks) if head_alone else BATCH_SIZE

    def epoch(self, settings: TrainSettings, epoch: int, rank: int, ranks: int) -> list[ShardSlice]:
        """Return what a rank reads in an epoch, from 0."""
        return epoch_slices(
            self.groups,
            settings.rows.seed,
            self.member,
            epoch,
            settings.rows.epochs_per_pass,
            self.batch_size(settings, ranks),
            rank,
            ranks,
        )

    def shuffle_seed(self, settings: TrainSettings, epoch: int, rank: int) -> int:
        """Return the seed that shuffles what a rank reads in an epoch; TensorFlow takes 63 bits."""
        return keyed_draw(settings.rows.seed, "shuffle", self.member, epoch, rank) >> 1

    def head_seed(self, settings: TrainSettings) -> int:
        """Return the seed of the head's initial weights."""
        return keyed_draw(settings.rows.seed, "member", self.member)

    def class_weights(self, settings: TrainSettings) -> NDArray[np.float32] | None:
        """Return per-class loss weights, (classes,), or None if uniform."""
        return balanced_weights(self.class_rows) if settings.learning.class_weights == BALANCED else None

    def class_share(self, settings: TrainSettings) -> float:
        """Return the share of the classes that a step looks at."""
        if settings.network.head == ARCFACE:  # whose margins a sample does not know
            return 1.0
        chosen = settings.learning.class_sample
        return default_share(len(self.landmark_ids)) if chosen == AUTO else float(chosen)

    def averages_weights(self, settings: TrainSettings) -> bool:
        """Return whether weights are averaged; those of sampled classes are too large for it."""
        return settings.learning.weight_averaging == EPOCHS and self.class_share(settings) == 1

    def sample_seed(self, settings: TrainSettings, epoch: int, step: int, rank: int) -> int:
        """Return the seed of the classes that a rank looks at in a step."""
        return keyed_draw(settings.rows.seed, "class sample", self.member, epoch, step, rank)

    def hold_out(self, rank: int, ranks: int) -> list[ShardSlice]:
        """Return the part of the validation rows that a rank reads; together the ranks read each once."""
        return slices_of_rank(self.validation, rank, ranks)


def slices_of_rank(shards: Shards, rank: int, ranks: int) -> list[ShardSlice]:
    """Return the part of some shards that a rank reads; together the ranks read each row once."""
    rows = [record.rows for record in shards.records]
    start, stop = rank_range(sum(rows), rank, ranks, 0)
    return cut_range(range(len(rows)), rows, start, stop)


def validation_shards(root: str, manifest: Manifest, cache: str | None = None) -> Shards:
    """Return the shards of the hold-out, to be read through copies in `cache` if there is one.

    Raises:
        UserError: The data set has no labels, or no held-out photos.
    """
    if not manifest.classes:
        raise UserError(f"--dataset: {root} has no labels (written with --unlabelled)")
    records = manifest.shards_in(dataset.VALIDATION)
    if not records:
        raise UserError(f"--dataset: {root} has no validation rows (written with --hold-out 0)")
    return Shards(root, records, cache)


def read_member_data(root: str, manifest: Manifest, member: int, cache: str | None = None) -> MemberData:
    """Return the shards of a member, from a data set's manifest.

    Args:
        root: Root of the data set.
        manifest: Its manifest.
        member: Number of the member.
        cache: Folder for copies of the shards on a local disk, if any.

    Raises:
        UserError: No such member, no labels, or no hold-out.
    """
    if not 0 <= member < manifest.members:
        raise UserError(f"--member: expected 0 to {manifest.members - 1} or 'all', received {member}")
    common = manifest.shards_in(dataset.COMMON)
    own = manifest.shards_in(dataset.training_directory(member))
    classes = dataset.read_classes(root)
    cutoff, target = manifest.number("cutoff"), manifest.number("target")
    return MemberData(
        member=member,
        fingerprint=manifest.fingerprint,
        training=Shards(root, [*common, *own], cache),
        groups=([record.rows for record in common], [record.rows for record in own]),
        rows_per_group=manifest.number("rows_per_group"),
        validation=validation_shards(root, manifest, cache),
        landmark_ids=[row.landmark_id for row in classes],
        class_rows=[training_rows(row.training_images, cutoff, target) for row in classes],
        framing=manifest.framing,
    )
