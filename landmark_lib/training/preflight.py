"""A description of a training before it begins."""

import math
import shutil
from collections.abc import Sequence

import keras
import tensorflow as tf

from landmark_lib.console import visible
from landmark_lib.dataset import FileRecord
from landmark_lib.digits import size
from landmark_lib.errors import NoSpaceError
from landmark_lib.settings import TrainSettings
from landmark_lib.training.feature_files import GROUP_BYTES, FeatureFiles
from landmark_lib.training.head import LOGITS
from landmark_lib.training.member_data import MemberData
from landmark_lib.training.stream import BATCHES_AHEAD, ROW_GROUPS_AHEAD, SHUFFLED_ROWS, parallel_calls

SLOTS = {"sgd": 1, "adam": 2}  # variables that an optimizer keeps per weight


def describe(settings: TrainSettings, data: MemberData, model: keras.Model, ranks: int) -> str:
    """Return rows, steps and memory of a member's training as lines of the log."""
    steps, batch_size = data.steps(settings, ranks), data.batch_size(settings, ranks)
    read = steps * batch_size * ranks
    over = data.rows % read if read <= data.rows else 0
    trained = _trainable(model)
    memory = size(expected_memory(settings, data, model, ranks))
    share = data.class_share(settings)
    sampled = "" if share == 1 else f", {share:g} of which, and those of its rows, a step looks at"
    rows = (
        f"{data.rows:,} rows, {data.rows // ranks:,} per rank, {len(data.landmark_ids):,} classes{sampled};"
        f" {settings.network.backbone} from {visible(settings.network.weights)} weights,"
        f" {trained:,} of {model.count_params():,} weights are trained"
    )
    epochs = (
        f"{steps:,} steps per epoch of {ranks} x {batch_size} rows; {over:,} remaining rows go"
        f" to the next epoch; learning rate {settings.learning.learning_rate:g} per rank; about {memory} per"
        " rank for rows, weights and gradients, without the outputs of layers"
    )
    return "\n".join(f"member {data.member}: {line}" for line in (rows, epochs))


def expected_memory(settings: TrainSettings, data: MemberData, model: keras.Model, ranks: int) -> int:
    """Estimate the memory of a rank for rows, weights and gradients, in bytes."""
    (inputs,) = model.inputs
    input_row = math.prod(inputs.shape[1:]) * tf.as_dtype(inputs.dtype).size
    batches = BATCHES_AHEAD + 1
    if settings.rows.cache_features:
        waiting = SHUFFLED_ROWS * input_row + ROW_GROUPS_AHEAD * GROUP_BYTES
    else:
        jpeg = sum(record.bytes for record in data.training.records) / max(1, data.rows)
        waiting = (SHUFFLED_ROWS + ROW_GROUPS_AHEAD * data.rows_per_group) * jpeg
        batches += parallel_calls()
    slots, trained = SLOTS[settings.learning.optimizer], _trainable(model)
    numbers = model.count_params() + trained * (1 + slots + data.averages_weights(settings))
    share = data.class_share(settings)
    if share < 1:  # a small head, with gradients and slots, instead of the gradients of the whole one
        head = model.get_layer(LOGITS).count_params()
        numbers += int(head * (share * (2 + slots) - 1))
    rows = batches * data.batch_size(settings, ranks)
    return int(waiting + rows * input_row + 4 * numbers)


def _trainable(model: keras.Model) -> int:
    """Return the number of weights that are trained."""
    return sum(weight.value.shape.num_elements() for weight in model.trainable_variables)


def check_disk(files: FeatureFiles, records: Sequence[FileRecord]) -> str:
    """Return a description of the features of some shards.

    Raises:
        NoSpaceError: The disk has no space for those that are missing.
    """
    rows = sum(record.rows for record in records)
    missing = files.row_bytes * sum(records[number].rows for number in files.missing(records))
    if missing and files.folder.is_local:
        existing = next(folder for folder in files.folder.path.parents if folder.exists())
        free = shutil.disk_usage(existing).free
        if missing > free:
            raise NoSpaceError(
                f"--cache-features: needs {size(missing)} in {files.folder}, whose disk has"
                f" {size(free)} free; train without it, or fewer layers"
            )
    shape = " x ".join(map(str, files.shape))
    return (
        f"{shape} {files.stored_as.name}, {size(files.row_bytes)} per row; {rows:,} rows take"
        f" {size(files.row_bytes * rows)} in {visible(files.folder)}, {size(missing)} of it are missing"
    )
