"""A stream of rows is cut into files wherever its batches end."""

from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.preprocess.parts import hadoop_path, runs

SCHEMA = pa.schema([("file", pa.int32()), ("value", pa.int64())])
NUMBERS = st.lists(st.integers(0, 5), max_size=40).map(sorted)


def batches_of(numbers, cuts):
    edges = sorted({0, len(numbers), *(cut % (len(numbers) + 1) for cut in cuts)})
    rows = [{"file": number, "value": place} for place, number in enumerate(numbers)]
    return [pa.RecordBatch.from_pylist(rows[start:stop], SCHEMA) for start, stop in pairwise(edges)]


@given(NUMBERS, st.lists(st.integers(0, 40), max_size=6))
def test_each_file_gets_all_its_rows_in_order_whatever_the_batches(numbers, cuts):
    cut = [(number, table["value"].to_pylist()) for number, table in runs(batches_of(numbers, cuts))]
    places = {n: [p for p, number in enumerate(numbers) if number == n] for n in sorted(set(numbers))}
    assert cut == list(places.items())


@pytest.mark.parametrize(
    ("address", "written"),
    [("file:///a b/c#%.csv", "file:///a b/c#%.csv"), ("a[1]{2}*?\\", "a\\[1\\]\\{2\\}\\*\\?\\\\")],
)
def test_patterns_in_addresses_are_escaped_for_spark(address, written):
    assert hadoop_path(address) == written
