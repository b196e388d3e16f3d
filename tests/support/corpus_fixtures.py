"""The data sets that Spark makes of the small corpus, made once for all tests."""

import io
import random
import runpy
import shlex
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

import pytest
from small_corpus import LABEL_COUNTS, Corpus, MadeDataset, draw_photo, write_bad_photos, write_csv
from spark_runs import JOB, QUICK_SPARK, start_job

from landmark_lib.command_line import exit_status
from landmark_lib.settings import PreprocessSettings


@pytest.fixture(scope="session")
def csv_corpus(tmp_path_factory):
    # Brackets are patterns to Spark's readers.
    folder = tmp_path_factory.mktemp("corpus") / "photos [2020]"
    folder.mkdir()
    rows, good = [], {}
    for label, count in LABEL_COUNTS.items():
        for i in range(count):
            image_id = f"{label}-{i}"
            good[image_id] = draw_photo(len(good), *((48, 36) if i % 2 else (30, 60)))
            (folder / f"{image_id}.jpg").write_bytes(good[image_id])
            rows.append([image_id, f"{image_id}.jpg", label])
    bad = write_bad_photos(folder)
    rows += [row for row, _ in bad]
    write_csv(folder / "labels.csv", rows)
    write_csv(folder / "shuffled.csv", random.Random(0).sample(rows, len(rows)))  # noqa: S311 - no secret
    return Corpus(folder / "labels.csv", good, sorted((row[0], reason) for row, reason in bad))


@pytest.fixture(scope="session")
def two_runs(csv_corpus, tmp_path_factory):
    """Run the job twice on the same photos, cut up in other ways."""
    out = tmp_path_factory.mktemp("two runs")
    shuffled = csv_corpus.source.with_name("shuffled.csv")
    cut_up = ["spark.sql.shuffle.partitions=3", "spark.sql.execution.arrow.maxRecordsPerBatch=7"]
    runs = [
        start_job("local[1]", csv_corpus.source, out / "one", 60, []),
        start_job("local[2]", shuffled, out / "two", 100, cut_up),
    ]
    for run in runs:
        _, errors = run.communicate(timeout=300)
        assert run.returncode == 0, errors
    return [MadeDataset(out / "one"), MadeDataset(out / "two")]


@pytest.fixture(scope="session")
def made(two_runs):
    """Return the data set of the first run."""
    return two_runs[0]


@pytest.fixture(scope="session")
def quick_spark():
    """Have Spark in this process start as in the runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "PYSPARK_SUBMIT_ARGS", shlex.join(["--master", "local[2]", *QUICK_SPARK, "pyspark-shell"])
        )
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        yield


@pytest.fixture(scope="module")
def spark(quick_spark):
    from landmark_lib.preprocess.session import spark_session

    session = spark_session("tests")
    yield session
    session.stop()


STAGES = ("list:", "corpus:", "labels:", "plan:", "shards:")


@dataclass(frozen=True)
class Outcome:
    """How a run of the job ended and what it wrote, its progress aside."""

    status: int
    out: str
    err: str


@pytest.fixture(scope="session")
def job(quick_spark):
    """Return a function that runs the job in this process."""
    preprocess = runpy.run_path(str(JOB))["preprocess"]

    def run(*arguments):
        with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
            status = exit_status(PreprocessSettings, preprocess, [str(a) for a in arguments])
        lines = err.getvalue().splitlines(keepends=True)
        return Outcome(status, out.getvalue(), "".join(x for x in lines if not x.startswith(STAGES)))

    return run
