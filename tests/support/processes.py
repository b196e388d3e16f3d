"""What processes of this machine show to others: their command lines, and where they listen."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from operator import itemgetter
from pathlib import Path

import psutil

Address = IPv4Address | IPv6Address
LISTENS = "0A"  # as Linux writes it


def family(pid: int) -> list[psutil.Process]:
    """List a process and all that it started, as far as they run."""
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def command_line(process: psutil.Process) -> str:
    """Return what everybody on a machine sees of a process; empty if it has ended."""
    with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        return " ".join(process.cmdline())
    return ""


def processes_on(path: object) -> list[str]:
    """Return the command lines that contain this path as a word."""
    lines = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
            words = process.cmdline()
            if str(path) in words and process.pid != os.getpid():
                lines.append(" ".join(words))
    return lines


def listening(processes: Iterable[psutil.Process]) -> Iterator[tuple[str, Address]]:
    """Return the command line and the address of each process that listens on a network by TCP.

    Asked of the process's own network, where psutil asks ours.
    """
    for process in processes:
        with suppress(OSError):  # it has ended
            files = {_target(link) for link in Path(f"/proc/{process.pid}/fd").iterdir()}
            for table in ("tcp", "tcp6"):
                lines = Path(f"/proc/{process.pid}/net/{table}").read_text().splitlines()[1:]
                for local, state, inode in (itemgetter(1, 3, 9)(line.split()) for line in lines):
                    if state == LISTENS and f"socket:[{inode}]" in files:
                        yield command_line(process), _address(local.partition(":")[0])


def _target(link: Path) -> str:
    with suppress(OSError):  # closed meanwhile
        return str(link.readlink())
    return ""


def _address(written: str) -> Address:
    """Read an address as Linux writes it: words of four bytes, the last byte of each first."""
    words = bytes.fromhex(written)
    address = ip_address(b"".join(words[start : start + 4][::-1] for start in range(0, len(words), 4)))
    return getattr(address, "ipv4_mapped", None) or address
