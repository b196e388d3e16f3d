"""Two hosts for horovodrun, of one machine: by another address of loopback, or by network namespaces."""

import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from commands import BIN, REPOSITORY
from loopback import free_port

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
NO_SSH = "no sshd: install openssh-server and openssh-client" if not (SSHD and shutil.which("ssh")) else None
# Without it ssh would accept any key, because of horovodrun's options.
SHIM = REPOSITORY / "docker/ssh"
NODES = ("landmark-node-0", "landmark-node-1")


@dataclass(frozen=True)
class TwoHosts:
    """Where ranks can be started.

    Attributes:
        shell: What lets in ranks on the second host.
        command: Begins a command that starts one rank on each.
        known_hosts: The keys that hosts are known by.
        known_as: What stands in it before the key of the second.
    """

    shell: subprocess.Popen
    command: tuple[str, ...]
    known_hosts: Path
    known_as: str


@contextmanager
def two_hosts_of_loopback(folder: Path) -> Iterator[TwoHosts]:
    """Make a second host of another address of loopback."""
    with _two_hosts(folder, ("localhost", "127.0.0.2"), "127.0.0.2", free_port(), (), ()) as hosts:
        yield hosts


@contextmanager
def two_hosts_apart(folder: Path) -> Iterator[TwoHosts]:
    """Make two hosts of two network namespaces, which see each other and nothing else."""
    addresses = ("10.77.0.1", "10.77.0.2")
    # Other runs of the tests have theirs.
    spaces = (f"landmark-{os.getpid()}-0", f"landmark-{os.getpid()}-1")
    with _namespaces(spaces, addresses):
        first, second = (("ip", "netns", "exec", space) for space in spaces)
        with _two_hosts(folder, NODES, addresses[1], 2222, first, second) as hosts:
            yield hosts


def no_namespaces() -> str | None:
    """Return why this machine has no network namespaces, if so."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "no ip: install iproute2"
    probe = f"landmark-probe-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True, check=False)
    subprocess.run(["ip", "netns", "delete", probe], capture_output=True, check=False)
    return f"no network namespaces here: {made.stderr.strip()}" if made.returncode else None


@contextmanager
def _two_hosts(
    folder: Path,
    names: tuple[str, str],
    address: str,
    port: int,
    on_first: tuple[str, ...],
    on_second: tuple[str, ...],
) -> Iterator[TwoHosts]:
    key, host_key = make_key(folder / "client"), make_key(folder / "host")
    known_hosts, known_as = folder / "known_hosts", f"[{names[1]}]:{port}"
    known_hosts.write_text(f"{known_as} {host_key.with_suffix('.pub').read_text()}")
    (folder / "bin").mkdir()
    (folder / "bin/ssh").symlink_to(SHIM)
    environment = {
        "PATH": f"{folder / 'bin'}:{BIN}:{os.environ['PATH']}",
        "LANDMARK_KNOWN_HOSTS": str(known_hosts),
    }
    hosts = ("-np", "2", "-H", f"{names[0]}:1,{names[1]}:1", "-p", str(port), "-i", str(key))
    with patch.dict(os.environ, environment), _sshd(folder, address, port, on_second) as shell:
        yield TwoHosts(shell, (*on_first, "horovodrun", *hosts), known_hosts, known_as)


def make_key(path: Path) -> Path:
    """Make a key for ssh, and its public half beside it."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


@contextmanager
def _sshd(folder: Path, address: str, port: int, where: tuple[str, ...]) -> Iterator[subprocess.Popen]:
    config = folder / "sshd_config"
    config.write_text(
        f"ListenAddress {address}\nPort {port}\nHostKey {folder / 'host'}\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {folder / 'client.pub'}\nStrictModes no\nPasswordAuthentication no\n"
        f"AllowUsers {getpass.getuser()}\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where it shuts itself in
    command = [*where, SSHD, "-D", "-e", "-f", config]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert any("Server listening" in line for line in process.stderr), "sshd ended"
            yield process
        finally:
            process.terminate()


@contextmanager
def _namespaces(spaces: tuple[str, str], addresses: tuple[str, str]) -> Iterator[None]:
    """Make two network namespaces and a wire between them."""
    ends = [f"lm{os.getpid()}-{number}" for number in (0, 1)]
    with ExitStack() as made:
        for space, address in zip(spaces, addresses, strict=True):
            _ip("netns", "add", space)
            made.callback(_ip, "netns", "delete", space)
            folder = Path("/etc/netns") / space
            folder.mkdir(parents=True)
            made.callback(_remove, folder)
            # A host's own name must resolve to its address in the network: ranks exchange their addresses.
            names = [(address, socket.gethostname()), *zip(addresses, NODES, strict=True)]
            lines = [("127.0.0.1", "localhost"), *names]
            (folder / "hosts").write_text("".join(f"{number} {name}\n" for number, name in lines))
        _ip("link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
        for space, address, end in zip(spaces, addresses, ends, strict=True):
            _ip("link", "set", end, "netns", space, "name", "eth0")  # the same name on all hosts
            _ip("-n", space, "address", "add", f"{address}/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                _ip("-n", space, "link", "set", device, "up")
        yield


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder)
    with suppress(OSError):  # others have theirs in it
        folder.parent.rmdir()
