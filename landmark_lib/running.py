"""Run a command: its surroundings, its log, its exit status.

0: done. 1: failed. 2: a mistake of the user, reported in one line.

Imports neither settings nor storage, so that `landmark --help` is quick.
"""

import os
import sys
from collections.abc import Callable
from typing import NoReturn

import click

from landmark_lib import __version__
from landmark_lib.console import Display, is_rank_0, note, note_traceback, show, visible
from landmark_lib.errors import AnotherRankError, LandmarkError, UserError
from landmark_lib.logs import start_logging
from landmark_lib.surroundings import settle

FAILED = 1
USAGE = 2
VERSION = f"landmark-recognition, version {__version__}"


def run_command(command: click.Command, name: str) -> NoReturn:
    """Run a command with this process's arguments, and exit with its status.

    Args:
        command: What to run.
        name: What the user calls it, for its help.
    """
    settle()
    # TensorFlow reports its processor at every start; only its warnings are useful.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    sys.excepthook = note_traceback
    plain = Display().columns() is not None  # a log file needs times
    sys.exit(status_of(command, name, sys.argv[1:], plain=plain))


def status_of(command: click.Command, name: str, arguments: list[str], *, plain: bool = True) -> int:
    """Run a command as `run_command` does and return the exit status; print an expected error in one line.

    Args:
        command: As in `run_command`.
        name: As in `run_command`.
        arguments: The command line.
        plain: Log lines without time and level.
    """
    start_logging(plain=plain)
    try:
        # `main` would take a broken pipe inside the job for the end of its own output.
        with command.make_context(name, list(arguments)) as context:
            command.invoke(context)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except (click.ClickException, UserError) as error:
        # All ranks meet the same mistake, and the first to end ends the others: whichever it is reports it.
        _report(_mistake(error))
        return USAGE
    except AnotherRankError as error:
        return USAGE if error.mistake else FAILED
    except LandmarkError as error:
        _report(str(error))
        return FAILED
    except KeyboardInterrupt:
        note("\nerror: interrupted")  # below the ^C that the terminal shows
        return FAILED
    return 0


def help_and_version() -> list[click.Parameter]:
    """Return the options of every command."""
    return [
        eager_flag(["--version"], "Show the version and exit.", lambda context: _end(context, VERSION)),
        eager_flag(
            ["-h", "--help"],
            "Show this message and exit.",
            lambda context: _end(context, context.get_help()),
        ),
    ]


def eager_flag(names: list[str], explanation: str, act: Callable[[click.Context], None]) -> click.Option:
    """Return a flag that is no setting, and acts as soon as it is parsed."""

    def callback(context: click.Context, _: click.Parameter, given: bool) -> None:  # noqa: FBT001 - click's signature
        if given and not context.resilient_parsing:  # as for completion
            act(context)

    return click.Option(
        names, is_flag=True, is_eager=True, expose_value=False, callback=callback, help=explanation
    )


def _end(context: click.Context, text: str) -> None:
    """Print a text instead of running the job."""
    show(text)
    context.exit()


def _report(message: str) -> None:
    rank = "" if is_rank_0() else f"rank {os.environ['HOROVOD_RANK']}: "
    note(f"error: {visible(rank + message)}")


def _mistake(error: click.ClickException | UserError) -> str:
    """Return the user's mistake as a message of one line."""
    return str(error) if isinstance(error, UserError) else f"{error.format_message()} (see --help)"
