"""A GPU node prepares itself, reports when it is ready, and resumes its job. Scripts run without a cloud."""

import os
import re
import shutil
import socket
import subprocess

import pytest
from gpu_node import IMAGE, TEMPLATES, VALUES, gpu_node, render

SCHEDULES = "projects/p/locations/r/jobs"
EXPECTED_KEY = re.search(r"expected=(\w+)", (TEMPLATES / "train_startup.sh.tftpl").read_text())[1]


@pytest.fixture
def node(tmp_path):
    """One node, with stand-ins for the machine's programs."""
    return gpu_node(tmp_path)


@pytest.fixture
def ready(node):
    node.ready.touch()
    return node


# Starting


@pytest.fixture
def secret(node):
    """A node that finds the keys of two nodes in a secret; returns their folder."""
    if not shutil.which("ssh-keygen"):
        pytest.skip("ssh-keygen is not installed")
    made = node.root / "made"
    made.mkdir()
    for kind in ("client", "host"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", made / kind], check=True)
    files = ["client", "client.pub", "host", "host.pub"]
    subprocess.run(["tar", "-cf", node.root / "archive", "-C", made, *files], check=True)
    return made


def test_a_node_of_several_fetches_keys_serves_ssh_and_is_ready_last(node, secret):
    names = {'join(" ", node_names)': "node-0 node-1", "ssh_secret": "keys"}
    done = node.start(**names)
    assert done.returncode == 0, done.stderr
    assert node.ready.exists()
    keys = node.root / "run/landmark/ssh"
    public = (secret / "host.pub").read_text().split()[:2]
    assert (keys / "known_hosts").read_text().splitlines() == [
        f"[node-{number}]:2222 {' '.join(public)}" for number in (0, 1)
    ]
    assert {oct(path.stat().st_mode)[-3:] for path in keys.iterdir()} == {"600"}
    served = node.calls("docker")[-1]
    assert served.endswith(f"{IMAGE} /usr/sbin/sshd -D -e")  # with the image's own sshd_config and ssh
    assert "PATH=" not in served


def test_no_list_of_processes_shows_a_token(node, secret):
    assert node.start("make_folders; fetch_keys", ssh_secret="keys").returncode == 0  # noqa: S106 - a name
    assert "the-token" not in "".join(node.calls("curl"))
    assert (node.root / "header").read_text() == "Authorization: Bearer the-token"


def test_updates_are_held_before_anything_is_installed(node):
    done = node.start("hold_updates; install_package docker.io")
    assert done.returncode == 0, done.stderr
    first, *others = (node.root / "calls").read_text().splitlines()
    assert first.startswith("systemctl mask --now")
    assert first.endswith(" apt-daily.timer apt-daily-upgrade.timer unattended-upgrades.service")
    assert [call.split()[0] for call in others] == ["apt-get", "apt-get"]


def test_an_installation_waits_for_the_lock_and_is_repeated(node):
    node.put("apt-get", '(($(grep -c ^apt-get "$ROOT/calls") > 2))  # the first two fail')
    done = node.start("retry install_package docker.io")
    assert done.returncode == 0, done.stderr
    calls = node.calls("apt-get")
    assert [call.split()[-1] for call in calls] == ["update", "update", "update", "docker.io"]
    assert all("--option DPkg::Lock::Timeout=600" in call for call in calls)


def test_a_start_that_fails_for_good_is_reported_to_those_who_wait(node):
    node.put("nvidia-ctk", "exit 1")
    assert node.start().returncode == 1
    waited = node.landmark("wait")
    assert waited.returncode == 3
    assert "the start of this node failed at: this node: its container engine" in waited.stderr
    assert not node.ready.exists()


def test_a_node_that_starts_again_is_not_ready_before_its_end(ready):
    ready.put("nvidia-ctk", "exit 1")
    assert ready.start().returncode == 1
    assert not ready.ready.exists()


def test_a_second_start_changes_nothing_under_a_running_job(node):
    restarts = []
    for _ in range(2):
        done = node.start()
        assert done.returncode == 0, done.stderr
        restarts.append("restart docker" in node.calls("systemctl"))
    assert restarts == [True, False]


# NVIDIA's key


@pytest.fixture
def gpg(tmp_path_factory):
    """Return a function that runs gpg with a key ring that has a good and an evil key."""
    if not shutil.which("gpg"):
        pytest.skip("gpg is not installed")
    home = tmp_path_factory.mktemp("gpg")

    def run(*words):
        command = ["gpg", "--batch", "--quiet", "--homedir", home, "--passphrase", "", *words]
        return subprocess.run(command, capture_output=True, check=True).stdout

    for name in ("good", "evil"):
        run("--quick-generate-key", name, "ed25519", "sign", "never")
    yield run
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=True)


def fetch_key(node, gpg, *sent):
    """Let the node fetch the archive's key from an address that sends these; return what it did."""
    listed = gpg("--list-keys", "--with-colons", "good").decode()
    fingerprint = re.search(r"^fpr:+(\w+):", listed, re.MULTILINE)[1]
    (node.root / "sent").write_bytes(b"".join(gpg("--armor", "--export", name) for name in sent))
    ring = node.root / "ring"
    expects_it = f'eval "$(declare -f fetch_archive_key | sed s/{EXPECTED_KEY}/{fingerprint}/)"'
    return ring, node.start(f"{expects_it}; fetch_archive_key {ring}")


@pytest.mark.parametrize("sent", [["good"], ["good", "evil"], ["evil", "good"]], ids="-".join)
def test_apt_trusts_the_expected_key_alone_whatever_is_sent_with_it(node, gpg, sent):
    ring, done = fetch_key(node, gpg, *sent)
    assert done.returncode == 0, done.stderr
    signed = node.root / "signed"
    for name, accepted in (("good", True), ("evil", False)):
        signed.write_bytes(b"packages")
        signature = gpg("--yes", "--local-user", name, "--detach-sign", "--output", "-", signed)
        (node.root / "signature").write_bytes(signature)
        verify = ["gpgv", "--keyring", ring, node.root / "signature", signed]
        assert (subprocess.run(verify, capture_output=True, check=False).returncode == 0) is accepted


def test_without_the_expected_key_nothing_is_trusted(node, gpg):
    ring, done = fetch_key(node, gpg, "evil")
    assert done.returncode == 1
    assert re.search(r"NVIDIA's address sent no key [0-9A-F]{40}", done.stderr)
    assert not ring.exists()


# Waiting


def test_waiting_reports_each_step_once_and_ends_when_the_node_is_ready(node):
    (node.root / "run/landmark/step").write_text("the image\n")
    node.put("sleep", '(($(grep -c ^sleep "$ROOT/calls") < 3)) || touch "$ROOT/run/landmark/ready"')
    done = node.landmark("wait")
    assert (done.returncode, done.stderr) == (0, "landmark: waiting for this node: the image\n")


def test_waiting_ends_with_what_was_awaited(node):
    done = node.landmark("wait", LANDMARK_PATIENCE="0")
    assert done.returncode == 3
    assert done.stderr.startswith("landmark: still not ready: this node: its start-up script; ")


def test_a_job_waits_for_the_ssh_server_of_every_other_node(tmp_path):
    pid = os.getpid()
    other = f"127.77.{pid >> 8 & 255}.{pid & 255}"
    node = gpu_node(tmp_path, nodes=f"node-0 {other}")
    node.ready.touch()
    done = node.landmark("run", "true", LANDMARK_PATIENCE="0")
    assert done.returncode == 3
    assert f"still not ready: {other}: its ssh server; " in done.stderr
    assert not node.job.exists()
    with socket.create_server((other, 2222)):
        assert node.landmark("wait", LANDMARK_PATIENCE="0").returncode == 0


# A job


def test_a_job_gets_its_words_as_they_were_given(ready):
    words = ["python", "-c", "a b\n 'c'", ""]
    assert ready.landmark("run", *words).returncode == 0
    assert "start --no-block landmark-job" in ready.calls("systemctl")
    ready.put("docker", "[[ $1 == run ]] && printf '%s\\0' \"$@\"")
    assert ready.landmark("job").stdout.split(f"{IMAGE}\0")[1] == "\0".join([*words, ""])


@pytest.mark.parametrize("state", ["active", "activating", "deactivating"])
def test_a_second_job_is_refused_and_the_first_is_kept(ready, state):
    ready.landmark("run", "first")
    kept = ready.job.read_bytes()
    (ready.root / "unit").write_text(state)
    done = ready.landmark("run", "second")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "landmark: a job runs or is about to" in done.stderr
    assert ready.job.read_bytes() == kept


def test_a_container_has_the_time_of_a_preemption_and_horovodrun_less(ready):
    ready.landmark("run", "true")
    ready.calls("docker")
    ready.landmark("job")
    words = " ".join(ready.calls("docker"))
    container = int(re.search(r"--stop-timeout (\d+)", words)[1])
    ranks = int(re.search(r"LANDMARK_STOP_SECONDS=(\d+)", words)[1])
    unit = int(re.search(r"TimeoutStopSec=(\d+)", (TEMPLATES / "landmark-job.service").read_text())[1])
    assert ranks < container < unit < 30


@pytest.mark.parametrize(
    ("machine", "nodes", "result", "status", "is_kept"),
    [
        ("running", "node-0", "success", "0", False),
        ("running", "node-0", "exit-code", "1", False),
        ("stopping", "node-0", "exit-code", "1", True),
        ("stopping", "node-0 node-1", "exit-code", "1", True),
        ("running", "node-0 node-1", "exit-code", "1", True),  # another node may be off
        ("running", "node-0 node-1", "exit-code", "", True),  # and did not return in time
        ("running", "node-0 node-1", "exit-code", "2", False),
        ("running", "node-0 node-1", "success", "0", False),
    ],
)
def test_only_an_interrupted_job_is_resumed(tmp_path, machine, nodes, result, status, is_kept):
    node = gpu_node(tmp_path, nodes)
    node.job.touch()
    (node.root / "state").write_text(machine)
    assert node.landmark("ended", SERVICE_RESULT=result, EXIT_STATUS=status).returncode == 0
    assert node.job.exists() is is_kept


def test_a_job_that_a_person_stops_is_forgotten_first(ready):
    ready.landmark("run", "true")
    ready.put("systemctl", '[[ $1 != stop || ! -e "$ROOT/var/lib/landmark-job" ]]')
    assert ready.landmark("stop").returncode == 0
    assert ready.calls("systemctl")[-1] == "stop landmark-job"


def test_a_job_older_than_the_limit_of_hours_is_not_resumed(ready):
    for age, starts in ((23, True), (25, False)):
        ready.landmark("run", "true")
        ready.calls("systemctl")
        given = ready.job.stat().st_mtime - age * 3600
        os.utime(ready.job, (given, given))
        assert ready.landmark("resume").returncode == 0
        assert ("start --no-block landmark-job" in ready.calls("systemctl")) is starts
        assert ready.job.exists() is starts


def test_the_schedules_of_spot_nodes_are_on_while_there_is_a_job(tmp_path):
    node = gpu_node(tmp_path, "node-0 127.0.0.1", SCHEDULES)

    def turned():
        return [call.split("/jobs/")[1] for call in node.calls("curl") if "cloudscheduler" in call]

    node.job.touch()
    node.landmark("resume")
    assert turned() == ["node-0:resume", "127.0.0.1:resume"]
    node.landmark("ended", SERVICE_RESULT="success", EXIT_STATUS="0")
    assert turned() == ["node-0:pause", "127.0.0.1:pause"]
    node.landmark("resume")  # at a start without a job
    assert turned() == ["node-0:pause", "127.0.0.1:pause"]


def test_a_node_without_the_job_leaves_the_schedules_to_the_first(tmp_path):
    second = gpu_node(tmp_path, "node-9 node-0", SCHEDULES)
    assert second.landmark("resume").returncode == 0
    assert second.calls("curl") == []


def test_a_schedule_that_cannot_be_turned_on_is_reported_and_the_job_runs(tmp_path):
    node = gpu_node(tmp_path, schedules=SCHEDULES)
    node.ready.touch()
    node.put("curl", '[[ $* == *token ]] && echo \'{"access_token": "t"}\' || printf 403')
    done = node.landmark("run", "true")
    assert done.returncode == 0
    assert done.stderr == "landmark: cannot resume the schedule that starts node-0 (403)\n"


def test_other_nodes_than_spot_call_no_schedule(ready):
    ready.landmark("run", "true")
    ready.landmark("stop")
    assert ready.calls("curl") == []


@pytest.mark.parametrize("words", [[], ["run"], ["dance"]], ids=" ".join)
def test_other_words_print_what_there_is(ready, words):
    done = ready.landmark(*words)
    assert done.returncode == 2
    assert done.stderr.startswith("# landmark run COMMAND")


@pytest.mark.parametrize("restart", ["no", "on-failure"])
def test_systemd_accepts_the_unit(node, restart):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    text = render((TEMPLATES / "landmark-job.service").read_text(), VALUES | {"restart": restart})
    unit = node.root / "landmark-job.service"
    unit.write_text(text.replace("/usr/local/bin/landmark", str(node.root / "usr/local/bin/landmark")))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
