"""The recipes for Slurm and Kubernetes start what they say, with stand-ins for both and real keys and ssh."""

import getpass
import os
import shlex
import shutil
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from dockerfiles import DOCKER
from loopback import free_port
from waiting import wait_until

from landmark_lib.command_line import exit_status
from landmark_lib.settings import TrainSettings

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
KUBERNETES, SBATCH = DOCKER / "kubernetes", DOCKER / "slurm/train.sbatch"
HOSTS = ("127.0.0.1", "127.0.0.2")
REPLICAS = yaml.safe_load((KUBERNETES / "mpijob.yaml").read_text())["spec"]["mpiReplicaSpecs"]
# The image's settings forbid root, as whom the tests may run, and StrictModes forbids temporary folders.
SSHD_CONFIG = (
    (DOCKER / "sshd_config").read_text().replace("PermitRootLogin no", "PermitRootLogin yes")
    + f"StrictModes no\nAllowUsers {getpass.getuser()}\n"
    + "".join(f"ListenAddress {host}\n" for host in HOSTS)
)

needs_ssh = pytest.mark.skipif(
    SSHD is None or not Path("/usr/bin/ssh").exists(), reason="no sshd: install openssh-server"
)


def script_of(name):
    """Return the script that a replica of the MPIJob runs."""
    *bash, script = REPLICAS[name]["template"]["spec"]["containers"][0]["args"]
    assert bash == ["bash", "-euc"]
    return script


SCRIPTS = {
    **{path.name: path.read_text() for path in (SBATCH, KUBERNETES / "driver", KUBERNETES / "executor")},
    **{name: script_of(name) for name in REPLICAS},
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_bash_can_read_a_script(name):
    subprocess.run(["bash", "-n"], input=SCRIPTS[name], text=True, check=True)


@pytest.mark.parametrize("name", SCRIPTS)
def test_shellcheck_finds_nothing(name):
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed")
    command = ["shellcheck", "--shell=bash", "-"]
    done = subprocess.run(command, input=SCRIPTS[name], capture_output=True, text=True, check=False)
    assert done.stdout == ""


@pytest.fixture
def programs(tmp_path):
    """A folder for stand-ins; horovodrun, java and spark-submit there note their words."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("horovodrun", "java", "spark-submit"):
        put(folder, name, f'printf "%s\\n" "$@" >{tmp_path}/{name}.words')
    (folder / "ssh").symlink_to(DOCKER / "ssh")
    return folder


def put(folder, name, text):
    (folder / name).write_text(f"#!/bin/bash\n{text}\n")
    (folder / name).chmod(0o755)


def environment(programs, **variables):
    return {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", **variables}


def words(programs, name):
    return (programs.parent / f"{name}.words").read_text().splitlines()


def check_training(programs, monkeypatch, port, client):
    """Check what horovodrun was started with: its own options, and those of the job."""
    from horovod.runner.launch import parse_args

    told = words(programs, "horovodrun")
    monkeypatch.setattr("sys.argv", ["horovodrun", *told])
    options = parse_args()
    assert (options.num_proc, options.ssh_port, options.ssh_identity_file) == (8, port, client)
    taken = []
    assert exit_status(TrainSettings, taken.append, told[told.index("jobs/train.py") + 1 :]) == 0
    assert (taken[0].dataset, taken[0].models) == ("/data/dataset", "/data/models")
    return options, taken[0]


@contextmanager
def running(command, **options):
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.kill()


@needs_ssh
def test_the_launcher_reaches_the_workers_of_a_job_and_knows_their_key(programs, tmp_path, monkeypatch):
    for folder in ("job-key", "ssh"):
        (tmp_path / folder).mkdir()
    # As the operator makes and mounts it.
    key = tmp_path / "job-key/id_rsa"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ecdsa", "-b", "521", "-m", "PEM", "-N", "", "-f", key], check=True
    )
    (tmp_path / "hostfile").write_text("".join(f"{host} slots=4\n" for host in HOSTS))
    port = free_port()
    config = tmp_path / "sshd_config"
    config.write_text(here(SSHD_CONFIG, tmp_path, port))
    known = environment(programs, LANDMARK_KNOWN_HOSTS=str(tmp_path / "ssh/known_hosts"))
    worker = here(script_of("Worker"), tmp_path, port).replace("/usr/sbin/sshd", f"{SSHD} -f {config}")
    launcher = here(script_of("Launcher"), tmp_path, port)
    with running(["bash", "-euc", worker]):
        wait_until(lambda: listens(port))
        subprocess.run(["bash", "-euc", launcher], env=known, check=True, timeout=60)
    options, _ = check_training(programs, monkeypatch, port, str(tmp_path / "ssh/client"))
    assert options.hosts is None
    assert options.hostfile == str(tmp_path / "hostfile")
    assert {oct(path.stat().st_mode)[-3:] for path in (tmp_path / "ssh").iterdir()} == {"600"}


def here(text, folder, port):
    """Return a script or settings with the paths and the port of this test."""
    paths = text.replace("/run/landmark", str(folder)).replace("/etc/mpi", str(folder))
    return paths.replace("2222", str(port))


def listens(port):
    with socket.socket() as connection:
        return connection.connect_ex((HOSTS[1], port)) == 0


@pytest.fixture
def slurm(programs, tmp_path):
    """Stand-ins for Slurm and Apptainer: two nodes of this machine, and no containers."""
    put(programs, "scontrol", f"printf '%s\\n' {shlex.join(HOSTS)}")
    put(programs, "srun", 'while [[ "$1" == --* ]]; do shift; done\nexec "$@"')
    (tmp_path / "sshd_config").write_text(SSHD_CONFIG)
    put(
        programs,
        "apptainer",
        f"""keys={tmp_path}/ssh-$SLURM_JOB_ID-0
while [ "$1" != train.sif ]; do [[ "$2" != "$keys:/run/landmark/ssh" ]] || bound=1; shift; done
[ "$bound" ]
shift
[ "$1" != horovodrun ] || exec "$@"
export LANDMARK_KNOWN_HOSTS="$keys/known_hosts"
if [ "$1" = /usr/sbin/sshd ]; then
  sed "s,/run/landmark/ssh,$keys," {tmp_path}/sshd_config >"$keys/sshd_config"
  shift
  exec {SSHD} -f "$keys/sshd_config" "$@"
fi
exec "${{@//\\/run\\/landmark\\/ssh/$keys}}\"""",
    )
    (tmp_path / "data").mkdir()
    return programs


@needs_ssh
def test_a_job_of_slurm_starts_ranks_on_all_its_nodes_and_leaves_nothing(slurm, tmp_path, monkeypatch):
    job = next(number for number in range(os.getpid() % 9000, 10000) if not listens(20000 + number))
    variables = {
        "SLURM_JOB_ID": str(job),
        "SLURM_JOB_NODELIST": "node[0-1]",
        "SLURM_GPUS_ON_NODE": "4",
        "SLURM_CPUS_PER_TASK": "16",
    }
    command = ["bash", SBATCH, "--epochs", "7"]
    subprocess.run(command, env=environment(slurm, **variables), cwd=tmp_path, check=True, timeout=60)
    port = 20000 + job
    options, settings = check_training(slurm, monkeypatch, port, "/run/landmark/ssh/client")
    assert options.hosts == "127.0.0.1:4,127.0.0.2:4"
    assert settings.ending.epochs == 7
    assert not list(tmp_path.glob("ssh-*"))
    wait_until(lambda: not listens(port))


def test_kubernetes_starts_the_driver_with_its_address_and_arguments(programs):
    variables = environment(programs, SPARK_DRIVER_BIND_ADDRESS="10.0.0.7")
    job = ["--class", "org.apache.spark.deploy.PythonRunner", "local:///app/jobs/preprocess.py", "a b"]
    subprocess.run([KUBERNETES / "driver", *job], env=variables, check=True)
    address = ["--conf", "spark.driver.bindAddress=10.0.0.7", "--deploy-mode", "client"]
    assert words(programs, "spark-submit") == [*address, *job]


def test_kubernetes_starts_an_executor_from_its_environment(programs):
    variables = environment(
        programs,
        SPARK_HOME="/spark",
        SPARK_CONF_DIR="/conf",
        SPARK_JAVA_OPT_0="-Da=b c",
        SPARK_JAVA_OPT_1="-Dspark.driver.port=7078",
        SPARK_EXECUTOR_MEMORY="4096m",
        SPARK_DRIVER_URL="spark://driver",
        SPARK_EXECUTOR_ID="3",
        SPARK_EXECUTOR_CORES="4",
        SPARK_APPLICATION_ID="app",
        SPARK_EXECUTOR_POD_IP="10.0.0.8",
        SPARK_EXECUTOR_POD_NAME="pod",
        SPARK_RESOURCE_PROFILE_ID="0",
    )
    subprocess.run([KUBERNETES / "executor"], env=variables, check=True)
    told = words(programs, "java")
    start = told.index("org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend")
    java = ["-Da=b c", "-Dspark.driver.port=7078", "-Xms4096m", "-Xmx4096m", "-cp", "/conf:/spark/jars/*"]
    assert told[:start] == java
    assert dict(zip(told[start + 1 :: 2], told[start + 2 :: 2], strict=True)) == {
        "--driver-url": "spark://driver",
        "--executor-id": "3",
        "--cores": "4",
        "--app-id": "app",
        "--hostname": "10.0.0.8",
        "--podName": "pod",
        "--resourceProfileId": "0",
    }
