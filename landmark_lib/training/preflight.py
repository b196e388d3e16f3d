"""What training will do, told before it begins."""

import keras

from landmark_lib.console import visible
from landmark_lib.digits import size
from landmark_lib.settings import TrainSettings
from landmark_lib.training.member_data import MemberData
from landmark_lib.training.stream import BATCHES_AHEAD, ROW_GROUPS_AHEAD, SHUFFLED_ROWS

SLOTS = {"sgd": 1, "adam": 2}  # numbers that an optimizer keeps for each weight


def describe(settings: TrainSettings, data: MemberData, model: keras.Model, ranks: int) -> str:
    """Tell the rows, the steps and the memory of a member's training."""
    steps = data.steps(settings, ranks)
    read = steps * settings.batch_size * ranks
    over = data.rows % read if read <= data.rows else 0
    trained = _learning(model)
    memory = size(expected_memory(settings, data, model))
    rows = (
        f"{data.rows:,} rows, {data.rows // ranks:,} a rank, {len(data.landmark_ids):,} classes;"
        f" {settings.backbone} from {visible(settings.weights)} weights,"
        f" {trained:,} of {model.count_params():,} weights learn"
    )
    epochs = (
        f"{steps:,} steps an epoch of {ranks} x {settings.batch_size} rows; {over:,} rows left over go into"
        f" the next epoch; about {memory} a rank for rows, weights and gradients, not for the"
        " outputs of layers"
    )
    return "\n".join(f"member {data.member}: {line}" for line in (rows, epochs))


def expected_memory(settings: TrainSettings, data: MemberData, model: keras.Model) -> int:
    """Estimate the bytes that a rank takes for rows, weights and gradients."""
    records = data.training.records
    row = sum(record.bytes for record in records) / max(1, data.rows)
    jpegs = (SHUFFLED_ROWS + ROW_GROUPS_AHEAD * data.rows_per_group) * row
    batch = settings.batch_size * settings.image_size**2 * 3
    numbers = model.count_params() + _learning(model) * (1 + SLOTS[settings.optimizer])
    return int(jpegs + (BATCHES_AHEAD + 1) * batch + 4 * numbers)


def _learning(model: keras.Model) -> int:
    """Count the weights that learn."""
    return sum(weight.value.shape.num_elements() for weight in model.trainable_variables)
