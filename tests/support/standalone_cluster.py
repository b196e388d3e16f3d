"""A Spark cluster: a master and workers as processes apart, each on its host of loopback, authenticated."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pyspark
from commands import BIN
from loopback import free_port
from processes import family
from spark_runs import QUICK_JAVA
from waiting import wait_until

SPARK_HOME = Path(pyspark.__file__).parent
MASTER = "127.0.0.1"
HOSTS = ("127.0.0.2", "127.0.0.3")


@dataclass
class Worker:
    """A machine of the cluster."""

    process: subprocess.Popen
    disk: Path

    def lose(self) -> None:
        """Take the machine away with all that runs on it and lies on its disk."""
        for process in reversed(family(self.process.pid)):
            process.kill()
        shutil.rmtree(self.disk, ignore_errors=True)


@dataclass
class Cluster:
    """Where to submit to, and with which environment."""

    master: str
    secret: str
    environment: dict[str, str]
    log: Path  # of the master and the workers
    workers: list[Worker] = field(default_factory=list)
    daemons: list[subprocess.Popen] = field(default_factory=list)

    def told(self) -> str:
        """Read what the master and the workers said so far."""
        return self.log.read_text()

    def processes(self) -> list[psutil.Process]:
        """List what runs on all machines."""
        return [process for daemon in self.daemons for process in family(daemon.pid)]


# The tests read in it what Spark logs about lost executors, lost files and registrations.
LOG = """
rootLogger.level = info
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n%ex
"""


def write_settings(folder: Path, secret: str | None) -> Path:
    """Write the settings of a cluster or of its client, logging included; return the file."""
    (folder / "log4j2.properties").write_text(LOG)
    settings = folder / "spark-defaults.conf"
    settings.touch(mode=0o600)
    authentication = f"spark.authenticate true\nspark.authenticate.secret {secret}\n" if secret else ""
    settings.write_text(
        f"{authentication}"
        f"spark.network.crypto.enabled {bool(secret)}\n"
        "spark.network.crypto.cipher AES/GCM/NoPadding\n"
        "spark.network.crypto.authEngineVersion 2\n"
        "spark.network.crypto.saslFallback false\n"
        "spark.io.encryption.enabled true\n"
        f"spark.driver.host {MASTER}\n"
        f"spark.driver.bindAddress {MASTER}\n"
        "spark.ui.enabled false\n"
        "spark.master.rest.enabled false\n"
        "spark.executor.memory 1g\n"
        f"spark.executor.extraJavaOptions {QUICK_JAVA}\n"
        f"spark.local.dir {folder / 'local'}\n"
    )
    return settings


@contextmanager
def standalone_cluster(folder: Path, hosts: tuple[str, ...] = HOSTS) -> Iterator[Cluster]:
    """Start a cluster with a worker on each host, and end it."""
    secret = secrets.token_hex(32)
    settings = write_settings(folder, secret)
    environment = {
        **os.environ,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "SPARK_CONF_DIR": str(folder),
        "SPARK_LOCAL_IP": MASTER,
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": QUICK_JAVA,
    }
    environment.pop("PYTHONPATH", None)
    port = free_port()
    cluster = Cluster(f"spark://{MASTER}:{port}", secret, environment, folder / "cluster.log")
    cluster.log.touch()
    start = ["--properties-file", str(settings), "--webui-port", "0"]
    with ExitStack() as running:
        command = ["master.Master", *start, "--host", MASTER, "--port", str(port)]
        cluster.daemons.append(running.enter_context(_daemon(cluster, command, {})))
        for host in hosts:
            disk = folder / host
            size = ("--cores", "1", "--memory", "1g", "--work-dir", str(disk / "work"))
            command = ["worker.Worker", *start, "--host", host, *size, cluster.master]
            at = {"SPARK_LOCAL_IP": host, "SPARK_LOCAL_DIRS": str(disk / "local")}
            daemon = running.enter_context(_daemon(cluster, command, at))
            cluster.workers.append(Worker(daemon, disk))
            cluster.daemons.append(daemon)
        wait_until(lambda: "I have been elected leader" in cluster.told())
        wait_until(lambda: cluster.told().count("Registering worker") == len(hosts))
        yield cluster


@contextmanager
def _daemon(cluster: Cluster, command: list[str], variables: dict[str, str]) -> Iterator[subprocess.Popen]:
    name, *arguments = command
    command = [str(SPARK_HOME / "bin/spark-class"), f"org.apache.spark.deploy.{name}", *arguments]
    with cluster.log.open("ab") as file:
        process = subprocess.Popen(command, env=cluster.environment | variables, stderr=file, stdout=file)
    with process:
        try:
            yield process
        finally:
            process.terminate()
