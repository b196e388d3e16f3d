"""What `jobs/evaluate.py` is told."""

from dataclasses import dataclass

from landmark_lib.settings.declare import DATASET_DIRECTORY, MODELS_DIRECTORY, place, require, setting
from landmark_lib.settings.photos import PhotoSettings


@dataclass(frozen=True)
class EvaluateSettings(PhotoSettings):
    """What `jobs/evaluate.py` is told.

    Raises:
        UserError: A value out of its range.
    """

    dataset: str | None = place(
        None, f"Directory that jobs/preprocess.py wrote.  [default: {DATASET_DIRECTORY}]"
    )
    models: str = place(MODELS_DIRECTORY, "Directory that jobs/train.py wrote.")
    output: str | None = place(
        None, "File for the results.  [default: evaluation.json in the models' directory]"
    )
    no_landmark: str | None = place(
        None,
        "Photos that show no landmark: what --input of jobs/predict.py takes, or a data set. Half of them set"
        " the threshold of rejection, the others measure it.  [default: photos of the hold-out, as if their"
        " landmark were unknown]",
    )
    batch_size: int = setting(32, "Photos predicted at once.")

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.batch_size >= 1, "batch_size", "at least 1", self.batch_size)
