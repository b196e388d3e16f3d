"""What `jobs/predict.py` is told."""

from dataclasses import dataclass

from landmark_lib.settings.declare import DATASET_DIRECTORY, MODELS_DIRECTORY, place, require, setting
from landmark_lib.settings.photos import PhotoSettings


@dataclass(frozen=True)
class PredictSettings(PhotoSettings):
    """What `jobs/predict.py` is told.

    Raises:
        UserError: A value out of its range, or two options that exclude each other.
    """

    input: str | None = place(
        None,
        "Photos: a folder with all that is below it, tars, one photo, or a CSV: with a column url, or ids of"
        " photos beside it.  [default: the photos of --dataset]",
    )
    dataset: str | None = place(
        None,
        "Data set that jobs/preprocess.py wrote: its hold-out, or all its photos if it was made with"
        f" --unlabelled.  [default: {DATASET_DIRECTORY}]",
    )
    models: str = place(MODELS_DIRECTORY, "Directory that jobs/train.py wrote.")
    output: str | None = place(
        None, "Directory for the predictions.  [default: predictions in the models' directory]"
    )
    top_k: int = setting(5, "Labels kept for each photo, and shown for the first photos.", formerly="top")
    submission: str | None = place(
        None, "File for Kaggle: id,landmarks with one label and its score, or none for a rejected photo."
    )
    test_list: str | None = place(
        None,
        "CSV with a column id: the photos that --submission must answer, in its order. Ids may lack folders"
        " and endings; those without a photo get an empty answer.",
    )
    names: str | None = place(
        None,
        "CSV with landmark_id and category, as Google Landmarks v2's train_label_to_category.csv, to show"
        " names.",
    )
    batch_size: int = setting(32, "Photos predicted at once.")

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("top_k", "batch_size"):
            require(getattr(self, name) >= 1, name, "at least 1", getattr(self, name))
        require(not (self.input and self.dataset), "input", "no --dataset with it", "both")
        require(not self.test_list or bool(self.submission), "test_list", "--submission with it", "none")
