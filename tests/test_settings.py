"""Settings check themselves and say what they expected and what they received."""

import pytest

from landmark_lib.errors import UserError
from landmark_lib.method.sampling_plan import SamplingSettings
from landmark_lib.settings import EvaluateSettings, PreprocessSettings, TrainSettings, TuneSettings

ALL = [PreprocessSettings, TrainSettings, EvaluateSettings, TuneSettings]


@pytest.mark.parametrize("settings_class", ALL)
def test_defaults_are_in_range(settings_class):
    settings_class()


def test_defaults_of_the_sampling_are_those_of_the_papers_final_approach():
    assert PreprocessSettings().sampling == SamplingSettings()


@pytest.mark.parametrize(("approach", "smallest", "cutoff"), [("first", 1, 60), ("final", 10, 120)])
def test_an_approach_fills_in_what_is_not_given(approach, smallest, cutoff):
    settings = PreprocessSettings(approach=approach)
    assert (settings.resolved_smallest, settings.resolved_cutoff) == (smallest, cutoff)
    given = PreprocessSettings(approach=approach, smallest_label_count=3, cutoff=77)
    assert (given.resolved_smallest, given.resolved_cutoff) == (3, 77)


@pytest.mark.parametrize(
    ("settings_class", "wrong", "told"),
    [
        (PreprocessSettings, {"members": 0}, "--members: expected at least 1, received 0"),
        (PreprocessSettings, {"target": 0}, "--target: expected at least 1, received 0"),
        (PreprocessSettings, {"rows_per_shard": 0}, "--rows-per-shard: expected at least 1, received 0"),
        (PreprocessSettings, {"rows_per_group": -1}, "--rows-per-group: expected at least 1, received -1"),
        (PreprocessSettings, {"photos_per_part": 0}, "--photos-per-part: expected at least 1, received 0"),
        (PreprocessSettings, {"hold_out": -1}, "--hold-out: expected at least 0, received -1"),
        (PreprocessSettings, {"smallest_label_count": 0}, "--smallest-label-count: .* received 0"),
        (PreprocessSettings, {"cutoff": 59}, r"--cutoff: expected at least the target \(60\), received 59"),
        (PreprocessSettings, {"target": 121}, r"--cutoff: expected .* \(121\), received 120"),
        (TrainSettings, {"batch_size": 0}, "--batch-size: expected at least 1, received 0"),
        (TrainSettings, {"dropout": 1.0}, "--dropout: expected 0 or more, below 1, received 1.0"),
        (TrainSettings, {"learning_rate": 0.0}, "--learning-rate: expected above 0, received 0.0"),
        (TrainSettings, {"trainable_layers": 54}, "--trainable-layers: .* received 54"),
        (TrainSettings, {"member": "-1"}, "--member: expected a number or 'all', received -1"),
        (EvaluateSettings, {"batch_size": 0}, "--batch-size: expected at least 1, received 0"),
    ],
)
def test_a_value_out_of_range_is_refused_by_the_name_of_its_option(settings_class, wrong, told):
    with pytest.raises(UserError, match=told):
        settings_class(**wrong)
