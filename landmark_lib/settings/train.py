"""What `jobs/train.py` is told."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from landmark_lib.errors import UserError
from landmark_lib.method.plateau import PlateauSettings
from landmark_lib.settings.declare import (
    DATASET_DIRECTORY,
    MODELS_DIRECTORY,
    deciding,
    flag,
    option,
    place,
    require,
    setting,
)
from landmark_lib.storage import is_local

ALL = "all"
FREE = 53  # convolutional layers of ResNet50

OptimizerName = Literal["sgd", "adam"]
Precision = Literal["float32", "mixed_float16", "mixed_bfloat16"]
ClassWeights = Literal["none", "balanced"]
BALANCED: ClassWeights = "balanced"
# A slow disk or bucket may take minutes for a first row; what hangs, hangs longer.
STALL_TIMEOUT = 600.0  # seconds
ValidateOn = Literal["all", "selection"]
SELECTION: ValidateOn = "selection"


@dataclass(frozen=True)
class TrainSettings:
    """What `jobs/train.py` is told.

    Raises:
        UserError: A value out of its range.
    """

    dataset: str | None = place(
        None, f"Data set that jobs/preprocess.py wrote, a path or a URI.  [default: {DATASET_DIRECTORY}]"
    )
    models: str = place(MODELS_DIRECTORY, "Directory of the models; member k gets the folder member-k in it.")
    member: str = setting(ALL, "Member to train, 0 and up, or 'all', one after another.")
    members: tuple[Mapping[str, Any], ...] = setting(
        (),
        "Settings in which each member differs, as a YAML list with a mapping for each; best in --config:"
        " members: [{dropout: 0.5}, {l2: 1e-3}, {trainable_layers: 6}].",
    )
    backbone: str = setting("ResNet50", "Network to build on, any of keras.applications by name.", "network")
    weights: str = place(
        "imagenet",
        "Weights to start from: 'imagenet' (downloaded once), 'random', or a Keras .h5 file.",
        "network",
    )
    image_size: int = setting(224, "Side of the network's input; smaller is faster (pixels).", "network")
    trainable_layers: int | Literal["all"] = setting(
        3,
        "Convolutional layers left free, counted from the output (of ResNet50 0 … 53), or 'all'.",
        "network",
    )
    dropout: float = setting(0.5, "Share of the pooled features dropped in training.", "network")
    l2: float = setting(1e-4, "Weight penalty on the dense layer.", "network")
    l2_convolutions: float = setting(0.0, "Weight penalty on the free convolutional layers.", "network")
    precision: Precision = setting(
        "float32",
        "Numbers to compute with: on GPUs since Volta mixed_float16, since Ampere mixed_bfloat16 is faster.",
        "network",
    )
    optimizer: OptimizerName = setting("sgd", "Gradient descent with momentum, or Adam.", "learning")
    learning_rate: float = setting(
        0.01, "Learning rate of one rank; multiplied by the number of ranks.", "learning"
    )
    class_weights: ClassWeights = setting(
        "none",
        "How much the loss of a row counts: all the same, or 'balanced', by 1 / the rows of its class: for"
        " data sets that --cutoff and --target did not balance.",
        "learning",
    )
    no_lr_scaling: bool = flag(
        "Do not multiply the learning rate by the number of ranks.",
        "learning",
        formerly="fixed_learning_rate",
    )
    warmup_epochs: int = setting(
        1,
        "Epochs in which the learning rate climbs from that of one rank to the multiplied one.",
        "learning",
        formerly="warm_up_epochs",
    )
    fp16_gradients: bool = flag(
        "Send gradients between ranks as 16-bit floats: half the bytes.", "learning", formerly="compress"
    )
    momentum: float = setting(0.9, "Momentum of the gradient descent; Adam has its own.", "learning")
    lr_patience: int = setting(
        2,
        "Epochs without better training accuracy before the learning rate drops.",
        "learning",
        formerly="patience",
    )
    min_delta: float = setting(
        0.001,
        "What the training accuracy must rise by to count as better.",
        "learning",
        formerly="least_change",
    )
    lr_factor: float = setting(
        0.2, "What the learning rate is multiplied by when it drops.", "learning", formerly="drop"
    )
    min_lr: float = setting(
        1e-6,
        "What the learning rate of one rank never drops below.",
        "learning",
        formerly="lowest_learning_rate",
    )
    batch_size: int = setting(32, "Rows of a step on each rank.", "rows")
    epochs_per_pass: int = setting(
        1, "Epochs that make up one pass over the member's training set.", "rows", formerly="scale_down"
    )
    cache_features: bool = flag(
        "Compute the backbone's features once and train on them; for --trainable-layers 0 alone.", "rows"
    )
    random_flip: bool = flag(
        "Mirror half of the training images, others in each pass.", "rows", formerly="mirror"
    )
    max_bad_rows: int = setting(
        0,
        "Training images that may fail to decode on a rank before the job ends.",
        "run",
        formerly="skip_bad_rows",
    )
    seed: int = setting(
        0, "Seed of the order of rows, the dropout, the mirroring and the random weights.", "rows"
    )
    epochs: int = setting(10, "Epochs to train; an epoch is 1/epochs-per-pass of a pass.", "ending")
    early_stop_patience: int = setting(
        0,
        "Epochs without better validation accuracy after which training ends; 0: never.",
        "ending",
        formerly="early_stop",
    )
    validate_on: ValidateOn = setting(
        "all",
        "Photos of the hold-out that tell which epoch's model is the best: all, or the half on which"
        " jobs/tune.py compares settings.",
        "ending",
    )
    shard_cache: str | None = place(
        None,
        "Folder on a local disk for copies of a remote data set's shards.  [default: none are kept]",
        formerly="cache",
    )
    verify_shards: bool = flag("Compare the shards with their checksums before training on them.")
    stall_timeout: float = setting(
        STALL_TIMEOUT,
        "Abort if a rank gets no rows for this many seconds, or does not answer the others; a warning comes"
        " after 30.",
    )
    allow_rank_change: bool = flag(
        "Go on from a checkpoint that another number of ranks wrote at the end of an epoch.",
        formerly="other_ranks",
    )
    deterministic: bool = flag("The same bits in every run on the same machine; slower on a GPU.")
    tensorboard: bool = flag("Write events for TensorBoard into the member's folder.")

    def __post_init__(self) -> None:
        for name in ("batch_size", "epochs", "epochs_per_pass", "lr_patience"):
            require(getattr(self, name) >= 1, name, "at least 1", getattr(self, name))
        at_least_0 = ("l2", "l2_convolutions", "warmup_epochs", "early_stop_patience", "max_bad_rows")
        for name in (*at_least_0, "min_delta", "min_lr"):
            require(getattr(self, name) >= 0, name, "0 or more", getattr(self, name))
        require(self.image_size >= 32, "image_size", "at least 32 pixels", self.image_size)
        free = self.trainable_layers
        require(free == ALL or int(free) >= 0, "trainable_layers", "0 layers or more, or 'all'", free)
        resnet50 = self.backbone == "ResNet50"
        require(
            not resnet50 or free == ALL or int(free) <= FREE, "trainable_layers", f"0 to {FREE} layers", free
        )
        require(0 <= self.dropout < 1, "dropout", "0 or more, below 1", self.dropout)
        require(self.stall_timeout > 0, "stall_timeout", "above 0 seconds", self.stall_timeout)
        require(self.learning_rate > 0, "learning_rate", "above 0", self.learning_rate)
        require(0 < self.lr_factor < 1, "lr_factor", "a factor between 0 and 1", self.lr_factor)
        require(0 <= self.momentum < 1, "momentum", "0 or more, below 1", self.momentum)
        require(self.member == ALL or self.member.isdecimal(), "member", "a number or 'all'", self.member)
        require(
            self.shard_cache is None or is_local(self.shard_cache),
            "shard_cache",
            "a path on this machine",
            self.shard_cache,
        )
        if self.cache_features:
            require(free == 0, "cache_features", "--trainable-layers 0 with it", free)
            require(not self.random_flip, "cache_features", "no --random-flip with it", "both")
            require(not self.max_bad_rows, "cache_features", "no --max-bad-rows with it", "both")

    def of_member(self, member: int) -> "TrainSettings":
        """Give the settings of one member: its own where it has some, these otherwise.

        Raises:
            UserError: A setting that is not a member's own, or a value out of its range.
        """
        if not self.members:
            return self
        own = dict(self.members[member])
        allowed = deciding(TrainSettings, "network", "learning", "rows", "ending")
        for name in own:
            if name not in allowed:
                raise UserError(f"--members: {option(name)} is no setting of a member")
        return replace(self, members=(), **own)

    @property
    def identity(self) -> dict[str, Any]:
        """What decides the weights after each epoch; a checkpoint of another identity is no beginning."""
        names = deciding(TrainSettings, "network", "learning", "rows")
        return {name: value for name, value in asdict(self).items() if name in names}

    @property
    def plateau(self) -> PlateauSettings:
        """When the learning rate drops, and how far."""
        return PlateauSettings(self.lr_factor, self.lr_patience, self.min_delta, self.min_lr)
