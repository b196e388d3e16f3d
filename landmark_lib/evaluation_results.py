"""What an evaluation found, as plain values: `evaluation.json` and the report are made of these."""

from dataclasses import dataclass

from landmark_lib.digits import decimal

ENSEMBLE = "ensemble"
MEAN_SOFTMAX = "mean softmax"
TOP = 5  # answers of which one is to be right; all of fewer classes


@dataclass(frozen=True)
class Figure:
    """A measured value and its 95 % interval, by bootstrap over photos."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{decimal(self.value)} [{decimal(self.low)}, {decimal(self.high)}]"


@dataclass(frozen=True)
class ReliabilityBin:
    """Photos whose score falls into one of the equal parts of 0 … 1; parts without photos are left out."""

    score: float  # mean
    accuracy: float
    photos: int


@dataclass(frozen=True)
class Temperature:
    """What a member's logits are divided by so that its scores are as sure as it is right.

    Fitted on one half of the hold-out, a keyed split; the expected calibration errors are the other half's.
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
    accuracy: float | None  # mean over its classes with photos; None: there are none


@dataclass(frozen=True)
class VoterResult:
    """How good one voter is."""

    voter: str  # "member-0" …, ENSEMBLE or MEAN_SOFTMAX
    weights: str  # what the backbones started from
    top_1: Figure
    top_5: Figure  # of fewer classes or labels: the right one among all given
    mean_class_accuracy: Figure
    macro_precision: Figure
    macro_recall: Figure
    gap: Figure
    ece: float
    reliability: list[ReliabilityBin]
    deciles: list[Decile]
    confusion: list[tuple[int, int, int]]  # true class index, predicted class index, photos
    temperature: Temperature | None  # of members


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
    """How often members answer differently."""

    members: list[str]
    pairs: list[list[float]]  # share of photos on which two members differ, (members, members)
    unanimous: float  # share of photos
    accuracy_if_unanimous: float | None
    accuracy_if_split: float | None  # of the ensemble


@dataclass(frozen=True)
class RejectionAtShare:
    """GAP where a share of photos shows no landmark, by the vote's score and by the chance to be right."""

    share: float
    plain: Figure
    rejecting: Figure
    gain: Figure  # rejecting - plain
    won_back: Figure | None  # share of what these photos cost the plain score; None: nothing


@dataclass(frozen=True)
class RejectionResult:
    """What rejection brings, on photos that it was not fitted on."""

    source: str  # of the photos without a landmark
    photos: int  # with a landmark
    landmark_free: int
    unreadable: dict[str, int]  # photos without a landmark that could not be read, by reason
    shares: list[RejectionAtShare]
    weights: dict[str, float]  # by evidence, standardised
    threshold: float
    right_kept: float  # share of the right answers that reach the threshold
    landmark_free_rejected: float  # share of the photos without a landmark that do not


@dataclass(frozen=True)
class Evaluation:
    """All that was found on one hold-out."""

    dataset: str
    dataset_fingerprint: str
    photos: int
    classes: int
    chance: float  # top-1 accuracy of a guess
    voters: list[VoterResult]  # members, the ensemble, mean softmax
    comparison: Comparison
    disagreement: Disagreement
    rejection: RejectionResult | None = None
    no_rejection: str = ""  # why there is none
