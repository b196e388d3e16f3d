"""horovodrun on two hosts that know each other's keys: members train across them, faults end everywhere."""

import subprocess
from collections import defaultdict
from pathlib import Path

import psutil
import pytest
import small_network
from commands import REPOSITORY, run
from object_store import object_store
from processes import family, listening, processes_on
from small_dataset import write_small_dataset
from two_hosts import NO_SSH, make_key, no_namespaces, two_hosts_apart, two_hosts_of_loopback
from waiting import wait_until

from landmark_lib.storage import Place
from landmark_lib.training.member_record import read_member

pytestmark = [
    pytest.mark.takes(25),
    pytest.mark.skipif(NO_SSH is not None, reason=str(NO_SSH)),
    # Google's packages announce to everybody when they will drop this Python.
    pytest.mark.filterwarnings("ignore:You are using a Python version:FutureWarning"),
]

ACROSS_BOTH = "8 steps per epoch of 2 x 4 rows"


@pytest.fixture
def hosts(tmp_path):
    with two_hosts_of_loopback(tmp_path) as hosts:
        yield hosts


@pytest.fixture
def hosts_apart(tmp_path):
    if reason := no_namespaces():
        pytest.skip(reason)
    with two_hosts_apart(tmp_path) as hosts:
        yield hosts


def training(dataset, models, epochs):
    return (
        *("python", str(REPOSITORY / "tests/support/small_network.py"), "--dataset", dataset),
        *("--models", str(models), "--member", "0", "--epochs", str(epochs), *small_network.OPTIONS),
        *("--trainable-layers", "1", "--learning-rate", "0.001"),
    )


def started(hosts, dataset, folder, epochs):
    """Start a training, and wait for its first checkpoint."""
    with (folder / "told").open("w") as told:
        command = [*hosts.command, *training(dataset, folder / "models", epochs)]
        job = subprocess.Popen(command, stdout=told, stderr=told)

    def has_checkpoint():
        assert job.poll() is None, (folder / "told").read_text()
        return any(folder.glob("models/member-0/checkpoints/*.npz"))

    wait_until(has_checkpoint)
    return job


def listeners(hosts, job):
    """Return the addresses that each program of a job listens on, including ranks and the secure shell."""
    programs = defaultdict(set)
    for line, address in listening([*family(job.pid), *family(hosts.shell.pid)]):
        words = [Path(word.rstrip(":")).name for word in line.split()[:2]]
        programs[words[1] if words[0].startswith("python") else words[0]].add(str(address))
    return programs


def test_members_train_across_two_hosts_from_a_bucket(hosts, tmp_path):
    with object_store() as bucket:
        write_small_dataset(f"{bucket}/dataset")
        done = run(*hosts.command, *training(f"{bucket}/dataset", tmp_path, epochs=1))
    assert done.returncode == 0, done.stderr
    assert ACROSS_BOTH in done.stdout + done.stderr
    assert read_member(Place(str(tmp_path / "member-0"))).finished


def test_a_host_with_another_key_is_refused(hosts, tmp_path):
    another = make_key(tmp_path / "another").with_suffix(".pub").read_text()
    hosts.known_hosts.write_text(f"{hosts.known_as} {another}")
    done = run(*hosts.command, "touch", str(tmp_path / "started"))
    assert done.returncode != 0
    assert "Host key verification failed" in done.stdout
    assert not (tmp_path / "started").exists()


def test_unknown_host_is_refused(hosts, tmp_path):
    hosts.known_hosts.write_text("")
    done = run(*hosts.command, "touch", str(tmp_path / "started"))
    assert done.returncode != 0
    assert "Host key verification failed" in done.stdout
    assert not (tmp_path / "started").exists()


def rank_1(process):
    """Return whether a process is the second rank itself."""
    try:
        return process.environ().get("HOROVOD_RANK") == "1" and process.name().startswith("python")
    except psutil.Error:  # it has ended
        return False


def test_members_train_across_two_hosts_from_a_shared_path_until_a_killed_rank_ends_the_job_everywhere(
    hosts, small_dataset, tmp_path
):
    job = started(hosts, small_dataset, tmp_path, epochs=1000)
    (rank,) = filter(rank_1, family(hosts.shell.pid))
    rank.kill()
    assert job.wait(timeout=60) == 1
    assert ACROSS_BOTH in (tmp_path / "told").read_text()
    wait_until(lambda: not processes_on(tmp_path / "models"), seconds=5)


@pytest.mark.root
def test_separate_hosts_train_over_a_network_through_one_port(hosts_apart, small_dataset, tmp_path):
    job = started(hosts_apart, small_dataset, tmp_path, epochs=3)
    seen = listeners(hosts_apart, job)
    told = tmp_path / "told"
    assert job.wait(timeout=120) == 0, told.read_text()
    assert ACROSS_BOTH in told.read_text()
    assert read_member(Place(str(tmp_path / "models/member-0"))).finished
    # horovodrun lets ranks find each other on all networks; SECURITY.md explains the consequences.
    assert seen == {"horovodrun": {"0.0.0.0"}, "sshd": {"10.77.0.2"}}  # noqa: S104 - nothing is bound here
