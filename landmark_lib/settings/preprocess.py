"""Settings of `jobs/preprocess.py`."""

from dataclasses import dataclass
from typing import Literal

from landmark_lib.method.recipes import CENTRE, Framing
from landmark_lib.method.sampling_plan import SamplingSettings
from landmark_lib.settings.declare import DATASET_DIRECTORY, SAMPLE_DIRECTORY, flag, place, require, setting
from landmark_lib.settings.photos import PhotoSettings

Approach = Literal["first", "final"]
# The paper's two approaches: smallest label count kept, downsampling cutoff.
APPROACHES: dict[str, tuple[int, int]] = {"first": (1, 60), "final": (10, 120)}

Kind = Literal["auto", "folders", "images", "csv", "tar"]
Stage = Literal["list", "corpus", "labels", "duplicates", "plan", "shards"]  # in their order
NearDuplicates = Literal["separate", "keep"]


@dataclass(frozen=True)
class SourceSettings:
    """Where photos come from.

    Attributes:
        address: Folder, CSV or tar file, as a path or a URI.
        labels: CSV with the labels of the photos in a folder or in tar files.
        kind: What `address` is; 'auto' detects it.
        unlabelled: Photos have no labels.
    """

    address: str
    labels: str | None = None
    kind: Kind = "auto"
    unlabelled: bool = False


@dataclass(frozen=True)
class PreprocessSettings(PhotoSettings):
    """Settings of `jobs/preprocess.py`.

    Raises:
        UserError: A value out of its range.
    """

    input: str | None = place(
        None,
        "Photos: a folder with one folder per label; a CSV with a column url; or, with --labels, a folder of"
        " images or of tar files, or one tar file. A path or a URI (gs://, s3://, hdfs://)."
        f"  [default: the embedded sample, rendered into {SAMPLE_DIRECTORY}]",
        "corpus",
    )
    labels: str | None = place(
        None,
        "CSV with the labels of the images in --input: Kaggle's id,url,landmark_id, or Google Landmarks v2's"
        " train.csv or train_clean.csv.",
        "corpus",
    )
    kind: Kind = setting("auto", "What --input is; 'auto' detects it.", "corpus")
    unlabelled: bool = flag(
        "The photos have no labels (a test set): make only the corpus, for predictions.",
        "corpus",
    )
    output: str = place(DATASET_DIRECTORY, "Directory of the data set, a path or a URI.")
    approach: Approach = setting(
        "final",
        "The paper's approach: 'first' keeps every label and cuts at 60 images; 'final' keeps labels with at"
        " least 10 images and cuts at 120.",
        "plan",
    )
    min_label_count: int | None = setting(
        None,
        "Drop labels with fewer images than this.  [default: 1 or 10, by --approach]",
        "plan",
        formerly="smallest_label_count",
        at_least=1,
    )
    cutoff: int | None = setting(
        None,
        "Largest number of training images per class and member.  [default: 60 or 120, by --approach]",
        "plan",
    )
    target: int = setting(60, "Upsample smaller classes to this many training images.", "plan", at_least=1)
    hold_out: int = setting(2, "Images per class held out for validation.", "plan", at_least=0)
    ensemble_size: int = setting(
        3,
        "Number of ensemble members; each gets its own sample of the large classes.",
        "plan",
        formerly="members",
        at_least=1,
    )
    seed: int = setting(0, "Seed of every random choice.", "plan")
    near_duplicates: NearDuplicates | None = setting(
        None,
        "Photos that look like others: 'separate' finds them and holds out all photos of a group or none;"
        " 'keep' does not look for them.  [default: separate; a data set that exists keeps its choice]",
        "corpus",
    )
    framing: Framing = setting(
        CENTRE,
        "What a row shows of its 250-pixel corpus image: 'centre', the middle 224 pixels, as in the paper; or"
        " 'whole', all of it, for better accuracy and a quarter more bytes.",
        "plan",
    )
    rows_per_shard: int = setting(1024, "Rows per shard; a row takes about 25 kB.", "plan", at_least=1)
    rows_per_group: int = setting(
        128, "Rows per Parquet row group; a reader holds one at a time.", "corpus", at_least=1
    )
    photos_per_part: int = setting(
        256,
        "Photos that one task resizes. Parts grow instead of exceeding 4,096 (above a million photos).",
        "corpus",
        at_least=1,
    )
    until: Stage = setting("shards", "Stop after this stage. The next run resumes there.")
    dry_run: bool = flag("Print the plan (labels, roles, rows per member, expected bytes); write nothing.")
    verify: bool = flag(
        "Compare the list with the files without decoding them; write nothing. Exit status 1 if anything is"
        " wrong.",
    )
    overwrite: bool = flag(
        "Replace a data set made with other settings; keep its corpus if only settings of the plan differ.",
    )
    retry_rejected: bool = flag("Add new photos to a finished data set, and try the rejected ones again.")

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.resolved_cutoff >= self.target,
            "cutoff",
            f"at least the target ({self.target})",
            self.resolved_cutoff,
        )
        require(not (self.unlabelled and self.labels), "labels", "none with --unlabelled", self.labels)
        separates = self.near_duplicates == "separate"
        expected = "keep with --unlabelled"
        require(not (self.unlabelled and separates), "near_duplicates", expected, self.near_duplicates)

    def source(self, address: str) -> SourceSettings:
        """Return where the photos are, for `--input` or the sample that replaces it."""
        return SourceSettings(address, self.labels, self.kind, self.unlabelled)

    @property
    def resolved_min_label_count(self) -> int:
        """Smallest label count kept, as given or as the approach sets it."""
        given = self.min_label_count
        return APPROACHES[self.approach][0] if given is None else given

    @property
    def resolved_cutoff(self) -> int:
        """Downsampling cutoff, as given or as the approach sets it."""
        return APPROACHES[self.approach][1] if self.cutoff is None else self.cutoff

    @property
    def resolved_near_duplicates(self) -> NearDuplicates:
        """What becomes of near-duplicates, as given; photos without labels are not split."""
        return self.near_duplicates or ("keep" if self.unlabelled else "separate")

    @property
    def sampling(self) -> SamplingSettings:
        """Settings that the method plans a class with."""
        return SamplingSettings(
            hold_out=self.hold_out,
            cutoff=self.resolved_cutoff,
            target=self.target,
            ensemble_size=self.ensemble_size,
            seed=self.seed,
        )
