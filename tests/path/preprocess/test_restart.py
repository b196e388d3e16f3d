"""A run resumes to the bytes of an uninterrupted one, whatever stopped it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from small_corpus import IN_SMALL_PARTS, MadeDataset
from spark_runs import JOB, QUICK_SPARK

pytestmark = pytest.mark.takes(60)

ALL = "**/*"
TIMED = "report.html"  # holds times


def contents(dataset):
    return {name: content for name, content in dataset.contents(ALL).items() if name != TIMED}


def identities(folder, pattern):
    """Return what distinguishes files with the same bytes."""
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.glob(pattern)}


def command(source, output):
    submit = [Path(sys.executable).with_name("spark-submit"), "--master", "local[1,4]", *QUICK_SPARK, JOB]
    return [*submit, "--input", source, "--output", output, *IN_SMALL_PARTS]


def start(*arguments):
    # spark-submit copies all that its program writes to its own output.
    return subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.fixture
def run(job):
    """Return a function that runs the job in this process, which returns its status and all output."""

    def run(source, output, *more):
        ended = job("--input", source, "--output", output, *IN_SMALL_PARTS, *more)
        return ended.returncode, ended.stdout + ended.stderr

    return run


def wait_for(folder, pattern, process):
    """Look until a file is there."""
    while not any(folder.glob(pattern)):
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)  # leaves the processor to the run; nothing depends on how long


def kill_all(process):
    os.killpg(process.pid, signal.SIGKILL)


def kill_java(process):
    # spark-submit ends as the Java program of the driver, which started Python.
    os.kill(process.pid, signal.SIGKILL)


def kill_driver(process):
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if parent == str(process.pid):
                os.kill(int(folder.name), signal.SIGKILL)


def test_a_run_killed_in_every_stage_ends_with_the_bytes_of_an_undisturbed_one(
    csv_corpus, in_small_parts, run, tmp_path
):
    out = tmp_path / "dataset"
    for stage, kill in (("corpus", kill_driver), ("plan", kill_java), ("shards", kill_all)):
        process = start(csv_corpus.source, out)
        wait_for(out, f"in-progress/done/{stage}/*.json", process)
        kill(process)
        process.communicate(timeout=60)
        assert process.returncode != 0
        assert not (out / "dataset.json").exists()
    kept = identities(out, "corpus/*.parquet")
    status, told = run(csv_corpus.source, out)
    assert (status, "Traceback" in told) == (0, False), told
    assert "120 in the corpus" in told
    assert contents(MadeDataset(out)) == contents(in_small_parts)
    assert kept.items() <= identities(out, "corpus/*.parquet").items()


def test_photos_in_the_corpus_are_not_read_again(csv_corpus, in_small_parts, run, tmp_path):
    source = tmp_path / "photos"
    shutil.copytree(csv_corpus.source.parent, source)
    out = tmp_path / "dataset"
    process = start(source / "labels.csv", out)
    wait_for(out, "in-progress/done/corpus/*.json", process)
    kill_all(process)
    process.communicate(timeout=60)
    done = {row["image_id"] for row in MadeDataset(out).rows("corpus")}
    for image_id in done:
        (source / f"{image_id}.jpg").write_bytes(b"no photo any more")
    assert done
    status, told = run(source / "labels.csv", out)
    assert status == 0, told
    assert "Resuming: " in told
    rows = ("corpus/*", "train/*/*")
    assert MadeDataset(out).contents(*rows) == in_small_parts.contents(*rows)


IN_A_SMALL_ROOM = """
set -e
mount -t tmpfs -o size={size} tmpfs {volume}
set +e
"$@"
status=$?
echo "status $status" >&2
find {volume} -name '*.partial' >&2
set -e
mount -o remount,size=100m {volume}
"$@"
cp -r {volume}/dataset {kept}
"""


def test_a_full_disk_stops_the_run_and_it_resumes_with_more_space(csv_corpus, in_small_parts, tmp_path):
    volume, kept = tmp_path / "volume", tmp_path / "kept"
    volume.mkdir()
    apart = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*apart, "true"], capture_output=True, check=False).returncode:
        pytest.skip("a disk of a known size needs user namespaces, which this machine does not give")
    script = IN_A_SMALL_ROOM.format(size="900k", volume=volume, kept=kept)
    done = subprocess.run(
        [*apart, "bash", "-c", script, "bash", *command(csv_corpus.source, volume / "dataset")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "No space left on device" in done.stdout
    assert "Traceback" not in done.stdout
    assert "status 1" in done.stdout
    assert ".partial" not in done.stdout
    assert contents(MadeDataset(kept)) == contents(in_small_parts)
