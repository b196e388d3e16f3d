"""A source that vanishes stops a run, which resumes once the source is there again."""

import shutil

import pytest
from small_corpus import IN_SMALL_PARTS, MadeDataset


@pytest.fixture
def run(job):
    """Return a function that runs the job in this process, which returns its status and all output."""

    def run(source, output, *more):
        ended = job("--input", source, "--output", output, *IN_SMALL_PARTS, *more)
        return ended.returncode, ended.stdout + ended.stderr

    return run


def test_a_source_that_vanished_stops_the_run_and_rejects_nothing(csv_corpus, in_small_parts, run, tmp_path):
    source, away = tmp_path / "photos", tmp_path / "away"
    shutil.copytree(csv_corpus.source.parent, source)
    out = tmp_path / "dataset"
    assert run(source / "labels.csv", out, "--until", "list")[0] == 0
    source.rename(away)
    status, told = run(source / "labels.csv", out)
    assert status == 1
    assert "labels.csv is gone" in told.splitlines()[-1]
    assert told.splitlines()[-1].endswith("run the same command again to resume")
    assert "Traceback" not in told
    away.rename(source)
    status, told = run(source / "labels.csv", out)
    assert status == 0, told
    rows = ("corpus/*", "train/*/*")
    assert MadeDataset(out).contents(*rows) == in_small_parts.contents(*rows)
