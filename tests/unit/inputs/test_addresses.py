"""An address in a list means what a person who wrote it means."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.dataset import Reason
from landmark_lib.inputs.addresses import locate

HOME = str(Path.home())
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("written", "uri"),
    [
        ("a.jpg", "file:///lists/a.jpg"),
        ("a b/#1%20?.jpg", "file:///lists/a b/#1%20?.jpg"),
        ("../images/a.jpg", "file:///lists/../images/a.jpg"),
        ("/photos/a::b.jpg", "file:///photos/a::b.jpg"),
        ("~/a.jpg", f"file://{HOME}/a.jpg"),
        ("~a.jpg", "file:///lists/~a.jpg"),
        ("file:///photos/a%20b%23.jpg", "file:///photos/a b#.jpg"),
        ("FILE:///photos/a.jpg", "file:///photos/a.jpg"),
        ("file:/photos/a.jpg", "file:///photos/a.jpg"),
        ("file://localhost/photos/a.jpg", "file:///photos/a.jpg"),
        ("file.jpg", "file:///lists/file.jpg"),
        ("gs://bucket/a%20b#.jpg", "gs://bucket/a%20b#.jpg"),
        ("GS://bucket/A.jpg", "gs://bucket/A.jpg"),
        ("https://example.org/a.jpg?b=c#d", "https://example.org/a.jpg?b=c#d"),
        ("HTTP://example.org/A.jpg", "http://example.org/A.jpg"),
        ("12:30.jpg", "file:///lists/12:30.jpg"),
    ],
)
def test_addresses_of_every_kind_are_found(written, uri):
    assert locate(written, "file:///lists") == (uri, None, None)


@pytest.mark.parametrize(
    ("written", "uri"),
    [
        ("a.jpg", "gs://bucket/lists/a.jpg"),
        ("a#1%20?.jpg", "gs://bucket/lists/a#1%20?.jpg"),
        ("../images/./a.jpg", "gs://bucket/images/a.jpg"),
        ("a..b/..c.jpg", "gs://bucket/lists/a..b/..c.jpg"),
        ("/photos/a.jpg", "file:///photos/a.jpg"),
    ],
)
def test_a_list_in_a_bucket_describes_the_files_beside_it(written, uri):
    assert locate(written, "gs://bucket/lists") == (uri, None, None)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", Reason.MISSING_FILE),
        (None, Reason.MISSING_FILE),
        ("file://host/a.jpg", Reason.UNSUPPORTED_ADDRESS),
        ("file:///a%00b.jpg", Reason.UNSUPPORTED_ADDRESS),
        ("https:/example.org/a.jpg", Reason.UNSUPPORTED_ADDRESS),
        ("gs://", Reason.UNSUPPORTED_ADDRESS),
        ("file:///caf%E9.jpg", Reason.UNREADABLE_FILE),
    ],
)
def test_what_can_be_no_address_has_a_reason(written, reason):
    assert locate(written, "file:///lists")[1] is reason


@given(st.lists(NAMES, min_size=1, max_size=3).map("/".join))
def test_a_path_from_the_root_is_taken_as_it_is(path):
    assert locate(f"/{path}", "file:///lists") == (f"file:///{path}", None, None)
