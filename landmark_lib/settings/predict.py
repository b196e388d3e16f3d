"""Settings of `jobs/predict.py`."""

from dataclasses import dataclass
from typing import Literal

from landmark_lib.settings.declare import DATASET_DIRECTORY, MODELS_DIRECTORY, place, require, setting
from landmark_lib.settings.photos import PhotoSettings
from landmark_lib.settings.views import Views, views_setting

PredictionFormat = Literal["parquet", "csv", "jsonl"]


@dataclass(frozen=True)
class PredictSettings(PhotoSettings):
    """Settings of `jobs/predict.py`.

    Raises:
        UserError: A value is out of range, or two options exclude each other.
    """

    input: str | None = place(
        None,
        "Photos: a folder, searched recursively, tars, one photo, or a CSV with a column url or with the ids"
        " of photos beside it.  [default: the photos of --dataset]",
    )
    dataset: str | None = place(
        None,
        "Data set written by jobs/preprocess.py: predicts its hold-out, or all photos if it was made with"
        f" --unlabelled.  [default: {DATASET_DIRECTORY}]",
    )
    models: str = place(MODELS_DIRECTORY, "Directory of the models written by jobs/train.py.")
    output: str | None = place(
        None, "Directory for the predictions.  [default: predictions in the models' directory]"
    )
    top_k: int = setting(
        5, "Labels to keep for each photo, and to print for the first photos.", formerly="top", at_least=1
    )
    format: PredictionFormat = setting(
        "parquet",
        "Also write predictions and rejected photos as one file each: csv (each label and score in a column)"
        " or jsonl (JSON Lines). Parquet is always written.",
    )
    report: str | None = place(
        None,
        "File for a page (HTML) of the first 60 photos: their labels, and the training photos most similar to"
        " them.",
    )
    submission: str | None = place(
        None, "File for Kaggle, id,landmarks: one label and its score, empty for a rejected photo."
    )
    test_list: str | None = place(
        None,
        "CSV with a column id: the photos of --submission, in this order. Ids may lack folders and file"
        " extensions; ids without a photo have an empty prediction.",
    )
    names: str | None = place(
        None,
        "CSV with landmark_id and category, such as train_label_to_category.csv of Google Landmarks v2, to"
        " print names.",
    )
    views: Views = views_setting()
    batch_size: int = setting(32, "Photos per batch.", at_least=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        require(not (self.input and self.dataset), "input", "no --dataset with it", "both")
        require(not self.test_list or bool(self.submission), "test_list", "--submission with it", "none")
