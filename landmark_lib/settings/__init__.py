"""The settings of each job: frozen, self-checking, a module a job."""

from landmark_lib.settings.declare import (
    DATASET_DIRECTORY,
    MODELS_DIRECTORY,
    SAMPLE_DIRECTORY,
    SECTIONS,
    Decides,
    deciding,
    field_name,
    fields_of,
    flag,
    former_names,
    listed,
    option,
    place,
    require,
    setting,
    with_current_names,
)
from landmark_lib.settings.evaluate import EvaluateSettings
from landmark_lib.settings.photos import FetchSettings, PhotoSettings
from landmark_lib.settings.predict import PredictSettings
from landmark_lib.settings.preprocess import (
    APPROACHES,
    PreprocessSettings,
    SourceSettings,
    Stage,
)
from landmark_lib.settings.train import TrainSettings
from landmark_lib.settings.tune import TuneSettings

__all__ = [
    "APPROACHES",
    "DATASET_DIRECTORY",
    "MODELS_DIRECTORY",
    "SAMPLE_DIRECTORY",
    "SECTIONS",
    "Decides",
    "EvaluateSettings",
    "FetchSettings",
    "PhotoSettings",
    "PredictSettings",
    "PreprocessSettings",
    "SourceSettings",
    "Stage",
    "TrainSettings",
    "TuneSettings",
    "deciding",
    "field_name",
    "fields_of",
    "flag",
    "former_names",
    "listed",
    "option",
    "place",
    "require",
    "setting",
    "with_current_names",
]
