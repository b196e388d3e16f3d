"""What processes of this machine show to others: their command lines, and where they listen."""

import ipaddress
from collections.abc import Iterable, Iterator
from contextlib import suppress

import psutil


def family(pid: int) -> list[psutil.Process]:
    """List a process and all that it started, as far as they run."""
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def command_line(process: psutil.Process) -> str:
    """Give what everybody on a machine sees of a process; nothing if it has ended."""
    with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        return " ".join(process.cmdline())
    return ""


def listening(processes: Iterable[psutil.Process]) -> Iterator[tuple[str, str]]:
    """Give the command line and the address of each process that listens to a network."""
    for process in processes:
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            for socket in process.net_connections("inet"):
                if socket.status == psutil.CONN_LISTEN:
                    yield command_line(process), socket.laddr.ip


def is_loopback(address: str) -> bool:
    """Tell whether only this machine reaches an address."""
    parsed = ipaddress.ip_address(address)
    return (getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback
