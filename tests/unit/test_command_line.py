"""Command lines end with the expected status, and report mistakes in one line."""

import errno
from dataclasses import MISSING, dataclass
from typing import Literal

import pytest

from landmark_lib import __version__
from landmark_lib.command_line import exit_status, run_job
from landmark_lib.errors import LandmarkError, NotADatasetError, UserError
from landmark_lib.settings import (
    EvaluateSettings,
    PredictSettings,
    PreprocessSettings,
    TrainSettings,
    TuneSettings,
    declared_in,
    former_names,
    option,
    with_current_names,
)
from landmark_lib.settings.declare import flag, require, setting


@dataclass(frozen=True)
class CookSettings:
    """Settings with a field of every kind."""

    dish: str = setting("soup", "What to cook.")
    kind: Literal["hot", "cold"] = setting("hot", "How to serve it.")
    guests: int = setting(2, "Who eats (guests).")
    salt_share: float = setting(0.5, "How much salt.")
    wine: int | None = setting(None, "Year of the wine.  [default: the host's choice]")
    vegetarian: bool = flag("Cook without meat.")

    def __post_init__(self) -> None:
        require(self.guests >= 1, "guests", "at least 1", self.guests)


def ignore(settings):
    """Do nothing with the settings."""


def cooked(*arguments):
    received = []
    assert exit_status(CookSettings, received.append, [str(argument) for argument in arguments]) == 0
    return received[0]


def failing_with(error):
    def job(settings):
        raise error

    return job


def test_options_become_settings_and_a_job_that_returns_ends_with_0():
    received = []
    arguments = ["--dish", "stew", "--kind", "cold", "--guests", "3", "--salt-share", ".1", "--wine", "1990"]
    assert exit_status(CookSettings, received.append, arguments) == 0
    assert exit_status(CookSettings, received.append, []) == 0
    assert received == [CookSettings("stew", "cold", 3, 0.1, 1990), CookSettings()]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (LandmarkError("rows were lost"), 1),
        (UserError("no such folder"), 2),
        (NotADatasetError("out is no data set"), 2),
    ],
)
def test_landmark_errors_are_reported_in_one_line_with_their_status(error, status, capsys):
    assert exit_status(CookSettings, failing_with(error), []) == status
    assert capsys.readouterr() == ("", f"error: {error}\n")


def test_an_interrupt_ends_with_1_and_no_traceback(capsys):
    assert exit_status(CookSettings, failing_with(KeyboardInterrupt()), []) == 1
    assert capsys.readouterr().err.strip() == "error: interrupted"


@pytest.mark.parametrize("error", [ZeroDivisionError(), BrokenPipeError(errno.EPIPE, "an engine's own")])
def test_unexpected_errors_keep_their_traceback(error):
    with pytest.raises(type(error)):
        exit_status(CookSettings, failing_with(error), [])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--guests", "0"], "error: --guests: expected at least 1, received 0"),
        (["--guests", "two"], "error: --guests: expected a whole number, received 'two'"),
        (["--kind", "warm"], "error: --kind: expected one of hot, cold, received 'warm'"),
        (["--gusts", "2"], "error: No such option '--gusts'"),
        (["--dish"], "error: Option '--dish' requires an argument"),
        (["soup"], "error: Got unexpected extra argument (soup)"),
    ],
)
def test_a_wrong_command_line_is_reported_in_one_line_and_ends_with_2(arguments, message, capsys):
    assert exit_status(CookSettings, ignore, arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(message)
    assert err.count("\n") == 1


JOBS = (PreprocessSettings, TrainSettings, EvaluateSettings, PredictSettings, TuneSettings)
RENAMED = [
    (settings_class, former, name)
    for settings_class in JOBS
    for former, name in former_names(settings_class).items()
]


@pytest.mark.parametrize(("settings_class", "former", "name"), RENAMED)
def test_former_option_ends_in_a_line_that_names_the_new_one(settings_class, former, name, tmp_path, capsys):
    assert exit_status(settings_class, ignore, [option(former), "1"]) == 2
    assert capsys.readouterr().err == f"error: {option(former)} is now called {option(name)}\n"
    config = tmp_path / "settings.yaml"
    for written in (former, former.replace("_", "-")):
        config.write_text(f"{written}: 1")
        assert exit_status(settings_class, ignore, ["--config", str(config)]) == 2
        assert capsys.readouterr().err == f"error: --config {config}: {former} is now called {name}\n"


@pytest.mark.parametrize("settings_class", JOBS)
def test_an_empty_name_is_no_former_one(settings_class, tmp_path, capsys):
    config = tmp_path / "settings.yaml"
    config.write_text('"": 1')
    assert exit_status(settings_class, ignore, ["--config", str(config)]) == 2
    assert capsys.readouterr().err == f"error: --config {config}: no setting is called ''\n"
    assert exit_status(settings_class, ignore, ["--=1"]) == 2
    assert capsys.readouterr().err.startswith("error: No such option '--'")


def test_settings_of_earlier_releases_are_read_under_their_new_names():
    recorded = {"members": 3, "cutoff": 7}
    assert with_current_names(PreprocessSettings, recorded) == {"ensemble_size": 3, "cutoff": 7}


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_shows_what_the_job_does_and_ends_with_0(flag, capsys):
    assert exit_status(CookSettings, ignore, [flag]) == 0
    assert "Do nothing with the settings." in capsys.readouterr().out


@pytest.mark.parametrize(
    "settings_class", [CookSettings, PreprocessSettings, TrainSettings, EvaluateSettings, TuneSettings]
)
def test_help_shows_the_default_of_each_option(settings_class, capsys):
    assert exit_status(settings_class, ignore, ["--help"]) == 0
    _, *options = capsys.readouterr().out.split("\n  --")
    described = {text.split()[0]: "".join(text.split()) for text in options}
    for field in (declared.field for declared in declared_in(settings_class)):
        assert field.default is not MISSING
        if field.default is not False and field.default not in (None, ()):
            assert f"[default:{field.default}]".replace(" ", "") in described[field.name.replace("_", "-")]


def test_a_flag_is_off_until_it_is_given():
    assert cooked() == CookSettings()
    assert cooked("--vegetarian").vegetarian


@pytest.mark.parametrize(
    ("content", "arguments", "expected"),
    [
        ("guests: 7", [], {"guests": 7}),
        ("guests: 7", ["--guests", "9"], {"guests": 9}),
        ("vegetarian: true", [], {"vegetarian": True}),
        ("{vegetarian: yes, guests: 2}", ["--guests", "3"], {"vegetarian": True, "guests": 3}),
        ("salt-share: 1.5", [], {"salt_share": 1.5}),
        ("salt_share: 2", [], {"salt_share": 2.0}),
    ],
)
def test_settings_come_from_a_yaml_file_and_the_command_line_wins(content, arguments, expected, tmp_path):
    (tmp_path / "cook.yaml").write_text(content)
    cooked_settings = cooked("--config", tmp_path / "cook.yaml", *arguments)
    assert {name: getattr(cooked_settings, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("gests: 7", "no setting is called gests; did you mean guests?"),
        ("config: other.yaml", "no setting is called config"),
        ("- guests", "expected a mapping of settings, received a list"),
        ("", "expected a mapping of settings, received nothing"),
        ("guests: [", "not YAML"),
        ("guests: !!python/object/apply:os.getpid []", "--guests: expected a value, received the tag"),
        ("guests: &seven 7\nsalt-share: *seven", "--salt-share: expected a value, received the alias *seven"),
        ("guests: many", "--guests: expected a whole number, received 'many'"),
        ("guests: 0", "--guests: expected"),
        (None, "cannot read"),
    ],
)
def test_a_wrong_yaml_file_is_reported_in_one_line_and_ends_with_2(content, message, tmp_path, capsys):
    file = tmp_path / "cook.yaml"
    if content is not None:
        file.write_text(content)
    assert exit_status(CookSettings, ignore, ["--config", str(file)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert message in err


def test_version_is_printed_and_ends_with_0(capsys):
    assert exit_status(CookSettings, ignore, ["--version"]) == 0
    assert capsys.readouterr().out == f"landmark-recognition, version {__version__}\n"


def test_the_process_ends_with_the_status_of_its_job(monkeypatch):
    monkeypatch.setattr("sys.argv", ["cook.py", "--guests", "0"])
    with pytest.raises(SystemExit) as ended:
        run_job(CookSettings, ignore)
    assert ended.value.code == 2
