"""The results of each epoch of a training."""

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
    """The results of one epoch.

    Attributes:
        epoch: From 1.
        passes: Passes over the training set up to the end of this epoch.
        learning_rate: Learning rate of the epoch's last step, all ranks together.
        training_loss: Mean cross-entropy over the epoch, with dropout.
        training_accuracy: Accuracy over the epoch, with dropout.
        validation_loss: Mean cross-entropy on the hold-out after the epoch.
        validation_accuracy: Accuracy on the hold-out after the epoch.
        images_per_second: Training images of all ranks together.
        input_wait: Share of the training time in which rank 0 waited for rows.
        allreduce: Share of the training time in which rank 0 averaged gradients, including the wait for other
            ranks; 0 with --deterministic.
        bad_rows: Training images so far that do not decode, on all ranks.
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
    """Return the epoch with the best validation accuracy, the first of equals."""
    return max(history, key=lambda result: result.validation_accuracy)


def write_history(directory: Place, history: Sequence[EpochResult]) -> None:
    """Write all epochs so far as CSV and as JSON lines."""
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, [column.name for column in fields(EpochResult)])
    writer.writeheader()
    writer.writerows(asdict(row) for row in history)
    (directory / HISTORY_CSV).write(table.getvalue().encode())
    lines = "".join(json.dumps(asdict(row)) + "\n" for row in history)
    (directory / HISTORY_LINES).write(lines.encode())


def read_history(directory: Place) -> list[EpochResult]:
    """Read all epochs so far; none if there is no history.

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
    """Return the columns that are plotted."""
    columns = {column.name: [getattr(row, column.name) for row in history] for column in fields(Curves)}
    return Curves(**columns)


def describe_epoch(result: EpochResult, epochs: int) -> str:
    """Return an epoch's results as a line of the log."""
    return (
        f"epoch {result.epoch}/{epochs}: loss {decimal(result.training_loss, 4)},"
        f" accuracy {decimal(result.training_accuracy, 4)},"
        f" validation loss {decimal(result.validation_loss, 4)},"
        f" accuracy {decimal(result.validation_accuracy, 4)},"
        f" learning rate {result.learning_rate:.3g}, {number(result.images_per_second)} images/s,"
        f" input wait {share(result.input_wait)}, allreduce {share(result.allreduce)}"
    )
