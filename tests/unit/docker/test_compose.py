"""The cluster of containers is made of the images as they are, opens nothing and holds no secret."""

import re
import shlex

import pytest
import yaml
from commands import REPOSITORY
from dockerfiles import DOCKER, whole

from landmark_lib.command_line import exit_status
from landmark_lib.settings import EvaluateSettings, PreprocessSettings, TrainSettings

COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
DATAPROC = (REPOSITORY / "terraform/dataproc.tf").read_text()
IMAGES = {"landmark-spark": ("spark", "spark"), "landmark-train:cpu": ("train", "cpu")}
JOBS = {"preprocess": PreprocessSettings, "train-0": TrainSettings, "evaluate": EvaluateSettings}

every_service = pytest.mark.parametrize("name", SERVICES)


def words(name):
    command = SERVICES[name]["command"]
    return command if isinstance(command, list) else shlex.split(command)


def settings_of(name):
    arguments = words(name)
    start = next(number for number, word in enumerate(arguments) if word.startswith("jobs/")) + 1
    taken = []
    assert exit_status(JOBS[name], taken.append, arguments[start:]) == 0
    return taken[0]


@every_service
def test_a_container_is_of_an_image_that_is_built_here(name):
    service = SERVICES[name]
    assert service["image"] in IMAGES
    assert re.search(rf" {service['image']} ;;", (DOCKER / "build").read_text())
    assert service["pull_policy"] == "never"


@every_service
def test_a_container_has_no_more_rights_than_it_needs(name):
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"user", "privileged", "ports", "network_mode", "cap_add"} & set(service)


@every_service
def test_volumes_lie_on_folders_that_the_image_gives_to_its_user(name):
    service = SERVICES[name]
    made = " ".join(rest for word, rest in whole(*IMAGES[service["image"]]) if word == "RUN")
    for volume in service["volumes"]:
        source, folder = volume.split(":")[:2]
        assert source in COMPOSE["volumes"]
        assert re.search(rf"--owner landmark .*? {folder}( |$)", made)


def test_secrets_are_made_when_they_are_needed_and_only_read_by_others():
    makers = {"spark-secret": "spark-secret", "ssh-keys": "ssh-keys"}
    for name, service in SERVICES.items():
        for volume in service["volumes"]:
            source, _, *mode = volume.split(":")
            if source in makers:
                assert (mode == ["ro"]) == (name != makers[source])
    assert "PRIVATE KEY" not in (DOCKER / "compose.yaml").read_text()


def test_there_are_a_master_and_two_workers_and_two_hosts_of_horovod():
    starts = [
        re.findall(r"deploy\.\w+\.(\w+)|/usr/sbin/(sshd)|^(horovodrun)", str(SERVICES[n]["command"]))
        for n in SERVICES
    ]
    started = sorted("".join(found) for several in starts for found in several)
    assert started == ["Master", "Worker", "Worker", "horovodrun", "sshd"]
    assert "-H train-0:1,train-1:1 --ssh-port 2222" in SERVICES["train-0"]["command"]
    assert all(SERVICES[host]["hostname"] == host for host in ("train-0", "train-1", "spark-master"))


def test_connections_of_spark_are_authenticated_and_encrypted():
    settings = words("spark-secret")[-1]
    for line in (
        "spark.authenticate true",
        "spark.network.crypto.enabled true",
        "spark.io.encryption.enabled true",
    ):
        assert line in settings
    for name, service in SERVICES.items():
        if str(service["command"]).startswith("spark-"):
            assert "--properties-file /run/landmark/spark/spark.conf" in service["command"], name


def test_dataproc_protects_connections_as_this_cluster_does():
    here = dict(line.split() for line in words("spark-secret")[-1].splitlines() if line.startswith("spark."))
    block = re.search(r"spark_network_security = \{\n(.+?)\n  \}", DATAPROC, re.DOTALL)[1]
    there = dict(re.findall(r'"(\S+)" += "(\S+)"', block))
    assert there["spark.network.crypto.cipher"] == "AES/GCM/NoPadding"
    assert there == {name: here[name] for name in here if re.match(r"spark\.(authenticate$|network)", name)}


def test_the_jobs_take_their_commands_and_hand_on_what_they_make():
    preprocess, train, evaluate = (settings_of(name) for name in JOBS)
    assert preprocess.input == words("photos")[-1]
    assert preprocess.output == train.dataset == evaluate.dataset
    assert train.models == evaluate.models
    # Each container has folders of its own; only whole paths mean the same everywhere.
    assert all(path.startswith("/data/") for path in (preprocess.input, preprocess.output, train.models))


def test_nothing_starts_before_what_it_needs():
    needed = {name: set(service.get("depends_on", {})) for name, service in SERVICES.items()}
    reached, ahead = set(), {"evaluate"}
    while ahead:
        reached |= ahead
        ahead = set().union(*(needed[name] for name in ahead)) - reached
    assert reached == set(SERVICES)
    for service in SERVICES.values():
        for name, how in service.get("depends_on", {}).items():
            serves = re.search("deploy|sshd", str(SERVICES[name]["command"]))
            assert how["condition"] == ("service_healthy" if serves else "service_completed_successfully")
