"""The data sets that Spark makes of the small corpus, made once for all tests."""

import pickle
import random
from dataclasses import replace

import pytest
from job_runs import run_here
from made_once import made_once
from small_corpus import (
    IN_SMALL_PARTS,
    LABEL_COUNTS,
    SETTINGS,
    Corpus,
    MadeDataset,
    draw_photo,
    write_bad_photos,
    write_csv,
)
from spark_runs import spark_started_with, spark_that_stays


@pytest.fixture(scope="session")
def csv_corpus(tmp_path_factory):
    folder = made_once(tmp_path_factory, "corpus", _write_corpus)
    return pickle.loads((folder / "corpus.pickle").read_bytes())  # noqa: S301 - written below


def _write_corpus(shared):
    # Brackets are patterns to Spark's readers.
    folder = shared / "photos [2020]"
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
    corpus = Corpus(folder / "labels.csv", good, sorted((row[0], reason) for row, reason in bad))
    (shared / "corpus.pickle").write_bytes(pickle.dumps(corpus))


@pytest.fixture(scope="session")
def two_runs(csv_corpus, request, tmp_path_factory):
    """Run the job twice on the same photos, cut up in other ways."""
    shuffled = csv_corpus.source.with_name("shuffled.csv")
    cut_up = {"spark.sql.shuffle.partitions": "3", "spark.sql.execution.arrow.maxRecordsPerBatch": "7"}

    def make(folder):
        job = request.getfixturevalue("job")
        for name, source, photos, master, settings in (
            ("one", csv_corpus.source, 60, "local[1]", {}),
            ("two", shuffled, 100, "local[2]", cut_up),
        ):
            with spark_started_with({"spark.master": master, **settings}):
                options = ("--photos-per-part", photos, *SETTINGS)
                run = job("--input", source, "--output", folder / name, *options)
            assert run.returncode == 0, run.stderr

    folder = made_once(tmp_path_factory, "two runs", make)
    return [MadeDataset(folder / "one"), MadeDataset(folder / "two")]


@pytest.fixture(scope="session")
def made(two_runs):
    """Return the data set of the first run."""
    return two_runs[0]


@pytest.fixture(scope="session")
def in_small_parts(csv_corpus, request, tmp_path_factory):
    """Run the job on the same photos in many parts, as runs do that are stopped between them."""

    def make(folder):
        source = ("--input", csv_corpus.source, "--output", folder)
        run = request.getfixturevalue("job")(*source, *IN_SMALL_PARTS)
        assert run.returncode == 0, run.stderr

    return MadeDataset(made_once(tmp_path_factory, "in small parts", make))


@pytest.fixture(scope="session")
def quick_spark():
    """Start Java for this process as quickly as in the runs, and keep Spark when a job stops it."""
    with spark_that_stays():
        yield


@pytest.fixture(scope="module")
def spark(quick_spark):
    from landmark_lib.preprocess.session import spark_session

    return spark_session("tests")


STAGES = ("Starting Spark", "list:", "corpus:", "labels:", "duplicates:", "plan:", "shards:")


@pytest.fixture(scope="session")
def job(quick_spark):
    """Return a function that runs the job in this process, and leaves out its progress."""

    def run(*arguments):
        done = run_here("preprocess", *arguments)
        lines = done.stderr.splitlines(keepends=True)
        return replace(done, stderr="".join(line for line in lines if not line.startswith(STAGES)))

    return run
