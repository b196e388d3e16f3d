"""A Spark cluster: a master and two workers as processes apart, on loopback, authenticated."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyspark
from loopback import free_port

SPARK_HOME = Path(pyspark.__file__).parent
WORKERS = 2


@dataclass(frozen=True)
class Cluster:
    """Where to submit to, and with which environment."""

    master: str
    environment: dict[str, str]
    log: Path  # of the workers


@contextmanager
def standalone_cluster(folder: Path) -> Iterator[Cluster]:
    """Start the cluster, and end it."""
    settings = folder / "spark-defaults.conf"
    settings.touch(mode=0o600)
    settings.write_text(
        "spark.authenticate true\n"
        f"spark.authenticate.secret {secrets.token_hex(32)}\n"
        "spark.network.crypto.enabled true\n"
        "spark.io.encryption.enabled true\n"
        "spark.driver.host 127.0.0.1\n"
        "spark.driver.bindAddress 127.0.0.1\n"
        "spark.ui.enabled false\n"
        "spark.master.rest.enabled false\n"
        "spark.executor.memory 1g\n"
        f"spark.local.dir {folder / 'local'}\n"
    )
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_CONF_DIR": str(folder),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
    }
    port = free_port()
    cluster = Cluster(f"spark://127.0.0.1:{port}", environment, folder / "workers.log")
    with ExitStack() as running:
        start = ["--properties-file", str(settings), "--host", "127.0.0.1", "--webui-port", "0"]
        master = running.enter_context(_daemon(cluster, "master.Master", *start, "--port", str(port)))
        for number in range(WORKERS):
            size = ("--cores", "1", "--memory", "1g", "--work-dir", str(folder / f"worker-{number}"))
            running.enter_context(_daemon(cluster, "worker.Worker", *start, *size, cluster.master))
        _wait_for(master, "Registering worker", times=WORKERS)
        yield cluster


@contextmanager
def _daemon(cluster: Cluster, name: str, *arguments: str) -> Iterator[subprocess.Popen]:
    command = [SPARK_HOME / "bin/spark-class", f"org.apache.spark.deploy.{name}", *arguments]
    with cluster.log.open("ab") as file:
        is_master = name.startswith("master")
        process = subprocess.Popen(
            command, env=cluster.environment, stderr=subprocess.PIPE if is_master else file, stdout=file
        )
    with process:
        try:
            yield process
        finally:
            process.terminate()


def _wait_for(process: subprocess.Popen, text: str, times: int) -> None:
    for line in process.stderr:
        times -= text in line.decode()
        if not times:
            return
    raise AssertionError(f"the master ended before it said {text!r}")
