"""Rows become files, each with all its rows in order, and come back with the file they lie in."""

from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.errors import PythonException

from landmark_lib.dataset import FileRecord, write_table
from landmark_lib.preprocess.parts import read_files, runs, write_files

SCHEMA = pa.schema([("file", pa.int32()), ("value", pa.int64())])
NUMBERS = st.lists(st.integers(0, 5), max_size=40).map(sorted)
FILES = 20


def batches_of(numbers, cuts):
    edges = sorted({0, len(numbers), *(cut % (len(numbers) + 1) for cut in cuts)})
    rows = [{"file": number, "value": place} for place, number in enumerate(numbers)]
    return [pa.RecordBatch.from_pylist(rows[start:stop], SCHEMA) for start, stop in pairwise(edges)]


@given(NUMBERS, st.lists(st.integers(0, 40), max_size=6))
def test_each_file_gets_all_its_rows_in_order_whatever_the_batches(numbers, cuts):
    cut = [(number, table["value"].to_pylist()) for number, table in runs(batches_of(numbers, cuts))]
    places = {n: [p for p, number in enumerate(numbers) if number == n] for n in sorted(set(numbers))}
    assert cut == list(places.items())


@pytest.fixture
def written(spark, tmp_path):
    """Return a function that writes the numbers below 1,000 to files and returns records and rows."""

    def write(**arguments):
        root = str(tmp_path)

        def write_file(number, table):
            return [write_table(root, f"numbers/{number:02d}.parquet", table, 1_000)]

        rows = spark.range(1_000).selectExpr(f"cast(id % {FILES} as int) as file", "-id as value")
        records = write_files(rows, ["value"], FILES, write_file, **arguments)
        return records, {
            path.name: pq.read_table(path)["value"].to_pylist() for path in tmp_path.glob("*/*.parquet")
        }

    return write


def rows_of(number):
    return sorted(-value for value in range(number, 1_000, FILES))


@pytest.mark.parametrize("tasks", [None, 1, 3])
def test_every_file_has_its_rows_in_order_however_many_a_task_writes(written, tasks):
    records, rows = written(tasks=tasks)
    assert rows == {f"{number:02d}.parquet": rows_of(number) for number in range(FILES)}
    assert [(r.path, r.rows) for r in records] == [(f"numbers/{n:02d}.parquet", 50) for n in range(FILES)]


def test_only_missing_files_are_written(written):
    records, rows = written(missing={3, 17})
    assert rows == {"03.parquet": rows_of(3), "17.parquet": rows_of(17)}
    assert [record.path for record in records] == ["numbers/03.parquet", "numbers/17.parquet"]


def test_nothing_is_written_when_no_file_is_missing(written):
    assert written(missing=[]) == ([], {})


def test_files_are_read_with_their_positions_and_nulls_for_columns_they_lack(spark, tmp_path):
    whole = pa.table({"a": ["x", "y"], "b": [1, 2], "c": [b"pixels", b"pixels"]})
    files = [write_table(str(tmp_path), f"{name}/[1].parquet", whole, 1) for name in ("one", "two")]
    old = write_table(str(tmp_path), "old.parquet", whole.select(["a"]), 1)
    read = read_files(
        spark, str(tmp_path), [files[1], old, files[0]], pa.schema([("b", pa.int64()), ("a", pa.string())])
    )
    assert read.columns == ["file", "b", "a"]
    both = [(1, "x"), (2, "y")]
    expected = [(0, *both[0]), (0, *both[1]), (1, None, "x"), (1, None, "y"), (2, *both[0]), (2, *both[1])]
    assert [tuple(row) for row in read.collect()] == expected


def test_a_file_that_is_gone_is_an_error_and_no_shorter_frame(spark, tmp_path):
    gone = FileRecord("corpus/gone.parquet", 1, 1, "")
    with pytest.raises(PythonException, match="FileNotFoundError"):
        read_files(spark, str(tmp_path), [gone], pa.schema([("a", pa.string())])).collect()
