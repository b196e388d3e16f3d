"""The settings of each job: frozen, self-checking, one module per job."""

from landmark_lib.settings.declare import (
    DATASET_DIRECTORY,
    MODELS_DIRECTORY,
    SAMPLE_DIRECTORY,
    SECTIONS,
    Decides,
    Declared,
    deciding,
    declared_in,
    field_name,
    former_names,
    from_flat,
    option,
    to_flat,
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
from landmark_lib.settings.train import (
    MemberSettings,
    TrainSettings,
)
from landmark_lib.settings.tune import TuneSettings

__all__ = [
    "APPROACHES",
    "DATASET_DIRECTORY",
    "MODELS_DIRECTORY",
    "SAMPLE_DIRECTORY",
    "SECTIONS",
    "Decides",
    "Declared",
    "EvaluateSettings",
    "FetchSettings",
    "MemberSettings",
    "PhotoSettings",
    "PredictSettings",
    "PreprocessSettings",
    "SourceSettings",
    "Stage",
    "TrainSettings",
    "TuneSettings",
    "deciding",
    "declared_in",
    "field_name",
    "former_names",
    "from_flat",
    "option",
    "to_flat",
    "with_current_names",
]
