"""The images are built, and the demo runs in them: a Spark cluster, then two hosts of Horovod.

`make image-check` runs this. It needs Docker, or Podman with Docker's compose program, and some minutes.
"""

import json
import os
import re
import sys

import pytest
from commands import REPOSITORY, run
from container_engine import container_engine

pytestmark = [
    pytest.mark.skipif(
        not os.environ.get("LANDMARK_IMAGE_CHECK"), reason="builds images for minutes: make image-check"
    ),
    pytest.mark.timeout(3600),
]
IMAGES = ["landmark-spark", "landmark-spark:serverless", "landmark-train:cpu"]
NODE = (REPOSITORY / "terraform/templates/landmark.sh").read_text()


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """An engine that has built the images without GPUs."""
    with container_engine(tmp_path_factory.mktemp("engine")) as engine:
        if engine is None:
            pytest.skip("neither Docker nor Podman with Docker's compose program works here")
        engine.build("spark", "serverless", "train-cpu")
        yield engine


@pytest.fixture(scope="module")
def scores(engine):
    """What the demo says at its end, on a cluster that is up until the last test is over."""
    try:
        yield engine.on_cluster("run", "--rm", "evaluate")
    finally:
        engine.on_cluster("down", "--volumes", "--timeout", "1")


def sums(manifest):
    """SHA-256 of each file of a data set, except those with the locations of rejected photos."""
    files = {file["path"]: file["sha256"] for file in json.loads(manifest)["files"]}
    return {path: found for path, found in files.items() if not path.startswith("rejected/")}


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_reports_its_size(engine, image):
    size = engine.megabytes(image)
    print(f"\n{image}: {size} MB unpacked")
    assert 200 < size < 2500


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_has_a_plain_user_and_neither_compilers_nor_keys(engine, image):
    script = (
        "id -u; for tool in g++ cc make cmake pip nvcc; do command -v $tool; done; ls /etc/ssh/ssh_host_*;"
        "grep --recursive --files-with-matches 'PRIVATE KEY' /etc /home /run /app; true"
    )
    said = engine.run(image, "sh", "-c", f"({script}) 2>/dev/null").split()
    assert said in (["10001"], ["1099"])


def test_the_serverless_image_has_our_packages_and_leaves_spark_and_java_to_google(engine):
    found = "import importlib.util as i; print([n for n in ('pyspark', 'landmark_lib') if i.find_spec(n)])"
    script = (
        f'/opt/venv/bin/python -c "import gcsfs, pandas, PIL, pyarrow; {found}";'
        "for tool in java ps tini; do command -v $tool; done; true"
    )
    assert engine.run(IMAGES[1], "sh", "-c", script).split() == ["[]", "/usr/bin/ps", "/usr/bin/tini"]


def test_horovod_in_the_training_image_has_gloo(engine):
    assert re.search(r"\[X\] Gloo\b", engine.run(IMAGES[2], "horovodrun", "--check-build"))


def test_a_gpu_nodes_ssh_server_starts_in_the_training_image(engine):
    started = re.search(r"/usr/sbin/sshd .*?(?= >)", NODE)[0].replace(" -D ", " -t ")
    key = "ssh-keygen -q -t ed25519 -N '' -f /run/landmark/ssh/host"
    assert engine.run(IMAGES[2], "sh", "-c", f"{key} && {started} && echo as meant").strip() == "as meant"


def test_the_demo_ends_with_scores_of_the_ensemble(scores):
    assert re.search(r"^ensemble +0\.\d+", scores, re.MULTILINE)


def test_both_workers_preprocessed_and_both_hosts_trained(engine, scores):
    for worker in ("spark-worker-0", "spark-worker-1"):
        assert "app-" in engine.on_cluster("exec", "-T", worker, "ls", "/tmp/work")  # noqa: S108 - a container's
    assert "Accepted publickey for landmark" in engine.on_cluster("logs", "train-1")
    assert "steps per epoch of 2 x 32 rows" in engine.on_cluster("logs", "train-0")


def test_a_node_whose_key_is_not_known_is_refused(engine, scores):
    ask = "ssh -p 2222 -i /run/landmark/ssh/client train-1 id --user || echo refused"
    known = ["run", "--rm", "--no-deps", "-T", "train-0", "sh", "-c", ask]
    stranger = [*known[:4], "--env", "LANDMARK_KNOWN_HOSTS=/dev/null", *known[4:]]
    assert "10001" in engine.on_cluster(*known).split()
    assert "Host key verification failed" in engine.on_cluster(*stranger)


def test_the_cluster_of_containers_wrote_the_bytes_that_one_machine_writes(engine, scores, tmp_path):
    photos, dataset = str(tmp_path / "photos"), str(tmp_path / "dataset")
    assert run(sys.executable, "-m", "landmark_sample", "--output", photos).returncode == 0
    done = run("spark-submit", str(REPOSITORY / "jobs/preprocess.py"), "--input", photos, "--output", dataset)
    assert done.returncode == 0, done.stderr
    there = engine.on_cluster("exec", "-T", "spark-master", "cat", "/data/demo/dataset/dataset.json")
    here = (tmp_path / "dataset/dataset.json").read_text()
    assert sums(there) == sums(here)
