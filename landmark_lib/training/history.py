"""What each epoch of a training brought."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

from landmark_lib.decoding import decode
from landmark_lib.digits import decimal, number, share
from landmark_lib.errors import LandmarkError
from landmark_lib.report.curves import Curves
from landmark_lib.storage import Place

HISTORY_CSV = "history.csv"
HISTORY_LINES = "history.jsonl"


@dataclass(frozen=True)
class EpochResult:
    """One line of the history.

    Attributes:
        epoch: From 1.
        passes: Over the training set, up to the end of this epoch.
        learning_rate: Of the epoch's last step, all ranks' together.
        training_loss: Mean cross-entropy over the epoch, with dropout.
        training_accuracy: Share of right answers over the epoch, with dropout.
        validation_loss: Mean cross-entropy of the hold-out after the epoch.
        validation_accuracy: Share of right answers of the hold-out after the epoch.
        images_per_second: Of all ranks together, in training.
        input_wait: Share of the training time that rank 0 waited for rows.
        allreduce: Share of the training time that rank 0 took to average gradients, waiting for others
            included; 0 with --deterministic.
        bad_rows: Training images left out so far because they do not decode, on all ranks.
    """

    epoch: int
    passes: float
    learning_rate: float
    training_loss: float
    training_accuracy: float
    validation_loss: float
    validation_accuracy: float
    images_per_second: float
    input_wait: float
    allreduce: float
    bad_rows: int


def best_epoch(history: Sequence[EpochResult]) -> EpochResult:
    """Pick the epoch with the best validation accuracy, the first of equals."""
    return max(history, key=lambda result: result.validation_accuracy)


def write_history(directory: Place, history: Sequence[EpochResult]) -> None:
    """Write all epochs so far as CSV and as JSON lines, each file whole or not at all."""
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, [column.name for column in fields(EpochResult)])
    writer.writeheader()
    writer.writerows(asdict(row) for row in history)
    (directory / HISTORY_CSV).write(table.getvalue().encode())
    lines = "".join(json.dumps(asdict(row)) + "\n" for row in history)
    (directory / HISTORY_LINES).write(lines.encode())


def read_history(directory: Place) -> list[EpochResult]:
    """Read all epochs so far; none where there is no history.

    Raises:
        LandmarkError: It cannot be read.
    """
    place = directory / HISTORY_LINES
    try:
        return [decode(EpochResult, line) for line in place.read_bytes().splitlines()]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise LandmarkError(f"{place} cannot be read: {error}") from None


def curves_of(history: Sequence[EpochResult]) -> Curves:
    """Pick what is drawn of each epoch."""
    columns = {column.name: [getattr(row, column.name) for row in history] for column in fields(Curves)}
    return Curves(**columns)


def told(result: EpochResult, epochs: int) -> str:
    """Tell an epoch in a line."""
    return (
        f"epoch {result.epoch}/{epochs}: loss {decimal(result.training_loss, 4)},"
        f" accuracy {decimal(result.training_accuracy, 4)},"
        f" validation loss {decimal(result.validation_loss, 4)},"
        f" accuracy {decimal(result.validation_accuracy, 4)},"
        f" learning rate {result.learning_rate:.3g}, {number(result.images_per_second)} images/s,"
        f" input wait {share(result.input_wait)}, allreduce {share(result.allreduce)}"
    )
