"""JSON becomes a dataclass, or an error of one line."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.decoding import build, decode


class Kind(StrEnum):
    A = "a"


@dataclass(frozen=True)
class File:
    path: str
    rows: int


@dataclass(frozen=True)
class Record:
    files: list[File]
    settings: dict[str, Any]
    rows: Mapping[int, int]
    sums: Sequence[Sequence[float]]
    confusion: list[tuple[int, int, int]]
    kind: Kind
    first: File | None
    finished: bool = False
    numbers: list[float] = field(default_factory=list)


RECORD = Record(
    files=[File("a", 1), File("b", 2)],
    settings={"a": [1, None, {"b": "c"}]},
    rows={0: 3, 12: 4},
    sums=[[1.0, 2.5], []],
    confusion=[(1, 2, 3)],
    kind=Kind.A,
    first=None,
)


def changed(**fields):
    return json.dumps({**json.loads(json.dumps(asdict(RECORD))), **fields})


def test_written_documents_are_read():
    assert decode(Record, json.dumps(asdict(RECORD))) == RECORD
    assert decode(Record, changed(first={"path": "x", "rows": 1})).first == File("x", 1)
    assert build(Record, json.loads(changed())) == RECORD


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_every_encoding_of_json_is_read(encoding):
    content = changed(files=[{"path": "café", "rows": 1}]).encode(encoding)
    assert decode(Record, content).files == [File("café", 1)]


def test_fields_with_a_default_may_be_missing_as_in_older_files():
    content = json.loads(changed())
    del content["finished"], content["numbers"]
    assert decode(Record, json.dumps(content)) == RECORD


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"files": [{"path": "a", "rows": "1"}]}, "files[0].rows: expected a whole number, found '1'"),
        ({"files": [{"path": "a", "rows": 1.0}]}, "files[0].rows: expected a whole number, found 1.0"),
        ({"files": [{"path": "a", "rows": True}]}, "files[0].rows: expected a whole number, found True"),
        ({"files": [{"path": 1, "rows": 1}]}, "files[0].path: expected text, found 1"),
        ({"files": [{"path": "a"}]}, "files[0].rows: missing"),
        ({"files": [{"path": "a", "rows": 1, "x": 1}]}, "files[0]: unknown fields: 'x'"),
        ({"files": {"a": 1}}, "files: expected a list, found {'a': 1}"),
        ({"files": "ab"}, "files: expected a list, found 'ab'"),
        ({"files": [5]}, "files[0]: expected an object, found 5"),
        ({"files": None}, "files: expected a list, found None"),
        ({"more": 1, "again": 2}, "unknown fields: 'again', 'more'"),
        ({"rows": {"x": 1}}, "rows: expected a whole number, found 'x'"),
        ({"rows": [1]}, "rows: expected an object, found [1]"),
        ({"sums": [[1], ["a"]]}, "sums[1][0]: expected a number, found 'a'"),
        ({"settings": []}, "settings: expected an object, found []"),
        ({"finished": 1}, "finished: expected true or false, found 1"),
        ({"finished": "x" * 200}, f"finished: expected true or false, found '{'x' * 59}…"),
        ({"kind": "b"}, "kind: 'b' is not a valid Kind"),
        ({"first": []}, "first: expected an object, found []"),
    ],
)
def test_misfit_is_reported_in_one_line(fields, why):
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 - compared whole below
        decode(Record, changed(**fields))
    assert str(refusal.value) == why


@pytest.mark.parametrize(
    "content",
    [
        *(
            "",
            "{",
            "[]",
            "5",
            "null",
            '"a"',
            "{}",
            '{"files": 1, "files": 2}',
            "[" * 100_000,
            '{"a":' * 100_000,
        ),
        *(b"\xff\xfe\xff", b"\0", "9" * 5000, '{"rows": {"' + "9" * 5000 + '": 1}}'),
    ],
)
def test_document_of_another_class_is_an_error_of_one_line(content):
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 - whatever it says
        decode(Record, content)
    assert "\n" not in str(refusal.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(max_size=5), parts, max_size=3),
)


@given(st.dictionaries(st.sampled_from([*asdict(RECORD), "other"]), JSON))
def test_no_document_raises_another_error(fields):
    try:
        decode(Record, changed(**fields))
    except ValueError as error:
        assert "\n" not in str(error)  # noqa: PT017 - any document may also be right
