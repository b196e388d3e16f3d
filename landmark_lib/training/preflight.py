"""A description of a training before it begins."""

import keras

from landmark_lib.console import visible
from landmark_lib.digits import size
from landmark_lib.settings import TrainSettings
from landmark_lib.training.member_data import MemberData
from landmark_lib.training.stream import BATCHES_AHEAD, ROW_GROUPS_AHEAD, SHUFFLED_ROWS, parallel_calls

SLOTS = {"sgd": 1, "adam": 2}  # variables that an optimizer keeps per weight


def describe(settings: TrainSettings, data: MemberData, model: keras.Model, ranks: int) -> str:
    """Return rows, steps and memory of a member's training as lines of the log."""
    steps = data.steps(settings, ranks)
    read = steps * settings.rows.batch_size * ranks
    over = data.rows % read if read <= data.rows else 0
    trained = _trainable(model)
    memory = size(expected_memory(settings, data, model))
    rows = (
        f"{data.rows:,} rows, {data.rows // ranks:,} per rank, {len(data.landmark_ids):,} classes;"
        f" {settings.network.backbone} from {visible(settings.network.weights)} weights,"
        f" {trained:,} of {model.count_params():,} weights are trained"
    )
    epochs = (
        f"{steps:,} steps per epoch of {ranks} x {settings.rows.batch_size} rows; {over:,} remaining rows go"
        f" to the next epoch; about {memory} per rank for rows, weights and gradients, without the outputs of"
        " layers"
    )
    return "\n".join(f"member {data.member}: {line}" for line in (rows, epochs))


def expected_memory(settings: TrainSettings, data: MemberData, model: keras.Model) -> int:
    """Estimate the memory of a rank for rows, weights and gradients, in bytes."""
    records = data.training.records
    row = sum(record.bytes for record in records) / max(1, data.rows)
    jpegs = (SHUFFLED_ROWS + ROW_GROUPS_AHEAD * data.rows_per_group) * row
    decoded = (BATCHES_AHEAD + 1) * settings.rows.batch_size + parallel_calls()
    images = decoded * settings.network.image_size**2 * 3
    numbers = model.count_params() + _trainable(model) * (1 + SLOTS[settings.learning.optimizer])
    return int(jpegs + images + 4 * numbers)


def _trainable(model: keras.Model) -> int:
    """Return the number of weights that are trained."""
    return sum(weight.value.shape.num_elements() for weight in model.trainable_variables)
