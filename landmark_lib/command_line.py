"""Command lines built from settings classes, with exit statuses.

0: done. 1: failed. 2: a mistake of the user, reported in one line.
"""

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from landmark_lib import __version__
from landmark_lib.console import Display, is_rank_0, note, note_traceback, show, visible
from landmark_lib.errors import AnotherRankError, LandmarkError, UserError
from landmark_lib.logs import LOGGER, start_logging
from landmark_lib.options import (
    PlaceName,
    SettingOption,
    current_name,
    options_of,
    settings_of,
    unknown_setting,
)
from landmark_lib.settings import SECTIONS, field_name, from_flat, option
from landmark_lib.settings.yaml_text import describe_value, read_yaml
from landmark_lib.storage import Place
from landmark_lib.surroundings import settle

Settings = TypeVar("Settings")

FAILED = 1
USAGE = 2
CONFIG = "--config"
VERSION = f"landmark-recognition, version {__version__}"


def run_job(settings_class: type[Settings], job: Callable[[Settings], None]) -> None:
    """Parse the command line into settings, run the job, and exit with its status.

    Args:
        settings_class: A dataclass whose fields were declared with `settings.setting`.
        job: What to run; its docstring is the command's help.
    """
    settle()
    # TensorFlow reports its processor at every start; only its warnings are useful.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    sys.excepthook = note_traceback
    plain = Display().isatty()  # a log file needs times
    sys.exit(exit_status(settings_class, job, sys.argv[1:], plain=plain))


def exit_status(
    settings_class: type[Settings],
    job: Callable[[Settings], None],
    arguments: list[str],
    *,
    plain: bool = True,
) -> int:
    """Run a job as `run_job` does and return the exit status; print an expected error in one line.

    Args:
        settings_class: As in `run_job`.
        job: As in `run_job`.
        arguments: The command line.
        plain: Log lines without time and level.
    """
    start_logging(plain=plain)
    command = _command(settings_class, job)
    program = Path(sys.argv[0])
    name = f"python -m {program.parent.name}" if program.name == "__main__.py" else program.name
    try:
        # `main` would take a broken pipe inside the job for the end of its own output.
        with command.make_context(name, list(arguments)) as context:
            command.invoke(context)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except (click.ClickException, UserError) as error:
        # All ranks meet the same mistake, or each machine its own: the first rank of a machine reports it.
        if os.environ.get("HOROVOD_LOCAL_RANK", "0") == "0":
            _report(_mistake(error))
        return USAGE
    except AnotherRankError:
        return FAILED
    except LandmarkError as error:
        _report(str(error))
        return FAILED
    except KeyboardInterrupt:
        note("\nerror: interrupted")  # below the ^C that the terminal shows
        return FAILED
    return 0


def given_or_default(name: str, given: str | None, default: str) -> str:
    """Return the path given with an option, or its default, which is then printed."""
    if given is None and is_rank_0():
        show(f"No {name} given: working on {visible(default)}")
    return default if given is None else given


def _report(message: str) -> None:
    rank = "" if is_rank_0() else f"rank {os.environ['HOROVOD_RANK']}: "
    note(f"error: {visible(rank + message)}")


def _mistake(error: click.ClickException | UserError) -> str:
    """Return the user's mistake as a message of one line."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, click.BadParameter) and isinstance(error.param, SettingOption) and error.ctx:
        name = str(error.param.name)
        return f"{_config_of(name, error.ctx)}{option(name)}: {error.message}"
    if isinstance(error, click.NoSuchOption) and error.ctx:
        current = current_name(field_name(error.option_name.removeprefix("--")), error.ctx)
        if current:
            return f"{error.option_name} is now called {option(current)}"
    return f"{error.format_message()} (see --help)"


def _config_of(name: str, context: click.Context) -> str:
    """Return the file that a setting was read from, for a message; empty for the command line."""
    read = context.get_parameter_source(name) == ParameterSource.DEFAULT_MAP
    return f"{CONFIG} {context.obj}: " if read else ""


def _command(settings_class: type[Settings], job: Callable[[Settings], None]) -> click.Command:
    def callback(**given: Any) -> None:
        try:
            settings = from_flat(settings_class, given)
        except UserError as error:
            # A message about a setting begins with its option.
            name = field_name(str(error).partition(":")[0].removeprefix("--"))
            raise UserError(f"{_config_of(name, click.get_current_context())}{error}") from None
        job(settings)

    return _Command(
        name=None,
        callback=callback,
        params=[*options_of(settings_class), *_common_options()],
        help=job.__doc__,
        add_help_option=False,
        context_settings={"max_content_width": 110},
    )


def _common_options() -> list[click.Parameter]:
    return [
        click.Option(
            [CONFIG],
            type=PlaceName(),
            is_eager=True,
            expose_value=False,
            callback=_read_config,
            help="YAML file of settings, named like the options. The command line takes precedence.",
        ),
        _flag(
            ["-q", "--quiet"],
            "Log only warnings and errors; show no progress.",
            lambda _: LOGGER.setLevel(logging.WARNING),
        ),
        _flag(["-v", "--verbose"], "Log more, from every rank.", lambda _: LOGGER.setLevel(logging.DEBUG)),
        _flag(["--version"], "Show the version and exit.", lambda context: _end(context, VERSION)),
        _flag(
            ["-h", "--help"],
            "Show this message and exit.",
            lambda context: _end(context, context.get_help()),
        ),
    ]


class _Command(click.Command):
    """A command whose help groups the options by what they decide."""

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        for section in SECTIONS.values():
            records = [
                record
                for option in self.get_params(context)
                if getattr(option, "section", SECTIONS["run"]) == section
                and (record := option.get_help_record(context))
            ]
            if records:
                with formatter.section(section):
                    formatter.write_dl(records)


def _flag(names: list[str], explanation: str, act: Callable[[click.Context], None]) -> click.Option:
    """Return a flag that is no setting, and acts as soon as it is parsed."""

    def callback(context: click.Context, _: click.Parameter, given: bool) -> None:  # noqa: FBT001 - click's signature
        if given:
            act(context)

    return click.Option(
        names, is_flag=True, is_eager=True, expose_value=False, callback=callback, help=explanation
    )


def _end(context: click.Context, text: str) -> None:
    """Print a text instead of running the job."""
    show(text)
    context.exit()


def _read_config(context: click.Context, _: click.Parameter, path: str | None) -> None:
    """Use the settings of a file as defaults. Those without a value keep their own."""
    if path is None:
        return
    try:
        settings = read_yaml(Place(path).read_bytes())
    except OSError as error:
        raise UserError(f"{CONFIG}: cannot read {path}: {error.strerror or error}") from None
    except UserError as error:
        raise UserError(f"{CONFIG} {path}: {error}") from None
    if not isinstance(settings, dict):
        raise UserError(
            f"{CONFIG} {path}: expected a mapping of settings, received {describe_value(settings)}"
        )
    for name in settings:
        if name not in settings_of(context):
            raise UserError(f"{CONFIG} {path}: {unknown_setting(name, context)}")
    context.obj = path
    context.default_map = {name: value for name, value in settings.items() if value is not None}
