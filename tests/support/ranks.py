"""Two ranks that are started once, by horovodrun, and then do the work of many tests."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, Listener
from pathlib import Path

from commands import BIN, REPOSITORY
from job_runs import Done

SIZE = 2
SECONDS_TO_START = 120
SECONDS_OF_WORK = 150
SECONDS_TO_END = 10


class TwoRanks:
    """Ranks that wait for work. After work that failed they are started again, as one may still be at it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._starts = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._connections: dict[int, Connection] = {}

    @property
    def _log(self) -> Path:
        return self._folder / f"log-{self._starts}"

    def run(self, function: str, *arguments: object) -> list[object]:
        """Call a function, module:name, on both ranks at once; return what each returned.

        Raises:
            AssertionError: It failed on one of them.
        """
        if self._process is None:
            self._start()
        for connection in self._connections.values():
            connection.send((function, arguments))
        answers = []
        try:
            for rank in range(SIZE):
                connection = self._connections[rank]
                ready = connection.poll(SECONDS_OF_WORK)
                assert ready, f"rank {rank} does not answer: {self._log.read_text()}"
                answers.append(connection.recv())
            failures = [f"rank {rank}: {failure}" for rank, (failure, _) in enumerate(answers) if failure]
            assert failures == [], "\n".join(failures)
        except (AssertionError, EOFError):
            self.end()
            raise
        return [result for _, result in answers]

    def job(self, name: str, *arguments: object) -> list[Done]:
        """Run a job on both ranks, as horovodrun does."""
        return self.run("job_runs:run_here", name, *map(str, arguments))

    def execute(self, program: str) -> list[str]:
        """Run a program on both ranks; return what each printed."""
        return self.run("job_runs:execute", program)

    def _start(self) -> None:
        self._starts += 1
        environment = {
            **os.environ,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY / "tests/support"), str(REPOSITORY)]),
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "HOROVOD_CYCLE_TIME": "10",  # milliseconds; idle ranks look for work a hundred times a second
        }
        address = str(self._folder / f"ranks-{self._starts}")
        command = ["horovodrun", "-np", str(SIZE), "python", "-m", "rank_server", address]
        with Listener(address, "AF_UNIX", backlog=SIZE) as listener, self._log.open("w") as log:
            listener._listener._socket.settimeout(SECONDS_TO_START)
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
            for _ in range(SIZE):
                connection = listener.accept()
                self._connections[connection.recv()] = connection

    def end(self) -> None:
        """End the ranks, if they were started."""
        if self._process is None:
            return
        for connection in self._connections.values():
            connection.close()  # which ends a rank that waits for work
        self._connections.clear()
        try:
            self._process.wait(timeout=SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.terminate()
            self._process.wait()
        self._process = None


@contextmanager
def two_ranks(folder: Path) -> Iterator[TwoRanks]:
    """Yield two ranks, which start with their first work."""
    ranks = TwoRanks(folder)
    try:
        yield ranks
    finally:
        ranks.end()
