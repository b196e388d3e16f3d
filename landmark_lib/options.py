"""Options for the fields of settings classes, and the conversion of text to their values.

Text is converted only here, whether it comes from the command line, from a YAML file or from an entry of a
list in one of them.
"""

import difflib
import types
from dataclasses import Field
from typing import Any, Literal, Union, get_args, get_origin

import click
from click.shell_completion import CompletionItem

from landmark_lib.errors import AddressError, UserError
from landmark_lib.settings import SECTIONS, Declared, declared_in, option
from landmark_lib.settings.numbers import NUMBER, WHOLE, read_number, read_whole
from landmark_lib.settings.yaml_text import describe_value, read_yaml
from landmark_lib.storage import resolve

FLAGS = {
    **dict.fromkeys(("1", "true", "t", "yes", "y", "on"), True),
    **dict.fromkeys(("0", "false", "f", "no", "n", "off"), False),
}


class SettingOption(click.Option):
    """The option of a field of a settings class."""

    def __init__(self, declared: Declared) -> None:
        field = declared.field
        super().__init__(
            [option(field.name), field.name],
            type=option_type(field, declared.hint),
            default=field.default,
            is_flag=declared.hint is bool,
            show_default=field.default is not False and field.default not in (None, ()),
            help=field.metadata["help"],
        )
        self.section = SECTIONS[declared.decides]
        self.former_name = field.metadata.get("formerly", "")


def options_of(settings_class: type[Any]) -> list[click.Parameter]:
    """Return an option for each setting of a class."""
    return [SettingOption(declared) for declared in declared_in(settings_class)]


def settings_of(context: click.Context) -> dict[str, SettingOption]:
    """Return the options of a command that are settings, by field name."""
    return {
        str(setting.name): setting for setting in context.command.params if isinstance(setting, SettingOption)
    }


def current_name(name: str, context: click.Context) -> str | None:
    """Return what a setting that had this name in an earlier release is called now; None if none had it."""
    settings = settings_of(context)
    former = {each.former_name: current for current, each in settings.items() if each.former_name}
    return former.get(name)


def unknown_setting(name: str, context: click.Context) -> str:
    """Return the error message for an unknown name."""
    if current := current_name(name, context):
        return f"{name} is now called {current}"
    near = difflib.get_close_matches(name, settings_of(context), 1)
    meant = f"; did you mean {near[0]}?" if near else ""
    return f"no setting is called {name or repr(name)}{meant}"


def option_type(field: Field[Any], hint: Any) -> Any:
    """Return the type of a field's option."""
    if get_origin(hint) in (types.UnionType, Union):
        present, *others = (part for part in get_args(hint) if part is not type(None))
        words = [word for other in others for word in get_args(other)]
        number = option_type(field, present)
        return NumberOrWord(number, words) if words else number
    if get_origin(hint) is Literal:
        return Choice(get_args(hint))
    if get_origin(hint) is tuple:
        return SettingsList()
    if field.metadata.get("listed"):
        return Listed()
    if field.metadata.get("place"):
        return PlaceName()
    return {bool: Flag, int: Whole, float: Number, str: Text}[hint]()


class SettingType(click.ParamType[Any]):
    """The type of a setting with one value, written as text.

    Attributes:
        expected: What the text should be, for messages.
    """

    expected: str

    def read(self, text: str) -> Any:
        """Return the value of a text.

        Raises:
            ValueError: It has none.
        """
        raise NotImplementedError

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value of what the user wrote; a default that is not text stays as it is."""
        wrong = f"expected {self.expected}, received {describe_value(value)}"
        if isinstance(value, list | dict):
            self.fail(wrong, param, ctx)
        try:
            return self.read(value) if isinstance(value, str) else value
        except ValueError:
            self.fail(wrong, param, ctx)


class Text(SettingType):
    """Text as written, without NUL, which no file name may contain."""

    name = "text"
    expected = "text"

    def read(self, text: str) -> str:
        """Return the text."""
        if "\0" in text:
            raise ValueError(text)
        return text


class PlaceName(Text):
    """A file or a folder, converted to its address."""

    name = "path"
    expected = "a path or a URI"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the address; a default is one already."""
        text = super().convert(value, param, ctx)
        try:
            return resolve(text) if isinstance(text, str) else text
        except AddressError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(  # click's signature
        self,
        ctx: click.Context,  # noqa: ARG002
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """Return that the shell completes names of files."""
        return [CompletionItem(incomplete, type="file")]


class Listed(Text):
    """Comma-separated values as text; in YAML also a list."""

    expected = "comma-separated values or a list of values"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the text; join a list."""
        if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
            value = ",".join(value)
        return super().convert(value, param, ctx)


class Whole(SettingType):
    """A whole number."""

    name = "integer"
    expected = WHOLE

    def read(self, text: str) -> int:
        """Return the number."""
        return read_whole(text)


class Number(SettingType):
    """A finite number."""

    name = "float"
    expected = NUMBER

    def read(self, text: str) -> float:
        """Return the number."""
        return read_number(text)


class NumberOrWord(SettingType):
    """A number or one of a few words."""

    def __init__(self, number: SettingType, words: list[str]) -> None:
        self.name = "|".join([number.name, *words])
        self.expected = f"{number.expected} or {' or '.join(map(repr, words))}"
        self._number, self._words = number, words

    def read(self, text: str) -> Any:
        """Return the number or the word."""
        return text if text in self._words else self._number.read(text)


class Choice(SettingType, click.Choice[str]):
    """One of a few words, written exactly."""

    def __init__(self, words: tuple[str, ...]) -> None:
        super().__init__(words)
        self.expected = f"one of {', '.join(words)}"

    def read(self, text: str) -> str:
        """Return the word."""
        if text not in self.choices:
            raise ValueError(text)
        return text


class Flag(SettingType, click.types.BoolParamType):
    """Yes or no, in the spellings of YAML and of command lines."""

    expected = "yes or no"

    def read(self, text: str) -> bool:
        """Return whether it means yes."""
        try:
            return FLAGS[text.strip().lower()]
        except KeyError:
            raise ValueError(text) from None


class SettingsList(click.ParamType[Any]):
    """A YAML list of mappings from settings to values, each value converted by its own option."""

    name = "yaml"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a tuple of dicts, from the command line or from a file."""
        if isinstance(value, tuple):  # the default
            return value
        try:
            listed = read_yaml(value) if isinstance(value, str) else value
        except UserError as error:
            self.fail(str(error), param, ctx)
        if not isinstance(listed, list):
            self.fail(f"expected a list of mappings, received {describe_value(listed)}", param, ctx)
        context = ctx or click.get_current_context()
        known = settings_of(context)
        entries: list[dict[str, Any]] = []
        for number, entry in enumerate(listed, start=1):
            if not isinstance(entry, dict):
                self.fail(f"entry {number}: expected a mapping, received {describe_value(entry)}", param, ctx)
            entries.append({})
            for name, written in entry.items():
                if name not in known:
                    self.fail(f"entry {number}: {unknown_setting(name, context)}", param, ctx)
                try:
                    converted = known[name].type_cast_value(context, written)
                except click.BadParameter as error:
                    self.fail(f"entry {number}: {option(name)}: {error.message}", param, ctx)
                if converted is not None:  # otherwise the setting is the one of all members
                    entries[-1][name] = converted
        return tuple(entries)
