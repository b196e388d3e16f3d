"""Arrays are read from archives, never more than an archive contains."""

import io
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.testing import assert_array_equal

from landmark_lib.zip_archive import open_zip, read_arrays

ARRAYS = {"a": np.arange(5.0), "b": np.ones((2, 3), np.float16), "none": np.zeros((0, 4), np.int64)}


def packed(**named):
    file = io.BytesIO()
    np.savez(file, **named)
    return file.getvalue()


def with_header(header, numbers=b""):
    """Return an archive of one array with any header."""
    text = header.encode() + b"\n"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.npy", b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text + numbers)
    return file.getvalue()


@given(
    st.dictionaries(
        st.text("abcdé/. ", min_size=1, max_size=5).filter(lambda name: name != "file"),
        arrays.arrays(st.sampled_from(["f4", "f8", "f2", "i8", "u1", "?"]), arrays.array_shapes(max_side=3)),
        max_size=4,
    )
)
def test_arrays_are_read_as_numpy_writes_them(named):
    found = read_arrays(io.BytesIO(packed(**named)))
    assert found.keys() == named.keys()
    for name, array in named.items():
        assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


def test_archive_that_unpacks_to_more_than_its_size_is_refused():
    file = io.BytesIO()
    np.savez_compressed(file, a=np.zeros(10**7))
    assert len(file.getvalue()) < 10**5
    with pytest.raises(ValueError, match=r"its member 'a\.npy' is compressed or encrypted"):
        read_arrays(io.BytesIO(file.getvalue()))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000000,)}", "damaged"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (100000000,)}", "damaged"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}", "damaged"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}", "damaged"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "damaged"),
        ("{'descr': '|V0', 'fortran_order': False, 'shape': (1000000000,)}", "does not hold numbers"),
        ("{'descr': '<U1', 'fortran_order': False, 'shape': (0,)}", "does not hold numbers"),
        ("(" * 1000, "damaged"),
        ("__import__('os')", "damaged"),
        ("", "damaged"),
    ],
)
def test_array_that_claims_missing_data_is_refused(header, message):
    with pytest.raises(ValueError, match=rf"its array 'a\.npy' {message}|its array 'a\.npy' is {message}"):
        read_arrays(io.BytesIO(with_header(header, bytes(8))))


def test_a_pickle_is_not_opened():
    for content in (packed(a=np.array([object()], object)), b"\x80\x04]\x94.", np.lib.format.magic(1, 0)):
        with pytest.raises(ValueError, match=r"damaged|not a zip archive"):
            read_arrays(io.BytesIO(content))


@given(st.data())
def test_any_damage_is_reported_in_one_line(data):
    content = bytearray(packed(**ARRAYS))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)) | st.just(len(content)))
    with warnings.catch_warnings():
        # zipfile and numpy warn about odd headers.
        warnings.simplefilter("ignore")
        try:
            found = read_arrays(io.BytesIO(bytes(content[:cut])))
        except ValueError as error:
            assert "\n" not in str(error)  # noqa: PT017 - that it may also be read is the point
        else:
            assert sum(array.nbytes for array in found.values()) <= len(content)


def test_directory_with_too_many_members_is_not_read(monkeypatch):
    content = packed(**{str(k): np.zeros(1) for k in range(20)})
    monkeypatch.setattr(zipfile.ZipFile, "__init__", lambda *_: pytest.fail("the directory was read"))
    with (
        pytest.raises(ValueError, match="expected at most 19 members, found 20"),
        open_zip(io.BytesIO(content), 19),
    ):
        pass


def test_an_archive_without_members_has_no_arrays():
    assert read_arrays(io.BytesIO(packed())) == {}
