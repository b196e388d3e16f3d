"""`make pin-images` writes the digests that a registry gives, and nothing else."""

import os
import shutil
import subprocess

import pytest
from dockerfiles import DOCKER

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.fixture
def pin(tmp_path):
    """Pin a copy of versions.env, where Docker answers so; gives status, complaint and the file."""
    folder, tools = tmp_path / "docker", tmp_path / "bin"
    folder.mkdir()
    tools.mkdir()
    for name in ("pin", "versions.env"):
        shutil.copy(DOCKER / name, folder)

    def run(answer):
        (tools / "docker").write_text(f'#!/bin/sh\necho "$@" >>{tools}/asked\n{answer}\n')
        (tools / "docker").chmod(0o755)
        environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
        done = subprocess.run([folder / "pin"], capture_output=True, text=True, env=environment, check=False)
        return done.returncode, done.stderr, (folder / "versions.env").read_text()

    run.asked = tools / "asked"
    return run


def without_digests(text):
    return "\n".join(line.split("@")[0] for line in text.splitlines())


def test_each_image_gets_its_digest_and_keeps_its_tag(pin):
    status, _, text = pin(f"echo {DIGEST}")
    assert status == 0
    images = [line for line in text.splitlines() if "_IMAGE=" in line]
    assert len(images) == 2
    assert all(line.endswith(f"@{DIGEST}") for line in images)
    assert without_digests(text) == without_digests((DOCKER / "versions.env").read_text())
    assert (
        "inspect --format {{.Manifest.Digest}} docker.io/library/debian:bookworm-slim\n"
        in pin.asked.read_text()
    )


def test_pinning_again_asks_for_the_tag_and_replaces_the_digest(pin):
    pin(f"echo {DIGEST}")
    newer = DIGEST.replace("0", "f")
    _, _, text = pin(f"echo {newer}")
    assert DIGEST not in text
    assert text.count(newer) == 2
    assert "@" not in pin.asked.read_text()


@pytest.mark.parametrize("answer", ["exit 1", "echo", "echo sha256:abc", "echo unauthorized"])
def test_without_an_answer_nothing_is_written(pin, answer):
    status, _, text = pin(answer)
    assert status == 1
    assert text == (DOCKER / "versions.env").read_text()


def test_an_answer_that_is_no_digest_is_reported(pin):
    _, complaint, _ = pin("echo unauthorized")
    assert complaint == (
        "docker/pin: expected the digest of docker.io/library/debian:bookworm-slim, received unauthorized\n"
    )
