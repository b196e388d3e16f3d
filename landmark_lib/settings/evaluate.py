"""Settings of `jobs/evaluate.py`."""

from dataclasses import dataclass

from landmark_lib.settings.declare import DATASET_DIRECTORY, MODELS_DIRECTORY, place, setting
from landmark_lib.settings.photos import PhotoSettings
from landmark_lib.settings.views import Views, views_setting


@dataclass(frozen=True)
class EvaluateSettings(PhotoSettings):
    """Settings of `jobs/evaluate.py`.

    Raises:
        UserError: A value is out of range.
    """

    dataset: str | None = place(
        None, f"Data set written by jobs/preprocess.py.  [default: {DATASET_DIRECTORY}]"
    )
    models: str = place(MODELS_DIRECTORY, "Directory of the models written by jobs/train.py.")
    output: str | None = place(
        None, "File for the results.  [default: evaluation.json in the models' directory]"
    )
    no_landmark: str | None = place(
        None,
        "Photos without a landmark: anything that --input of jobs/predict.py accepts, or a data set. One half"
        " sets the rejection threshold, the other half measures it.  [default: the held-out photos with their"
        " own class masked]",
    )
    views: Views = views_setting()
    batch_size: int = setting(32, "Photos per batch.", at_least=1)
