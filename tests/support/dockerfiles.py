"""Dockerfiles as the instructions of their stages, and what a build may read."""

import re
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import NamedTuple

from commands import REPOSITORY

DOCKER = REPOSITORY / "docker"


class Stage(NamedTuple):
    """One FROM and what follows it."""

    source: str
    instructions: list[tuple[str, str]]  # (name, rest)


def stages(name: str) -> dict[str, Stage]:
    """The stages of docker/<name>.Dockerfile, by name."""
    found: dict[str, Stage] = {}
    instructions = []
    for word, rest in _instructions((DOCKER / f"{name}.Dockerfile").read_text()):
        if word == "FROM":
            source, stage = rest.split(" AS ")
            instructions = []
            found[stage] = Stage(source, instructions)
        else:
            instructions.append((word, rest))
    return found


def whole(name: str, target: str) -> list[tuple[str, str]]:
    """All instructions that make up a target: its own after those of the stages it is based on."""
    found = stages(name)
    stage = found[target]
    before = whole(name, stage.source) if stage.source in found else []
    return before + stage.instructions


def last(name: str, target: str, word: str) -> str | None:
    """What the last instruction of a kind says, as it is the one that holds."""
    return ([rest for found, rest in whole(name, target) if found == word] or [None])[-1]


def copied(name: str) -> list[str]:
    """Paths of the repository that a Dockerfile copies, as it writes them."""
    return [
        source
        for stage in stages(name).values()
        for word, rest in stage.instructions
        if word in ("COPY", "ADD") and "--from=" not in rest
        for source in [part for part in rest.split() if not part.startswith("--")][:-1]
    ]


def versions() -> dict[str, str]:
    """What docker/versions.env sets."""
    return dict(re.findall(r"^(\w+)=(.*)$", (DOCKER / "versions.env").read_text(), re.MULTILINE))


def reaches_the_build(path: str) -> bool:
    """Whether .dockerignore lets a path in: the last line about it or a folder above it decides."""
    allowed = True
    for line in (REPOSITORY / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        if pattern and not line.startswith("#") and _speaks_of(pattern, PurePosixPath(path)):
            allowed = line.startswith("!")
    return allowed


def _speaks_of(pattern: str, path: PurePosixPath) -> bool:
    for part in (path, *path.parents[:-1]):
        if pattern.startswith("**/"):
            if fnmatchcase(part.name, pattern.removeprefix("**/")):
                return True
        elif part.match(pattern) and len(part.parts) == len(PurePosixPath(pattern).parts):
            return True
    return False


def _instructions(text: str) -> list[tuple[str, str]]:
    lines = "\n".join(line for line in text.splitlines() if line and not line.startswith("#"))
    return [tuple(line.split(maxsplit=1)) for line in lines.replace("\\\n", " ").splitlines()]
