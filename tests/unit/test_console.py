"""Output respects the reader's terminal, encoding and pipes, and controls none of them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.console import note, show, visible, visible_text

HOSTILE = [
    ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
    ("\x1b[2J", r"\x1b[2J"),
    ("a\rb", r"a\rb"),
    ("a\x08b\x0b\x0c\x00", r"a\x08b\x0b\x0c\x00"),
    ("\x7f\x9b2J", r"\x7f\x9b2J"),
    ("\u202egnp.exe\u2066\u2069", r"\u202egnp.exe\u2066\u2069"),
    ("\u200f\u061c", r"\u200f\u061c"),
    ("a\u2028b\u2029", r"a\u2028b\u2029"),
    ("caf\udce9", r"caf\udce9"),
    ("\ufeffid", r"\ufeffid"),
]
HARMLESS = ["café", "東京タワー", "می‌خواهم", "👩‍👩‍👧", "C:\\temp", "Sagrada Família, 1 200 m²", ""]


@pytest.mark.parametrize(("value", "shown"), HOSTILE)
def test_control_characters_are_escaped(value, shown, capsys):
    assert visible(value) == shown
    show(f"{value}\n\t{value}")
    note(value)
    assert capsys.readouterr() == (f"{shown}\n\t{shown}\n", f"{shown}\n")


@pytest.mark.parametrize("value", HARMLESS)
def test_letters_of_every_script_stay_unchanged(value, capsys):
    assert visible(value) == value
    show(value)
    assert capsys.readouterr().out == value + "\n"


def test_a_value_cannot_start_a_line_and_a_text_can():
    assert visible("a\nerror: b\tc") == r"a\nerror: b\tc"
    assert visible_text("a\nb\tc") == "a\nb\tc"


@given(st.text(st.characters(codec=None)))
def test_no_control_character_remains(value):
    for left in (visible(value), visible_text(value).replace("\n", "").replace("\t", "")):
        left.encode()  # no lone surrogate
        assert not {unicodedata.category(character) for character in left} & {"Cc", "Cs", "Zl", "Zp"}
        directions = {unicodedata.bidirectional(character) for character in left}
        assert not directions & {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert len(visible(value).splitlines()) <= 1


@given(st.text())
def test_escaping_twice_changes_nothing(value):
    assert visible(visible(value)) == visible(value)
