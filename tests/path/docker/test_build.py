"""`make images` starts the build program with the base images, the platform and the targets of the images."""

import os
import subprocess

import pytest
from dockerfiles import DOCKER, versions


@pytest.fixture
def build(tmp_path):
    """Build with a program that only writes its arguments down; returns them, one list per image."""
    (tmp_path / "builder").write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/calls\n')
    (tmp_path / "builder").chmod(0o755)

    def run(*images, **variables):
        environment = {**os.environ, "IMAGE_BUILDER": str(tmp_path / "builder"), **variables}
        subprocess.run([DOCKER / "build", *images], check=True, env=environment)
        return [line.split() for line in (tmp_path / "calls").read_text().splitlines()]

    return run


def test_images_are_for_the_processors_of_the_cloud_on_every_laptop(build):
    calls = build()
    assert len(calls) == 3
    for call in calls:
        assert call[:3] == ["build", "--platform", "linux/amd64"]


def test_base_images_come_from_docker_hub(build):
    ((*call,),) = build("train")
    assert f"DEBIAN_IMAGE={versions()['DEBIAN_IMAGE']}" in call
    assert f"CUDA_IMAGE={versions()['CUDA_IMAGE']}" in call


def test_a_mirror_takes_the_place_of_docker_hub_and_nothing_else(build):
    ((*call,),) = build("train", IMAGE_MIRROR="us-central1-docker.pkg.dev/p/landmark-docker-hub")
    for name in ("DEBIAN_IMAGE", "CUDA_IMAGE"):
        mirrored = versions()[name].replace("docker.io/", "us-central1-docker.pkg.dev/p/landmark-docker-hub/")
        assert f"{name}={mirrored}" in call
    assert "docker.io" not in " ".join(call)
