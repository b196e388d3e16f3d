"""Command lines built from settings classes."""

import logging
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
from click.core import ParameterSource

from landmark_lib.console import is_rank_0, show, visible
from landmark_lib.errors import UserError
from landmark_lib.logs import LOGGER
from landmark_lib.options import (
    PlaceName,
    SettingOption,
    current_name,
    options_of,
    settings_of,
    unknown_setting,
)
from landmark_lib.running import eager_flag, help_and_version, run_command, status_of
from landmark_lib.settings import SECTIONS, field_name, from_flat, option
from landmark_lib.settings.yaml_text import describe_value, read_yaml
from landmark_lib.storage import Place

Settings = TypeVar("Settings")

CONFIG = "--config"


def run_job(settings_class: type[Settings], job: Callable[[Settings], None]) -> NoReturn:
    """Parse the command line into settings, run the job, and exit with its status.

    Args:
        settings_class: A dataclass whose fields were declared with `settings.setting`.
        job: What to run; its docstring is the command's help.
    """
    run_command(job_command(settings_class, job), _program())


def exit_status(settings_class: type[Settings], job: Callable[[Settings], None], arguments: list[str]) -> int:
    """Run a job as `run_job` does and return the exit status; print an expected error in one line.

    Args:
        settings_class: As in `run_job`.
        job: As in `run_job`.
        arguments: The command line.
    """
    return status_of(job_command(settings_class, job), _program(), arguments)


def _program() -> str:
    """Return how this process was called, for its help."""
    program = Path(sys.argv[0])
    return f"python -m {program.parent.name}" if program.name == "__main__.py" else program.name


def given_or_default(name: str, given: str | None, default: str) -> str:
    """Return the path given with an option, or its default, which is then printed."""
    if given is None and is_rank_0():
        show(f"No {name} given: working on {visible(default)}")
    return default if given is None else given


def next_command(purpose: str, job: str, **options: str) -> str:
    """Return a line with the purpose and the command of a job to run next, started as this one was."""
    program = Path(sys.argv[0])
    by_landmark = program.name == "landmark" or program.parent.parent.name == "landmark_lib"
    start = f"landmark {job}" if by_landmark else f"python jobs/{job}.py"
    words = [f"{option(name)} {shlex.quote(visible(value))}" for name, value in options.items()]
    return f"{purpose}: {start} {' '.join(words)}"


def job_command(
    settings_class: type[Settings],
    job: Callable[[Settings], None],
    more: Sequence[click.Parameter] = (),
) -> click.Command:
    """Return the command of a job.

    Args:
        settings_class: As in `run_job`.
        job: As in `run_job`.
        more: Options that are no settings of the job.
    """

    def callback(**given: Any) -> None:
        try:
            settings = from_flat(settings_class, given)
        except UserError as error:
            # A message about a setting begins with its option.
            name = field_name(str(error).partition(":")[0].removeprefix("--"))
            raise UserError(f"{_config_of(name, click.get_current_context())}{error}") from None
        job(settings)

    return JobCommand(
        name=None,
        callback=callback,
        params=[*options_of(settings_class), *more, *_common_options()],
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
        eager_flag(
            ["-q", "--quiet"],
            "Log only warnings and errors; show no progress.",
            lambda _: LOGGER.setLevel(logging.WARNING),
        ),
        eager_flag(
            ["-v", "--verbose"], "Log more, from every rank.", lambda _: LOGGER.setLevel(logging.DEBUG)
        ),
        *help_and_version(),
    ]


class JobCommand(click.Command):
    """A command whose help groups the options by what they decide."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        """Parse the command line.

        Raises:
            UserError: It, or the file of settings, has a mistake.
        """
        try:
            return super().parse_args(context, arguments)
        except click.ClickException as error:
            raise UserError(_mistake(error, context)) from None

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options below their headings."""
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


def _mistake(error: click.ClickException, context: click.Context) -> str:
    """Return a mistake in the command line as a message of one line."""
    if isinstance(error, click.BadParameter) and isinstance(error.param, SettingOption):
        name = str(error.param.name)
        return f"{_config_of(name, context)}{option(name)}: {error.message}"
    if isinstance(error, click.NoSuchOption):
        current = current_name(field_name(error.option_name.removeprefix("--")), context)
        if current:
            return f"{error.option_name} is now called {option(current)}"
    return f"{error.format_message()} (see --help)"


def _config_of(name: str, context: click.Context) -> str:
    """Return the file that a setting was read from, for a message; empty for the command line."""
    read = context.get_parameter_source(name) == ParameterSource.DEFAULT_MAP
    return f"{CONFIG} {context.obj}: " if read else ""


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
