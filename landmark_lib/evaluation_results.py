"""The results of an evaluation as plain values, for `evaluation.json` and the report."""

from dataclasses import dataclass

from landmark_lib.digits import decimal
from landmark_lib.method.intervals import FEW
from landmark_lib.settings.views import PLAIN, Views

ENSEMBLE = "ensemble"
MEAN_SOFTMAX = "mean softmax"
TOP_K = 5  # all classes, if there are fewer


@dataclass(frozen=True)
class Figure:
    """A measured value and its 95 % interval, by bootstrap over photos or, for a share of few, Wilson's."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{decimal(self.value)} [{decimal(self.low)}, {decimal(self.high)}]"


def too_few_words(photos: int) -> str:
    """Return the warning that so many photos say little; empty if they are enough."""
    if photos >= FEW:
        return ""
    counted = "1 photo says" if photos == 1 else f"{photos:,} photos say"
    return f"{counted} little; hold out more with --hold-out of jobs/preprocess.py."


def views_words(views: Views) -> str:
    """Return a sentence about the views of each photo; empty if there is one."""
    return "" if views == PLAIN else f"Features are averaged over views of each photo (--views {views})."


@dataclass(frozen=True)
class ReliabilityBin:
    """Photos whose score lies in one of the equal parts of 0 … 1; parts without photos are omitted."""

    score: float  # mean
    accuracy: float
    photos: int


@dataclass(frozen=True)
class Temperature:
    """The temperature that calibrates a member, by which its logits are divided.

    It is fitted on one half of the hold-out; the expected calibration errors are those of the other half.
    """

    temperature: float
    ece_before: float
    ece_after: float
    photos: int  # of the other half


@dataclass(frozen=True)
class Decile:
    """A tenth of the classes, by label count; the first has the rarest."""

    least: int  # label count
    most: int
    classes: int
    photos: int
    accuracy: float | None  # mean over its classes with photos; None if there are none


@dataclass(frozen=True)
class VoterResult:
    """The figures of one voter."""

    voter: str  # "member-0" …, ENSEMBLE or MEAN_SOFTMAX
    weights: str  # what the backbones started from
    top_1: Figure
    top_5: Figure  # top-k, if there are fewer than 5 classes
    mean_class_accuracy: Figure
    macro_precision: Figure
    macro_recall: Figure
    gap: Figure
    ece: float
    reliability: list[ReliabilityBin]
    deciles: list[Decile]
    confusion: list[tuple[int, int, int]]  # true class index, predicted class index, photos
    temperature: Temperature | None  # of members only


@dataclass(frozen=True)
class Comparison:
    """The ensemble's top-1 against the best member's, on the same photos."""

    member: str
    difference: Figure  # ensemble - member
    only_ensemble_right: int
    only_member_right: int
    p_value: float  # exact McNemar test, two-sided


@dataclass(frozen=True)
class Disagreement:
    """How often members disagree."""

    members: list[str]
    pairs: list[list[float]]  # share of photos on which two members disagree, (members, members)
    unanimous: float  # share of photos on which all members agree
    accuracy_if_unanimous: float | None  # of the ensemble, as the next one
    accuracy_if_split: float | None


@dataclass(frozen=True)
class RejectionAtShare:
    """GAP if a share of the photos shows no landmark, ranked by the vote's score and by the rejection."""

    share: float
    plain: Figure
    rejecting: Figure
    gain: Figure  # rejecting - plain
    won_back: Figure | None  # gain as a share of what these photos cost; None if they cost nothing


@dataclass(frozen=True)
class RejectionResult:
    """How well rejection works on photos that it was not fitted on."""

    source: str  # of the photos without a landmark
    photos: int  # with a landmark
    landmark_free: int
    unreadable: dict[str, int]  # photos without a landmark that could not be read, by reason
    shares: list[RejectionAtShare]
    weights: dict[str, float]  # by evidence, standardised
    threshold: float
    right_kept: float  # share of the right predictions that reach the threshold
    landmark_free_rejected: float  # share of the photos without a landmark below it


@dataclass(frozen=True)
class Evaluation:
    """All results on one hold-out."""

    dataset: str
    dataset_fingerprint: str
    photos: int
    classes: int
    chance: float  # top-1 accuracy of a guess
    voters: list[VoterResult]  # members, the ensemble, mean softmax
    comparison: Comparison
    disagreement: Disagreement
    rejection: RejectionResult | None = None
    no_rejection: str = ""  # why there is no rejection
    views: Views = PLAIN  # of each photo, over which features were averaged
