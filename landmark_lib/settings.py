"""The settings of each job: frozen, self-checking, each with its default, unit and help in one place.

The command lines are made from these classes (`command_line.py`), so a setting is written down once.
"""

from dataclasses import dataclass, field, fields
from typing import Any, Literal

from landmark_lib.errors import UserError
from landmark_lib.method.plateau import PlateauSettings
from landmark_lib.method.sampling_plan import SamplingSettings

SAMPLE_DIRECTORY = "data/sample"
DATASET_DIRECTORY = "data/dataset"
MODELS_DIRECTORY = "data/models"

Approach = Literal["first", "final"]
# The paper's two approaches: smallest label count kept, downsampling cutoff.
APPROACHES: dict[str, tuple[int, int]] = {"first": (1, 60), "final": (10, 120)}


# What a setting of preprocessing decides: the photos of the corpus, the plan and its shards, how photos are
# fetched (which changes no pixel), or what this one run does.
Decides = Literal["corpus", "plan", "fetching", "run"]
# Under what a job's help shows them.
SECTIONS: dict[Decides, str] = {
    "corpus": "Photos",
    "plan": "Balance",
    "fetching": "Fetching",
    "run": "Options",
}


def setting(default: Any, explanation: str, decides: Decides = "run") -> Any:
    """Declare a field of a settings class with its default and the help that its option shows."""
    return field(default=default, metadata={"help": explanation, "decides": decides})


def flag(explanation: str, decides: Decides = "run") -> Any:
    """Declare a field that is off until its option is given."""
    return field(default=False, metadata={"help": explanation, "decides": decides})


def deciding(settings_class: type[Any], *what: Decides) -> list[str]:
    """Name the fields of a settings class that decide one of these."""
    return [field.name for field in fields(settings_class) if field.metadata["decides"] in what]


def require(condition: bool, name: str, expected: str, received: object) -> None:  # noqa: FBT001 - reads as a sentence
    """Refuse a setting.

    Raises:
        UserError: The condition does not hold.
    """
    if not condition:
        option = "--" + name.replace("_", "-")
        raise UserError(f"{option}: expected {expected}, received {received}")


Kind = Literal["auto", "folders", "images", "csv", "tar"]
Until = Literal["list", "corpus", "labels", "plan", "shards"]


@dataclass(frozen=True)
class SourceSettings:
    """Where photos come from.

    Attributes:
        address: Folder, CSV or tar file, as a path or a URI.
        labels: CSV with the labels of the photos in a folder or in tar files.
        kind: What `address` is; 'auto' finds out.
        unlabelled: Photos have no labels.
    """

    address: str
    labels: str | None = None
    kind: Kind = "auto"
    unlabelled: bool = False


@dataclass(frozen=True)
class FetchSettings:
    """How the bytes of photos are fetched.

    Attributes:
        timeout: Seconds without an answer, or without a byte, before an attempt is given up.
        most_megabytes: Largest photo fetched, in millions of bytes.
        retries: Attempts after the first.
        connections_per_host: Connections that one task opens to one host at a time.
        user_agent: What downloads say they are.
        allow_private: Whether addresses that the internet does not route are fetched.
    """

    timeout: float = 30
    most_megabytes: int = 200
    retries: int = 3
    connections_per_host: int = 8
    user_agent: str = ""
    allow_private: bool = False


@dataclass(frozen=True)
class PreprocessSettings:
    """What `jobs/preprocess.py` is told.

    Raises:
        UserError: A value out of its range.
    """

    input: str | None = setting(
        None,
        "Photos: a folder of folders named by label; a CSV with a column url; or, with --labels, a folder of"
        " images or of tar files, or one tar file. A path or a URI (gs://, s3://, hdfs://)."
        f"  [default: the embedded sample, rendered into {SAMPLE_DIRECTORY}]",
        "corpus",
    )
    labels: str | None = setting(
        None,
        "CSV that tells the labels of the images in --input: Kaggle's id,url,landmark_id, or Google Landmarks"
        " v2's train.csv or train_clean.csv.",
        "corpus",
    )
    kind: Kind = setting("auto", "What --input is; 'auto' finds out.", "corpus")
    unlabelled: bool = flag(
        "The photos have no labels (a test set): makes the corpus only, for predictions.",
        "corpus",
    )
    output: str = setting(DATASET_DIRECTORY, "Directory of the data set, a path or a URI.")
    approach: Approach = setting(
        "final",
        "The paper's approach: 'first' keeps every label and cuts at 60 images, 'final' keeps labels with 10"
        " images and cuts at 120.",
        "plan",
    )
    smallest_label_count: int | None = setting(
        None, "Drop labels with fewer images than this.  [default: of the approach, 1 or 10]", "plan"
    )
    cutoff: int | None = setting(
        None,
        "Most training images of a class in one member.  [default: of the approach, 60 or 120]",
        "plan",
    )
    target: int = setting(60, "Training images that a smaller class is upsampled to.", "plan")
    hold_out: int = setting(2, "Images of each class held out for validation.", "plan")
    members: int = setting(3, "Training sets, each with its own sample of the large classes.", "plan")
    seed: int = setting(0, "Seed of every random choice.", "plan")
    rows_per_shard: int = setting(1024, "Size of a shard, in rows of about 25 kB.", "plan")
    rows_per_group: int = setting(
        128, "Size of a Parquet row group, in rows; what a reader holds at once.", "corpus"
    )
    photos_per_part: int = setting(
        256,
        "Photos that one task resizes; more, where a million photos would give more than 4,096 parts.",
        "corpus",
    )
    most_megapixels: int = setting(
        200,
        "Reject photos with more pixels than this, in millions, and those whose decoder would take more than"
        " 480 MB, or 2.4 MB for each of these if that is more.",
        "corpus",
    )
    most_megabytes: int = setting(
        200, "Reject photos whose file is larger than this, in millions of bytes.", "corpus"
    )
    timeout: float = setting(
        30.0, "Seconds without a byte before an attempt to download is given up.", "fetching"
    )
    retries: int = setting(3, "Further attempts to download, each after a longer pause.", "fetching")
    connections_per_host: int = setting(
        8, "Connections that one task opens to one host at a time.", "fetching"
    )
    user_agent: str = setting(
        "landmark-recognition", "What downloads say they are; name an address to write to.", "fetching"
    )
    allow_private_addresses: bool = flag(
        "Download from addresses that the internet does not route too: loopback, private networks.",
        "fetching",
    )
    until: Until = setting("shards", "Stop after this stage; the next run goes on from there.")
    dry_run: bool = flag(
        "Print the plan (labels, roles, rows of each member, bytes to expect) and write nothing.",
    )
    verify: bool = flag(
        "Compare the list with the files, reading no pixels, and write nothing; exit status 1 if anything is"
        " wrong.",
    )
    overwrite: bool = flag(
        "Replace a data set made with other settings; its corpus stays where only the plan's differ.",
    )
    retry_rejected: bool = flag(
        "Try the rejected photos of a finished data set again, and only those and new ones.",
    )

    def __post_init__(self) -> None:
        for name in ("target", "members", "rows_per_shard", "rows_per_group", "photos_per_part"):
            require(getattr(self, name) >= 1, name, "at least 1", getattr(self, name))
        for name in ("most_megapixels", "most_megabytes", "connections_per_host"):
            require(getattr(self, name) >= 1, name, "at least 1", getattr(self, name))
        # Headers know no other characters.
        printable = self.user_agent.isascii() and self.user_agent.isprintable()
        require(printable, "user_agent", "printable ASCII", repr(self.user_agent))
        require(self.timeout > 0, "timeout", "above 0 seconds", self.timeout)
        require(self.retries >= 0, "retries", "at least 0", self.retries)
        require(self.hold_out >= 0, "hold_out", "at least 0", self.hold_out)
        require(self.resolved_smallest >= 1, "smallest_label_count", "at least 1", self.smallest_label_count)
        require(
            self.resolved_cutoff >= self.target,
            "cutoff",
            f"at least the target ({self.target})",
            self.resolved_cutoff,
        )
        require(not (self.unlabelled and self.labels), "labels", "none with --unlabelled", self.labels)

    def source(self, address: str) -> SourceSettings:
        """Tell where the photos are, at `--input` or what stands in for it."""
        return SourceSettings(address, self.labels, self.kind, self.unlabelled)

    @property
    def fetching(self) -> FetchSettings:
        """How photos are fetched."""
        return FetchSettings(
            timeout=self.timeout,
            most_megabytes=self.most_megabytes,
            retries=self.retries,
            connections_per_host=self.connections_per_host,
            user_agent=self.user_agent,
            allow_private=self.allow_private_addresses,
        )

    @property
    def resolved_smallest(self) -> int:
        """Smallest label count kept, as given or as the approach has it."""
        given = self.smallest_label_count
        return APPROACHES[self.approach][0] if given is None else given

    @property
    def resolved_cutoff(self) -> int:
        """Downsampling cutoff, as given or as the approach has it."""
        return APPROACHES[self.approach][1] if self.cutoff is None else self.cutoff

    @property
    def sampling(self) -> SamplingSettings:
        """What the method needs to know to plan a class."""
        return SamplingSettings(
            hold_out=self.hold_out,
            cutoff=self.resolved_cutoff,
            target=self.target,
            members=self.members,
            seed=self.seed,
        )


@dataclass(frozen=True)
class TrainSettings:
    """What `jobs/train.py` is told.

    Raises:
        UserError: A value out of its range.
    """

    dataset: str | None = setting(
        None, f"Directory that jobs/preprocess.py wrote.  [default: {DATASET_DIRECTORY}]"
    )
    models: str = setting(
        MODELS_DIRECTORY, "Directory of the models; member k gets the folder member-k in it."
    )
    member: str = setting("all", "Member to train, 0 and up, or 'all', one after another.")
    weights: str = setting(
        "imagenet", "Backbone to start from: 'imagenet' (downloaded once), 'random', or a Keras .h5 file."
    )
    image_size: int = setting(224, "Side of the network's input; smaller is faster (pixels).")
    trainable_layers: int = setting(3, "Convolutional layers left free, counted from the output, 0 … 53.")
    dropout: float = setting(0.5, "Share of the pooled features dropped in training.")
    l2: float = setting(1e-4, "Weight penalty on the dense layer.")
    learning_rate: float = setting(0.01, "Learning rate of one rank; multiplied by the number of ranks.")
    momentum: float = setting(0.9, "Momentum of the gradient descent.")
    batch_size: int = setting(32, "Rows of a step on each rank.")
    epochs: int = setting(10, "Epochs to train; an epoch is 1/scale-down of a pass.")
    scale_down: int = setting(1, "Epochs that make up one pass over the member's training set.")
    patience: int = setting(
        2, "Epochs without better training accuracy before the learning rate drops to a fifth."
    )
    seed: int = setting(0, "Seed of the order of rows, the dropout and the random weights.")

    def __post_init__(self) -> None:
        for name in ("batch_size", "epochs", "scale_down", "patience"):
            require(getattr(self, name) >= 1, name, "at least 1", getattr(self, name))
        require(self.image_size >= 32, "image_size", "at least 32 pixels", self.image_size)
        require(0 <= self.trainable_layers <= 53, "trainable_layers", "0 to 53 layers", self.trainable_layers)
        require(0 <= self.dropout < 1, "dropout", "0 or more, below 1", self.dropout)
        require(self.l2 >= 0, "l2", "0 or more", self.l2)
        require(self.learning_rate > 0, "learning_rate", "above 0", self.learning_rate)
        require(0 <= self.momentum < 1, "momentum", "0 or more, below 1", self.momentum)
        require(self.member == "all" or self.member.isdecimal(), "member", "a number or 'all'", self.member)

    @property
    def plateau(self) -> PlateauSettings:
        """When the learning rate drops."""
        return PlateauSettings(patience=self.patience)


@dataclass(frozen=True)
class EvaluateSettings:
    """What `jobs/evaluate.py` is told.

    Raises:
        UserError: A value out of its range.
    """

    dataset: str | None = setting(
        None, f"Directory that jobs/preprocess.py wrote.  [default: {DATASET_DIRECTORY}]"
    )
    models: str = setting(MODELS_DIRECTORY, "Directory that jobs/train.py wrote.")
    output: str | None = setting(
        None, "File for the results.  [default: evaluation.json in the models' directory]"
    )
    batch_size: int = setting(32, "Photos predicted at once.")

    def __post_init__(self) -> None:
        require(self.batch_size >= 1, "batch_size", "at least 1", self.batch_size)
