"""Command lines made from settings classes, with the exit statuses people expect.

0: done. 1: failed. 2: the user's mistake, told in one line.
"""

import difflib
import os
import sys
import types
from collections.abc import Callable
from dataclasses import Field
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import click
import yaml

from landmark_lib import __version__
from landmark_lib.errors import AnotherRankError, LandmarkError, UserError
from landmark_lib.settings import SECTIONS, settings_of

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
    except AnotherRankError:
        return FAILED
    except LandmarkError as error:
        return _told(f"{_rank()}{error}", FAILED)
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


def _rank() -> str:
    """Name this rank where it is not the one that talks to the user."""
    return "" if speaks() else f"rank {os.environ['HOROVOD_RANK']}: "


def _mistaken(message: str) -> int:
    # Every rank sees the same mistake, or each on its machine; the first of each machine tells it.
    if os.environ.get("HOROVOD_LOCAL_RANK", "0") != "0":
        return USAGE
    return _told(f"{_rank()}{message}", USAGE)


def _told(message: str, status: int) -> int:
    click.echo(f"error: {message}", err=True)
    return status


def _command(settings_class: type[Settings], job: Callable[[Settings], None]) -> click.Command:
    def callback(**given: Any) -> None:
        job(settings_class(**given))

    command = _Command(
        name=None,
        callback=callback,
        params=[*_options(settings_class), _config_option()],
        help=job.__doc__,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
    return click.version_option(__version__, prog_name="landmark-recognition")(command)


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


class _SettingOption(click.Option):
    """An option made from a field of a settings class."""

    def __init__(self, field: Field[Any], hint: Any) -> None:
        super().__init__(
            ["--" + field.name.replace("_", "-"), field.name],
            type=_click_type(hint),
            default=field.default,
            is_flag=hint is bool,
            show_default=field.default is not False and field.default not in (None, ()),
            help=field.metadata["help"],
        )
        self.section = SECTIONS[field.metadata["decides"]]


def _options(settings_class: type[Any]) -> list[click.Parameter]:
    hints = get_type_hints(settings_class)
    return [_SettingOption(field, hints[field.name]) for field in settings_of(settings_class)]


def _config_option() -> click.Option:
    return click.Option(
        ["--config"],
        type=click.Path(),
        is_eager=True,
        expose_value=False,
        callback=_read_config,
        help="YAML file with any of these settings, each under its option's name; the command line wins.",
    )


def _read_config(context: click.Context, _: click.Parameter, path: str | None) -> None:
    if path is None:
        return
    try:
        content = yaml.load(Path(path).read_text("utf-8"), _PlainYaml)  # noqa: S506 - a safe loader
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"--config: cannot read {path}: {error}") from None
    except yaml.YAMLError as error:
        raise UserError(f"--config: {path} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise UserError(f"--config: expected a mapping of settings in {path}, received {content!r:.80}")
    given = {_field_name(name): value for name, value in content.items()}
    for name in given:
        if name not in _known(context):
            raise UserError(f"--config: {path}: {_unknown(name, context)}")
    context.default_map = given


class _PlainYaml(yaml.SafeLoader):  # type: ignore[misc]
    """YAML without aliases: ten lines of them can stand for more than any memory holds."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Take the next node."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError(f"an alias, which is not taken here, {self.peek_event().start_mark}")
        return super().compose_node(parent, index)


def _field_name(given: object) -> str:
    return str(given).replace("-", "_")


def _known(context: click.Context) -> dict[str, click.Parameter]:
    """Give the settings of a job by name."""
    return {str(option.name): option for option in context.command.params if option.name != "config"}


def _unknown(name: str, context: click.Context) -> str:
    near = difflib.get_close_matches(name, _known(context), 1)
    meant = f"; did you mean {near[0]}?" if near else ""
    return f"no setting is called {name}{meant}"


def _click_type(hint: Any) -> click.ParamType[Any] | type:
    if get_origin(hint) is Literal:
        return click.Choice(get_args(hint))
    if get_origin(hint) is tuple:
        return _SettingsList()
    if get_origin(hint) in (types.UnionType, Union):
        number, other = get_args(hint)
        return _NumberOrWord(number, get_args(other)) if get_origin(other) is Literal else number
    return hint  # type: ignore[no-any-return]


class _NumberOrWord(click.ParamType[Any]):
    """A number, or one of some words in its place."""

    def __init__(self, number: type, words: tuple[str, ...]) -> None:
        self.name = f"{number.__name__}|{'|'.join(words)}"
        self._number, self._words = click.types.convert_type(number), words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Take what the user wrote."""
        return value if value in self._words else self._number.convert(value, param, ctx)


class _SettingsList(click.ParamType[Any]):
    """A YAML list of mappings from settings to values, each checked as its own option checks it."""

    name = "yaml"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Take what the user wrote, on the command line or in a file."""
        context = ctx or click.get_current_context()
        try:
            listed = yaml.load(value, _PlainYaml) if isinstance(value, str) else value  # noqa: S506
        except yaml.YAMLError as error:
            self.fail(f"not YAML: {' '.join(str(error).split())}", param, ctx)
        if not isinstance(listed, list | tuple) or not all(isinstance(entry, dict) for entry in listed):
            self.fail(f"expected a list of mappings, received {value!r:.80}", param, ctx)
        return tuple(self._checked(entry, param, context) for entry in listed)

    def _checked(
        self, entry: dict[Any, Any], param: click.Parameter | None, ctx: click.Context
    ) -> dict[str, Any]:
        checked = {}
        for given, value in entry.items():
            name = _field_name(given)
            if name not in _known(ctx):
                self.fail(_unknown(name, ctx), param, ctx)
            checked[name] = _known(ctx)[name].type_cast_value(ctx, value)
        return checked
