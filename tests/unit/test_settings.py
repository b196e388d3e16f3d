"""Settings check themselves; errors state the expected and the received value."""

from dataclasses import fields

import pytest

from landmark_lib.errors import UserError
from landmark_lib.method.sampling_plan import SamplingSettings
from landmark_lib.settings import (
    EvaluateSettings,
    FetchSettings,
    PredictSettings,
    PreprocessSettings,
    TrainSettings,
    TuneSettings,
    declared_in,
    from_flat,
    to_flat,
)

READING_PHOTOS = [PreprocessSettings, PredictSettings, EvaluateSettings]
ALL = [TrainSettings, TuneSettings, *READING_PHOTOS]


@pytest.mark.parametrize("settings_class", ALL)
def test_defaults_are_in_range(settings_class):
    settings_class()


def test_sampling_defaults_are_the_papers_final_approach():
    assert PreprocessSettings().sampling == SamplingSettings()


@pytest.mark.parametrize(("approach", "smallest", "cutoff"), [("first", 1, 60), ("final", 10, 120)])
def test_approach_provides_missing_values(approach, smallest, cutoff):
    settings = PreprocessSettings(approach=approach)
    assert (settings.resolved_min_label_count, settings.resolved_cutoff) == (smallest, cutoff)
    given = PreprocessSettings(approach=approach, min_label_count=3, cutoff=77)
    assert (given.resolved_min_label_count, given.resolved_cutoff) == (3, 77)


@pytest.mark.parametrize(
    ("settings_class", "wrong", "message"),
    [
        (PreprocessSettings, {"ensemble_size": 0}, "--ensemble-size: expected at least 1, received 0"),
        (PreprocessSettings, {"target": 0}, "--target: expected at least 1, received 0"),
        (PreprocessSettings, {"rows_per_shard": 0}, "--rows-per-shard: expected at least 1, received 0"),
        (PreprocessSettings, {"rows_per_group": -1}, "--rows-per-group: expected at least 1, received -1"),
        (PreprocessSettings, {"photos_per_part": 0}, "--photos-per-part: expected at least 1, received 0"),
        (PreprocessSettings, {"hold_out": -1}, "--hold-out: expected at least 0, received -1"),
        (PreprocessSettings, {"min_label_count": 0}, "--min-label-count: .* received 0"),
        (PreprocessSettings, {"cutoff": 59}, r"--cutoff: expected at least the target \(60\), received 59"),
        (PreprocessSettings, {"target": 121}, r"--cutoff: expected .* \(121\), received 120"),
        (TrainSettings, {"batch_size": 0}, "--batch-size: expected at least 1, received 0"),
        (TrainSettings, {"dropout": 1.0}, "--dropout: expected at least 0, below 1, received 1.0"),
        (TrainSettings, {"learning_rate": 0.0}, "--learning-rate: expected above 0, received 0.0"),
        (TrainSettings, {"trainable_layers": 54}, "--trainable-layers: .* received 54"),
        (TrainSettings, {"weights": "sample"}, "--weights: .*MobileNetV3Small only, received ResNet50"),
        (
            TrainSettings,
            {"head": "arcface", "class_sample": 0.5},
            r"--class-sample: expected all classes \(1\) with --head arcface, received 0.5",
        ),
        (TrainSettings, {"sub_centres": 0}, "--sub-centres: expected at least 1, received 0"),
        (TrainSettings, {"margin": 2.0}, "--margin: expected at least 0, at most 1.5 radians, received 2.0"),
        (TrainSettings, {"member": "-1"}, "--member: expected a number or 'all', received -1"),
        (EvaluateSettings, {"batch_size": 0}, "--batch-size: expected at least 1, received 0"),
    ],
)
def test_value_out_of_range_is_refused_with_its_option(settings_class, wrong, message):
    with pytest.raises(UserError, match=message):
        from_flat(settings_class, wrong)


@pytest.mark.parametrize("settings_class", ALL)
def test_settings_by_name_and_by_part_are_the_same(settings_class):
    settings = settings_class()
    assert list(to_flat(settings)) != []
    assert to_flat(settings).keys() == {declared.field.name for declared in declared_in(settings_class)}
    assert from_flat(settings_class, to_flat(settings)) == settings


def test_nan_and_infinity_are_out_of_range():
    for value in (float("nan"), float("inf")):
        with pytest.raises(UserError, match="--dropout: expected at least 0, below 1, received"):
            from_flat(TrainSettings, {"dropout": value})


def test_members_differ_in_what_they_name_and_share_the_rest():
    settings = from_flat(TrainSettings, {"dropout": 0.3, "members": [{"l2": 1.0}, {"dropout": 0.1}]})
    first, second = (settings.of_member(member) for member in range(2))
    assert (first.network.dropout, first.network.l2) == (0.3, 1.0)
    assert (second.network.dropout, second.network.l2) == (0.1, settings.network.l2)
    assert first.members == ()
    with pytest.raises(UserError, match=r"^--members: entry 2: --dropout: expected at least 0"):
        from_flat(TrainSettings, {"members": [{}, {"dropout": 2.0}]})


@pytest.mark.parametrize("settings_class", READING_PHOTOS)
def test_every_job_that_reads_photos_has_the_same_fetch_options(settings_class):
    given = {
        "max_megabytes": 7,
        "timeout": 1.5,
        "retries": 0,
        "connections_per_host": 2,
        "user_agent": "landmarks (mailto:me@example.org)",
        "allow_private_addresses": True,
    }
    assert settings_class(**given).fetch == FetchSettings(**given)
    assert settings_class().fetch == FetchSettings()
    assert given.keys() == {field.name for field in fields(FetchSettings)}


@pytest.mark.parametrize("settings_class", READING_PHOTOS)
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"timeout": 0.0}, "--timeout: expected above 0, at most 86400 seconds, received 0.0"),
        ({"timeout": -1.0}, "--timeout: .* received -1.0"),
        ({"timeout": float("nan")}, "--timeout: .* received nan"),
        ({"timeout": float("inf")}, "--timeout: .* received inf"),
        ({"timeout": 1e9}, "--timeout: .* received 1000000000.0"),
        ({"retries": -1}, "--retries: expected at least 0, at most 100, received -1"),
        ({"retries": 101}, "--retries: .* received 101"),
        (
            {"connections_per_host": 0},
            "--connections-per-host: expected at least 1, at most 1000, received 0",
        ),
        ({"connections_per_host": 10**9}, "--connections-per-host: .* received 1000000000"),
        ({"max_megabytes": 0}, "--max-megabytes: expected at least 1, at most 1000000, received 0"),
        ({"max_megapixels": 0}, "--max-megapixels: expected at least 1, at most 1000000, received 0"),
        ({"user_agent": "caf\u00e9"}, "--user-agent: expected printable ASCII, received 'caf\u00e9'"),
        ({"user_agent": "me\r\nHost: you"}, r"--user-agent: .* received 'me\\r\\nHost: you'"),
        ({"user_agent": "a\tb"}, "--user-agent: expected printable ASCII"),
    ],
)
def test_impossible_fetch_options_are_refused_in_every_job(settings_class, wrong, message):
    with pytest.raises(UserError, match=f"^{message}"):
        settings_class(**wrong)


@pytest.mark.parametrize("settings_class", READING_PHOTOS)
def test_help_shows_a_jobs_own_options_before_shared_ones(settings_class):
    names = [declared.field.name for declared in declared_in(settings_class)]
    assert sorted(names) == sorted(field.name for field in fields(settings_class))
    assert names.index("max_megabytes") > names.index("output")
    assert names[0] in {"input", "dataset"}


@pytest.mark.parametrize("share", [0, -0.1, 1.5, float("nan")])
def test_a_share_of_the_classes_outside_its_range_is_refused(share):
    with pytest.raises(UserError, match="--class-sample: expected above 0, at most 1"):
        from_flat(TrainSettings, {"class_sample": share})
