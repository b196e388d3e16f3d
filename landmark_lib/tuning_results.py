"""What a search for settings found, as plain values: `tune.json` and the pages are made of these."""

from dataclasses import dataclass
from typing import Any

from landmark_lib.decoding import decode
from landmark_lib.errors import LandmarkError
from landmark_lib.evaluation_results import Figure
from landmark_lib.storage import Place

TUNING = "tuning"  # folder in the models' directory
RESULTS = "tune.json"


@dataclass(frozen=True)
class TrialResult:
    """What became of one trial."""

    number: int
    member: int  # on whose rows it was trained
    state: str  # "complete", "pruned" or "failed"
    parameters: dict[str, Any]  # a value for everything that is searched
    accuracy: float | None  # of the best epoch, on the half to choose by; of a pruned trial up to its end
    epochs: int
    seconds: float
    why: str  # it was pruned or failed


@dataclass(frozen=True)
class EnsembleResult:
    """How good the vote of some trials is, on photos that none of them was chosen by."""

    trials: list[int]  # of member 0 and up
    selection_accuracy: float  # on the photos that they were chosen by, which flatters
    top_1: Figure
    gap: Figure


@dataclass(frozen=True)
class Tuning:
    """All that was found."""

    dataset: str
    dataset_fingerprint: str
    members: int
    selection_photos: int
    reporting_photos: int
    settings: dict[str, Any]
    trials: list[TrialResult]
    importances: dict[str, float]  # of what is searched, sum 1; empty where there are too few trials
    tuned: EnsembleResult
    default: EnsembleResult | None  # None: one of its trials failed
    top_1_difference: Figure | None  # tuned - default, in pairs
    gap_difference: Figure | None


def read_tuning(models: str) -> Tuning | None:
    """Read what a search below a models' directory found; None where there is none.

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
