"""Command lines made from settings classes, with the exit statuses people expect.

0: done. 1: failed. 2: the user's mistake, told in one line.
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
from landmark_lib.logs import start_logging
from landmark_lib.options import PlaceName, SettingOption, options_of, settings_of, unknown_setting
from landmark_lib.settings import SECTIONS, field_name, from_flat, option
from landmark_lib.settings.yaml_text import described, read_yaml
from landmark_lib.storage import Place
from landmark_lib.surroundings import settle

Settings = TypeVar("Settings")

FAILED = 1
USAGE = 2
CONFIG = "--config"
VERSION = f"landmark-recognition, version {__version__}"


def run_job(settings_class: type[Settings], job: Callable[[Settings], None]) -> None:
    """Parse the command line into settings, run the job, and end the process with its exit status.

    Args:
        settings_class: A dataclass whose fields were declared with `settings.setting`.
        job: What to run; its docstring is the command's help.
    """
    settle()
    # TensorFlow tells at every start which processor it runs on; only its warnings are of use.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    sys.excepthook = note_traceback
    plain = Display().isatty()  # a file that collects a job's log wants times
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
        settings_class: As `run_job` takes it.
        job: As `run_job` takes it.
        arguments: The command line.
        plain: Log lines without time and level.
    """
    start_logging(plain=plain)
    command = _command(settings_class, job)
    try:
        # Not `main`, which takes a pipe that a job finds broken for the end of its own output.
        with command.make_context(_program(Path(sys.argv[0])), list(arguments)) as context:
            command.invoke(context)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except (click.ClickException, UserError) as error:
        return _mistaken(_mistake(error))
    except AnotherRankError:
        return FAILED
    except LandmarkError as error:
        return _told(f"{_rank()}{error}", FAILED)
    except KeyboardInterrupt:
        note("")  # after the ^C that the terminal shows
        return _told("interrupted", FAILED)
    return 0


def given_or_default(name: str, given: str | None, default: str) -> str:
    """Return the path that an option was given, or its default, which the user is then told of."""
    if given is None and is_rank_0():
        show(f"No {name} given: working on {visible(default)}")
    return default if given is None else given


def _program(started: Path) -> str:
    """Return the name of the program as a user calls it."""
    return f"python -m {started.parent.name}" if started.name == "__main__.py" else started.name


def _rank() -> str:
    """Name this rank where it is not the one that talks to the user."""
    return "" if is_rank_0() else f"rank {os.environ['HOROVOD_RANK']}: "


def _mistaken(message: str) -> int:
    # Every rank sees the same mistake, or each on its machine; the first of each machine tells it.
    if os.environ.get("HOROVOD_LOCAL_RANK", "0") != "0":
        return USAGE
    return _told(f"{_rank()}{message}", USAGE)


def _told(message: str, status: int) -> int:
    note(f"error: {visible(message)}")
    return status


def _mistake(error: click.ClickException | UserError) -> str:
    """Return what the user got wrong, as a message of one line."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, click.BadParameter) and isinstance(error.param, SettingOption) and error.ctx:
        name = str(error.param.name)
        return f"{_file_of(name, error.ctx)}{option(name)}: {error.message}"
    if isinstance(error, click.NoSuchOption) and error.ctx:
        for setting in settings_of(error.ctx).values():
            if error.option_name == option(setting.former_name):
                return f"{error.option_name} is now called {option(str(setting.name))}"
    return f"{error.format_message()} (see --help)"


def _file_of(name: str, context: click.Context) -> str:
    """Name the file that a setting was read from; nothing where the command line gave it."""
    read = context.get_parameter_source(name) == ParameterSource.DEFAULT_MAP
    return f"{CONFIG} {context.obj}: " if read else ""


def _command(settings_class: type[Settings], job: Callable[[Settings], None]) -> click.Command:
    def callback(**given: Any) -> None:
        job(_checked(settings_class, given))

    return _Command(
        name=None,
        callback=callback,
        params=[
            *options_of(settings_class),
            _config_option(),
            _logging_option(["-q", "--quiet"], "Log warnings and errors only; no progress.", logging.WARNING),
            _logging_option(["-v", "--verbose"], "Log more, and from every rank.", logging.DEBUG),
            _telling_option(["--version"], "Show the version and exit.", lambda _: VERSION),
            _telling_option(["-h", "--help"], "Show this message and exit.", click.Context.get_help),
        ],
        help=job.__doc__,
        add_help_option=False,
        context_settings={"max_content_width": 110},
    )


def _checked(settings_class: type[Settings], given: dict[str, Any]) -> Settings:
    try:
        return from_flat(settings_class, given)
    except UserError as error:
        # What settings say of themselves begins with the option that is wrong.
        name = field_name(str(error).partition(":")[0].removeprefix("--"))
        raise UserError(f"{_file_of(name, click.get_current_context())}{error}") from None


class _Command(click.Command):
    """A command whose help shows its options under what they decide."""

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


def _telling_option(names: list[str], explanation: str, tell: Callable[[click.Context], str]) -> click.Option:
    """Return an option that shows a text instead of running the job."""

    def callback(context: click.Context, _: click.Parameter, given: bool) -> None:  # noqa: FBT001 - click's way
        if given:
            show(tell(context))
            context.exit()

    return click.Option(
        names, is_flag=True, is_eager=True, expose_value=False, callback=callback, help=explanation
    )


def _logging_option(names: list[str], explanation: str, level: int) -> click.Option:
    """Return an option that sets what is logged."""

    def callback(_context: click.Context, _: click.Parameter, given: bool) -> None:  # noqa: FBT001 - click's way
        if given:
            logging.getLogger("landmark_lib").setLevel(level)

    return click.Option(
        names, is_flag=True, is_eager=True, expose_value=False, callback=callback, help=explanation
    )


def _config_option() -> click.Option:
    return click.Option(
        [CONFIG],
        type=PlaceName(),
        is_eager=True,
        expose_value=False,
        callback=_read_config,
        help="YAML file with any of these settings, each under its option's name; the command line wins.",
    )


def _read_config(context: click.Context, _: click.Parameter, path: str | None) -> None:
    """Take the settings of a file as defaults. Those without a value keep their own."""
    if path is None:
        return
    try:
        settings = read_yaml(Place(path).read_bytes())
    except OSError as error:
        raise UserError(f"{CONFIG}: cannot read {path}: {error.strerror or error}") from None
    except UserError as error:
        raise UserError(f"{CONFIG} {path}: {error}") from None
    if not isinstance(settings, dict):
        raise UserError(f"{CONFIG} {path}: expected a mapping of settings, received {described(settings)}")
    for name in settings:
        if name not in settings_of(context):
            raise UserError(f"{CONFIG} {path}: {unknown_setting(name, context)}")
    context.obj = path
    context.default_map = {name: value for name, value in settings.items() if value is not None}
