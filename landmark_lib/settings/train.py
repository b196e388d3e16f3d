"""The settings of `jobs/train.py`, by concern."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from landmark_lib.method.class_sample import DEFAULT_SHARE, MANY
from landmark_lib.method.epochs import BATCH_SIZE, MAX_AUTO_BATCH_SIZE, MIN_STEPS
from landmark_lib.method.schedule import Plateau
from landmark_lib.settings.declare import (
    DATASET_DIRECTORY,
    MODELS_DIRECTORY,
    Settings,
    flag,
    part,
    place,
    require,
    setting,
    to_flat,
)
from landmark_lib.storage import is_local

ALL = "all"
AUTO: Literal["auto"] = "auto"
FREE = 53  # convolutional layers of ResNet50
RANDOM = "random"
SAMPLE_WEIGHTS = "sample"
SAMPLE_BACKBONE = "MobileNetV3Small"  # whose weights come with landmark_sample

OptimizerName = Literal["sgd", "adam"]
Precision = Literal["float32", "mixed_float16", "mixed_bfloat16"]
ClassWeights = Literal["none", "balanced"]
BALANCED: ClassWeights = "balanced"
HEAD_EPOCHS = 2
BACKBONE_LR_FACTOR = 0.1
WeightAveraging = Literal["none", "epochs"]
EPOCHS: WeightAveraging = "epochs"
Pooling = Literal["avg", "gem", "avg2", "gem2"]
AVERAGE: Pooling = "avg"
GEM: Pooling = "gem"
AVERAGE_2: Pooling = "avg2"
GEM_2: Pooling = "gem2"
Head = Literal["softmax", "similarity", "arcface"]
SOFTMAX: Head = "softmax"
WITH_SIMILARITY: Head = "similarity"
ARCFACE: Head = "arcface"
# The first row from a slow disk or bucket may take minutes.
STALL_TIMEOUT = 600.0  # seconds
ValidateOn = Literal["all", "selection"]
SELECTION: ValidateOn = "selection"


@dataclass(frozen=True)
class BackboneSettings(Settings):
    """The backbone of the network.

    Raises:
        UserError: A value out of its range, or the sample's weights for another backbone.
    """

    backbone: str = setting("ResNet50", "Backbone: any network of keras.applications, by name.")
    weights: str = place(
        "imagenet",
        "Initial weights: 'imagenet' (downloaded once), 'random', a Keras .h5 file, or 'sample' (of"
        f" {SAMPLE_BACKBONE}, trained on rendered landmarks: for demos without a download).",
    )
    image_size: int = setting(
        224, "Side length of the network's input (pixels); smaller is faster.", unit="pixels", at_least=32
    )
    precision: Precision = setting(
        "float32",
        "Precision of computation. On GPUs, mixed_float16 (Volta and later) and mixed_bfloat16 (Ampere and"
        " later) are faster.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        fits = self.weights != SAMPLE_WEIGHTS or self.backbone == SAMPLE_BACKBONE
        require(fits, "weights", f"'sample' with --backbone {SAMPLE_BACKBONE} only", self.backbone)


@dataclass(frozen=True)
class NetworkSettings(BackboneSettings):
    """The network, and which of its layers learn.

    Raises:
        UserError: A value out of its range.
    """

    trainable_layers: int | Literal["all"] = setting(
        3,
        "Convolutional layers to train, counted from the output (of ResNet50 0 … 53), or 'all'; the others"
        " stay frozen.",
    )
    pooling: Pooling = setting(
        GEM_2,
        "How maps become features: 'avg' (the mean of the last one, as in the paper), 'gem' (its generalised"
        " mean, power 3), 'avg2' or 'gem2' (those of two maps, the last one and the last of twice the"
        " resolution).",
        earlier=AVERAGE,
    )
    feature_length: float = setting(
        30.0,
        "Length to which the pooled features of a photo are scaled for the head, so that one learning rate"
        " suits all backbones and poolings; 0 leaves them as they are, as in the paper.",
        earlier=0.0,
        at_least=0,
    )
    head: Head = setting(
        WITH_SIMILARITY,
        "What makes the logits: 'softmax', one dense layer as in the paper; 'similarity', that layer and the"
        " similarity to the training photos of each class, computed when training ends; or 'arcface', cosines"
        " to learned centres of the classes, with a margin.",
        earlier=SOFTMAX,
    )
    embedding_size: int = setting(
        512, "Length of the vector that --head arcface makes of a photo.", earlier=512, at_least=2
    )
    sub_centres: int = setting(
        1,
        "Centres of each class that --head arcface learns, of which the nearest counts; 3 if many labels are"
        " wrong or classes have several views.",
        earlier=1,
        at_least=1,
    )
    margin: float = setting(
        0.5,
        "Angle that --head arcface adds to the photos of a class with one row while training; it falls with"
        " the fourth root of the rows, to a tenth.",
        earlier=0.5,
        unit="radians",
        at_least=0,
        at_most=1.5,
    )
    dropout: float = setting(0.5, "Dropout rate of the pooled features.", at_least=0, below=1)
    l2: float = setting(1e-4, "L2 penalty on the weights of the head.", at_least=0)
    l2_convolutions: float = setting(0.0, "L2 penalty on the trained convolutional layers.", at_least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        free = self.trainable_layers
        require(free == ALL or int(free) >= 0, "trainable_layers", "0 layers or more, or 'all'", free)
        known = self.backbone == "ResNet50" and free != ALL
        require(not known or int(free) <= FREE, "trainable_layers", f"0 to {FREE} layers", free)


@dataclass(frozen=True)
class LearningSettings(Settings):
    """How the network learns."""

    optimizer: OptimizerName = setting("sgd", "SGD with momentum, or Adam.")
    learning_rate: float = setting(
        0.01, "Learning rate per rank; multiplied by the number of ranks, see --no-lr-scaling.", above=0
    )
    head_epochs: int | Literal["auto"] = setting(
        AUTO,
        "Epochs at the beginning in which only the head is trained; 'auto':"
        f" {HEAD_EPOCHS}, or 0 with --weights random.",
        at_least=0,
        earlier=0,
    )
    backbone_lr_factor: float | Literal["auto"] = setting(
        AUTO,
        "Factor of the learning rate for the trained layers of the backbone; 'auto':"
        f" {BACKBONE_LR_FACTOR:g}, or 1 with --weights random.",
        above=0,
        at_most=1,
        earlier=1.0,
    )
    weight_averaging: WeightAveraging = setting(
        EPOCHS,
        "What validation measures and models hold: 'epochs', the trained weights averaged over the ends of"
        " epochs, later ones counting more, or 'none', those of one epoch. Steps that look at a sample of the"
        " classes have no averages.",
        earlier="none",
    )
    class_weights: ClassWeights = setting(
        "none",
        "Loss weights: 'none', or 'balanced' (inverse class frequency), for data sets that --cutoff and"
        " --target did not balance.",
    )
    no_lr_scaling: bool = flag(
        "Do not multiply the learning rate by the number of ranks.", formerly="fixed_learning_rate"
    )
    warmup_epochs: int = setting(
        1,
        "Epochs during which the learning rate rises from that of one rank to the multiplied one.",
        formerly="warm_up_epochs",
        at_least=0,
    )
    fp16_gradients: bool = flag(
        "Send gradients between ranks as 16-bit floats, which halves the traffic.", formerly="compress"
    )
    class_sample: float | Literal["auto"] = setting(
        AUTO,
        "Share of the classes that a step looks at, besides those of its rows; 'auto': all, or"
        f" {DEFAULT_SHARE:g} if there are more than {MANY:,} classes.",
        above=0,
        at_most=1,
    )
    momentum: float = setting(0.9, "Momentum of SGD; Adam ignores it.", at_least=0, below=1)
    lr_patience: int = setting(
        2,
        "Epochs without better training accuracy after which the learning rate drops.",
        formerly="patience",
        at_least=1,
    )
    min_delta: float = setting(
        0.001,
        "Gain in training accuracy that counts as better (0 to 1).",
        formerly="least_change",
        at_least=0,
    )
    lr_factor: float = setting(
        0.2, "Factor by which the learning rate drops.", formerly="drop", above=0, below=1
    )
    min_lr: float = setting(
        1e-6,
        "Lower bound of the learning rate per rank.",
        formerly="lowest_learning_rate",
        at_least=0,
    )

    @property
    def plateau(self) -> Plateau:
        """When the learning rate drops, and how far."""
        return Plateau(self.lr_factor, self.lr_patience, self.min_delta, self.min_lr)


@dataclass(frozen=True)
class RowSettings(Settings):
    """Which rows the network learns from, and in which order."""

    batch_size: int | Literal["auto"] = setting(
        AUTO,
        f"Batch size per rank (rows); 'auto': {BATCH_SIZE}, or for a head alone on cached features the"
        f" largest of up to {MAX_AUTO_BATCH_SIZE} that leaves {MIN_STEPS:,} steps in a pass.",
        at_least=1,
        earlier=BATCH_SIZE,
    )
    epochs_per_pass: int = setting(
        1, "Epochs that make up one pass over the member's training set.", formerly="scale_down", at_least=1
    )
    cache_features: bool = flag(
        "Compute what the frozen layers return for each row once, store it in --models, and train the others"
        " on it."
    )
    random_flip: bool = flag(
        "Flip half of the training images horizontally; which half changes in each pass.", formerly="mirror"
    )
    seed: int = setting(0, "Seed of the order of rows, dropout, random flips and random weights.")


@dataclass(frozen=True)
class EndSettings(Settings):
    """When training ends, and what decides which epoch's model is the best."""

    epochs: int = setting(
        10, "Epochs to train; --epochs-per-pass of them are one pass over the training set.", at_least=1
    )
    early_stop_patience: int = setting(
        0,
        "Stop after this many epochs without better validation accuracy; 0 never stops early.",
        formerly="early_stop",
        at_least=0,
    )
    validate_on: ValidateOn = setting(
        "all",
        "Validation photos used to pick the best epoch: all, or the half on which jobs/tune.py compares"
        " settings.",
    )


@dataclass(frozen=True)
class RunSettings(Settings):
    """What one run does without changing its result.

    Raises:
        UserError: A value out of its range.
    """

    max_bad_rows: int = setting(
        0,
        "Training images per rank that may fail to decode before the job aborts.",
        formerly="skip_bad_rows",
        at_least=0,
    )
    shard_cache: str | None = place(
        None,
        "Folder on a local disk for copies of a remote data set's shards.  [default: no copies]",
        formerly="cache",
    )
    verify_shards: bool = flag("Verify the checksums of the shards before training.")
    stall_timeout: float = setting(
        STALL_TIMEOUT,
        "Abort if a rank receives no rows, or another rank does not answer, for this many seconds; a warning"
        " comes after 30.",
        unit="seconds",
        above=0,
    )
    allow_rank_change: bool = flag(
        "Allow resuming an end-of-epoch checkpoint with a different number of ranks.",
        formerly="other_ranks",
    )
    deterministic: bool = flag("Produce the same bits in every run on the same machine; slower on GPUs.")
    tensorboard: bool = flag("Write TensorBoard events to the member's folder.")

    def __post_init__(self) -> None:
        super().__post_init__()
        cache = self.shard_cache
        require(cache is None or is_local(cache), "shard_cache", "a path on this machine", cache)


@dataclass(frozen=True)
class MemberSettings(Settings):
    """What decides what a member becomes.

    Raises:
        UserError: Settings that exclude each other.
    """

    network: NetworkSettings = part(NetworkSettings)
    learning: LearningSettings = part(LearningSettings)
    rows: RowSettings = part(RowSettings)
    ending: EndSettings = part(EndSettings)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rows.cache_features:
            free = self.network.trainable_layers
            require(free != ALL, "cache_features", "frozen layers with it, not --trainable-layers all", free)
            require(not self.rows.random_flip, "cache_features", "no --random-flip with it", "both")
        share = self.learning.class_sample
        looks_at_all = self.network.head != ARCFACE or share in (AUTO, 1)
        require(looks_at_all, "class_sample", f"all classes (1) with --head {ARCFACE}", share)

    @property
    def head_epochs(self) -> int:
        """Epochs at the beginning in which only the head is trained."""
        chosen = self.learning.head_epochs
        return int(chosen) if chosen != AUTO else HEAD_EPOCHS * (self.network.weights != RANDOM)

    @property
    def backbone_lr_factor(self) -> float:
        """Factor of the learning rate for the trained layers of the backbone."""
        chosen = self.learning.backbone_lr_factor
        if chosen != AUTO:
            return float(chosen)
        return 1.0 if self.network.weights == RANDOM else BACKBONE_LR_FACTOR

    @property
    def deciding(self) -> dict[str, Any]:
        """The settings that decide what a member becomes, by name."""
        return {**self.identity, **to_flat(self.ending)}

    @property
    def identity(self) -> dict[str, Any]:
        """The settings that decide the weights after each epoch; a checkpoint of others is refused."""
        return {**to_flat(self.network), **to_flat(self.learning), **to_flat(self.rows)}


@dataclass(frozen=True)
class TrainSettings(MemberSettings):
    """The settings of `jobs/train.py`.

    Raises:
        UserError: A value out of its range, or settings that exclude each other.
    """

    dataset: str | None = place(
        None, f"Data set written by jobs/preprocess.py, a path or a URI.  [default: {DATASET_DIRECTORY}]"
    )
    models: str = place(MODELS_DIRECTORY, "Directory of the models; member k is written to member-k in it.")
    member: str = setting(ALL, "Member to train (0, 1, ...), or 'all' to train one after another.")
    members: tuple[MemberSettings, ...] = setting(
        (),
        "Settings in which each member differs from the others, as a YAML list with one mapping per member;"
        " best in --config: members: [{dropout: 0.5}, {l2: 1e-3}, {trainable_layers: 6}].",
    )
    run: RunSettings = part(RunSettings)

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.member == ALL or self.member.isdecimal(), "member", "a number or 'all'", self.member)
        bad_rows = any(each.rows.cache_features for each in (self, *self.members)) and self.run.max_bad_rows
        require(not bad_rows, "cache_features", "no --max-bad-rows with it", "both")

    def of_member(self, member: int) -> "TrainSettings":
        """Return the settings of one member."""
        if not self.members:
            return self
        own = self.members[member]
        return replace(
            self,
            network=own.network,
            learning=own.learning,
            rows=own.rows,
            ending=own.ending,
            members=(),
        )
