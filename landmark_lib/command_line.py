"""Command lines made from settings classes, with the exit statuses people expect.

0: done. 1: failed. 2: the user's mistake, told in one line.
"""

import os
import sys
import types
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import click

from landmark_lib import __version__
from landmark_lib.errors import LandmarkError, UserError

Settings = TypeVar("Settings")

FAILED = 1
USAGE = 2


def run_job(settings_class: type[Settings], job: Callable[[Settings], None]) -> None:
    """Parse the command line into settings, run the job, and end the process with its exit status.

    Args:
        settings_class: A dataclass whose fields were declared with `settings.setting`.
        job: What to run; its docstring is the command's help.
    """
    # TensorFlow tells at every start which processor it runs on; only its warnings are of use.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    sys.exit(exit_status(settings_class, job, sys.argv[1:]))


def exit_status(settings_class: type[Settings], job: Callable[[Settings], None], arguments: list[str]) -> int:
    """Run a job as `run_job` does and return the exit status. An error of ours is told in one line."""
    command = _command(settings_class, job)
    try:
        command.main(arguments, standalone_mode=False)
    except click.ClickException as error:
        return _mistaken(f"{error.format_message()} (see --help)")
    except UserError as error:
        return _mistaken(str(error))
    except LandmarkError as error:
        return _told(str(error), FAILED)
    except (KeyboardInterrupt, click.Abort):
        return _told("interrupted", FAILED)
    return 0


def speaks() -> bool:
    """Tell whether this process talks to the user: one alone, or the first that horovodrun started."""
    return os.environ.get("HOROVOD_RANK", "0") == "0"


def given_or_default(option: str, given: str | None, default: str) -> str:
    """Give a path that was given, or the default, and tell the user in a line that it is the default."""
    if given is None and speaks():
        click.echo(f"No {option} given: working on {default}")
    return default if given is None else given


def _mistaken(message: str) -> int:
    # Every rank sees the same mistake; one tells it.
    return _told(message, USAGE) if speaks() else USAGE


def _told(message: str, status: int) -> int:
    click.echo(f"error: {message}", err=True)
    return status


def _command(settings_class: type[Settings], job: Callable[[Settings], None]) -> click.Command:
    def callback(**given: Any) -> None:
        job(settings_class(**given))

    command = click.Command(
        name=None,
        callback=callback,
        params=_options(settings_class),
        help=job.__doc__,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
    return click.version_option(__version__, prog_name="landmark-recognition")(command)


def _options(settings_class: type[Any]) -> list[click.Parameter]:
    hints = get_type_hints(settings_class)
    return [
        click.Option(
            ["--" + field.name.replace("_", "-"), field.name],
            type=_click_type(hints[field.name]),
            default=field.default,
            show_default=field.default is not None,
            help=field.metadata["help"],
        )
        for field in fields(settings_class)
    ]


def _click_type(hint: Any) -> click.ParamType[Any] | type:
    if get_origin(hint) is Literal:
        return click.Choice(get_args(hint))
    if get_origin(hint) in (types.UnionType, Union):
        return next(part for part in get_args(hint) if part is not types.NoneType)  # type: ignore[no-any-return]
    return hint  # type: ignore[no-any-return]
