"""The results of a search for settings as plain values, from which `tune.json` and the pages are made."""

import shlex
from dataclasses import dataclass
from typing import Any

from landmark_lib.decoding import decode
from landmark_lib.errors import LandmarkError
from landmark_lib.evaluation_results import Figure
from landmark_lib.storage import Place

TUNING = "tuning"  # folder in the models' directory
RESULTS = "tune.json"
MEMBERS = "members.yaml"
MIN_TRIALS = 20  # that ran to the end, to compute importances


@dataclass(frozen=True)
class TrialResult:
    """The outcome of one trial."""

    number: int
    member: int  # the one on whose rows it was trained
    state: str  # "complete", "pruned" or "failed"
    parameters: dict[str, Any]  # a value for each setting that is searched
    accuracy: float | None  # of the best epoch, on the half to choose by; of a pruned trial until its end
    epochs: int
    seconds: float
    why: str  # reason, if it was pruned or failed


@dataclass(frozen=True)
class EnsembleResult:
    """The vote of some trials, measured on photos that did not choose them."""

    trials: list[int]  # of member 0, 1, ...
    selection_accuracy: float  # on the photos that they were chosen by, so biased upwards
    top_1: Figure
    gap: Figure


@dataclass(frozen=True)
class Tuning:
    """All results."""

    dataset: str
    dataset_fingerprint: str
    members: int
    selection_photos: int
    reporting_photos: int
    settings: dict[str, Any]
    trials: list[TrialResult]
    importances: dict[str, float]  # of the settings that are searched, sum 1; empty if trials are too few
    tuned: EnsembleResult
    default: EnsembleResult | None  # None if one of its trials failed
    top_1_difference: Figure | None  # tuned - default, in pairs
    gap_difference: Figure | None

    @property
    def keeps_defaults(self) -> bool:
        """Whether the selected trials are those with the defaults."""
        return self.default is not None and self.default.trials == self.tuned.trials


def training_command(models: str) -> str:
    """Return the command that trains the selected members."""
    config = Place(models) / TUNING / MEMBERS
    return f"horovodrun -np 1 python jobs/train.py --member all --config {shlex.quote(str(config))}"


def read_tuning(models: str) -> Tuning | None:
    """Return the results of a search below a models' directory; None if there are none.

    Raises:
        LandmarkError: It cannot be read.
    """
    place = Place(models) / TUNING / RESULTS
    try:
        return decode(Tuning, place.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise LandmarkError(f"{place} cannot be read: {error}") from None
