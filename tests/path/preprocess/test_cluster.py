"""Preprocessing on a real cluster gives the same bytes as on one machine.

A master and two workers, each on its own address, authenticated and encrypted; the code is shipped as to
Dataproc. On the way executors are killed, and a worker is lost with all that it holds.
"""

import secrets
import signal
import subprocess
from dataclasses import dataclass

import pytest
from commands import BIN
from processes import Address, command_line, family, listening
from shipped_code import package_code, python_of_a_node
from small_corpus import SETTINGS, MadeDataset
from spark_runs import JOB, QUICK_SPARK
from standalone_cluster import HOSTS, standalone_cluster, write_settings
from waiting import wait_until

pytestmark = pytest.mark.takes(80)

EXECUTOR = "org.apache.spark.executor.CoarseGrainedExecutorBackend"
REGISTERED = "Registering app"  # the master says so when it lets somebody in


@dataclass(frozen=True)
class Run:
    """What a run on the cluster left, and what was seen of it meanwhile."""

    status: int
    told: str
    output: MadeDataset
    secret: str
    command_lines: list[str]
    listening: list[tuple[str, Address]]


def executors(cluster):
    """List the processes of the executors of a cluster's applications."""
    return [process for process in cluster.processes() if EXECUTOR in command_line(process)]


def wait_for_a_part_of(stage, output, job):
    """Wait until a part of a stage is done."""

    def is_there():
        assert job.poll() is None
        return any(output.glob(f"in-progress/done/{stage}/*.json"))

    wait_until(is_there, seconds=300)


@pytest.fixture(scope="module")
def run(csv_corpus, tmp_path_factory):
    """Submit the job; kill an executor in two stages, and lose a worker while shards are written."""
    folder = tmp_path_factory.mktemp("cluster")
    code, output, told = package_code(folder / "code"), folder / "dataset", folder / "output.txt"
    python = python_of_a_node(folder / "python")
    with standalone_cluster(folder) as cluster, told.open("w") as file:
        submit = [BIN / "spark-submit", "--master", cluster.master, "--py-files", code, *QUICK_SPARK]
        arguments = ["--input", csv_corpus.source, "--output", output, "--photos-per-part", "6", *SETTINGS]
        environment = cluster.environment | {"PYSPARK_PYTHON": str(python)}
        command = [*submit, JOB, *arguments]
        # Spark logs more about lost executors than fits into a pipe that nobody reads meanwhile.
        job = subprocess.Popen(command, stdout=file, stderr=file, env=environment, cwd=folder)
        for stage in ("corpus", "plan"):
            wait_for_a_part_of(stage, output, job)
            executors(cluster)[0].kill()
        processes = [*cluster.processes(), *family(job.pid)]
        lines, sockets = [command_line(process) for process in processes], list(listening(processes))
        wait_for_a_part_of("shards", output, job)
        cluster.workers[0].lose()
        status = job.wait(timeout=300)
        assert REGISTERED in cluster.told()
    return Run(status, told.read_text(), MadeDataset(output), cluster.secret, lines, sockets)


def test_executors_killed_and_a_worker_lost_in_a_shuffle_change_no_byte(run, made):
    assert run.status == 0, run.told
    assert f"Shuffle files lost for host: {HOSTS[0]}" in run.told
    assert "FetchFailed" in run.told
    shards = ("train/*/*", "validation/*", "classes.csv")
    assert run.output.contents(*shards) == made.contents(*shards)


def test_all_of_it_listens_on_loopback_alone(run):
    assert any(EXECUTOR in line for line, _ in run.listening)
    assert [line for line, address in run.listening if not address.is_loopback] == []


def test_no_command_line_contains_the_secret(run):
    assert any(EXECUTOR in line for line in run.command_lines)
    assert not any(run.secret in line for line in run.command_lines)


@pytest.fixture(scope="module")
def lone_master(tmp_path_factory):
    with standalone_cluster(tmp_path_factory.mktemp("master"), hosts=()) as cluster:
        yield cluster


@pytest.mark.parametrize("secret", [secrets.token_hex(32), None], ids=["another", "none"])
def test_who_does_not_know_the_secret_is_refused(secret, lone_master, csv_corpus, tmp_path):
    write_settings(tmp_path, secret)
    submit = [BIN / "spark-submit", "--master", lone_master.master, *QUICK_SPARK]
    command = [*submit, JOB, "--input", csv_corpus.source, "--output", tmp_path / "dataset"]
    environment = lone_master.environment | {"SPARK_CONF_DIR": str(tmp_path)}
    told = tmp_path / "output.txt"
    with told.open("w") as file, subprocess.Popen(command, stdout=file, stderr=file, env=environment) as job:
        wait_until(lambda: "Failed to connect to master" in told.read_text() or job.poll() is not None)
        for process in family(job.pid):  # it would try for a minute
            process.kill()
    assert job.returncode == -signal.SIGKILL, told.read_text()
    assert REGISTERED not in lone_master.told()
