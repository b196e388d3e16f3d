"""Two ranks that are started once, by horovodrun, and then do the work of many tests."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Listener
from pathlib import Path

from commands import BIN, REPOSITORY
from job_runs import Done

SIZE = 2
SECONDS_TO_START = 120
SECONDS_OF_WORK = 300


@dataclass
class TwoRanks:
    """Ranks that wait for work.

    Attributes:
        connections: One to each rank, by its number.
        log: What horovodrun and the ranks write outside of their work.
    """

    log: Path
    connections: dict[int, Connection] = field(default_factory=dict)

    def run(self, function: str, *arguments: object) -> list[object]:
        """Call a function, module:name, on both ranks at once; return what each returned.

        Raises:
            AssertionError: It failed on one of them.
        """
        for rank in range(SIZE):
            self.connections[rank].send((function, arguments))
        answers = []
        for rank in range(SIZE):
            connection = self.connections[rank]
            assert connection.poll(SECONDS_OF_WORK), f"rank {rank} does not answer: {self.log.read_text()}"
            answers.append(connection.recv())
        failures = [f"rank {rank}: {failure}" for rank, (failure, _) in enumerate(answers) if failure]
        assert failures == [], "\n".join(failures)
        return [result for _, result in answers]

    def job(self, name: str, *arguments: object) -> list[Done]:
        """Run a job on both ranks, as horovodrun does."""
        return self.run("job_runs:run_here", name, *map(str, arguments))

    def execute(self, program: str) -> list[str]:
        """Run a program on both ranks; return what each printed."""
        return self.run("job_runs:execute", program)


@contextmanager
def two_ranks(folder: Path) -> Iterator[TwoRanks]:
    """Start two ranks, and end them."""
    ranks = TwoRanks(folder / "log")
    environment = {
        **os.environ,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY / "tests/support"), str(REPOSITORY)]),
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "HOROVOD_CYCLE_TIME": "10",  # milliseconds; ranks without work look for some as often
    }
    address = str(folder / "ranks")
    command = ["horovodrun", "-np", str(SIZE), "python", "-m", "rank_server", address]
    with Listener(address, "AF_UNIX", backlog=SIZE) as listener, ranks.log.open("w") as log:
        listener._listener._socket.settimeout(SECONDS_TO_START)
        with subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process:
            try:
                for _ in range(SIZE):
                    connection = listener.accept()
                    ranks.connections[connection.recv()] = connection
                yield ranks
            finally:
                for connection in ranks.connections.values():
                    connection.close()  # which ends the rank
                try:
                    process.wait(timeout=60)
                except subprocess.TimeoutExpired:
                    process.terminate()
