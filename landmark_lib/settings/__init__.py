"""The settings of each job: frozen, self-checking, a module a job."""

from landmark_lib.settings.declare import (
    DATASET_DIRECTORY,
    MODELS_DIRECTORY,
    SAMPLE_DIRECTORY,
    SECTIONS,
    Bounds,
    Decides,
    Declared,
    Settings,
    deciding,
    declared_in,
    field_name,
    flag,
    former_names,
    from_flat,
    listed,
    option,
    part,
    place,
    require,
    setting,
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
)
from landmark_lib.settings.train import (
    BackboneSettings,
    MemberSettings,
    NetworkSettings,
    TrainSettings,
)
from landmark_lib.settings.tune import TuneSettings

__all__ = [
    "APPROACHES",
    "DATASET_DIRECTORY",
    "MODELS_DIRECTORY",
    "SAMPLE_DIRECTORY",
    "SECTIONS",
    "BackboneSettings",
    "Bounds",
    "Decides",
    "Declared",
    "EvaluateSettings",
    "FetchSettings",
    "MemberSettings",
    "NetworkSettings",
    "PhotoSettings",
    "PredictSettings",
    "PreprocessSettings",
    "Settings",
    "SourceSettings",
    "TrainSettings",
    "TuneSettings",
    "deciding",
    "declared_in",
    "field_name",
    "flag",
    "former_names",
    "from_flat",
    "listed",
    "option",
    "part",
    "place",
    "require",
    "setting",
    "to_flat",
    "with_current_names",
]
