"""Cloud Build builds what `docker/build` can build, and gets every value that it asks for."""

import re

import yaml
from commands import REPOSITORY
from dockerfiles import DOCKER

TEXT = (DOCKER / "cloudbuild.yaml").read_text()
BUILD = yaml.safe_load(TEXT)
BUILD_TF = (REPOSITORY / "terraform/build.tf").read_text()


def test_the_images_that_the_cloud_runs_are_built_and_pushed():
    build, name = BUILD["steps"]
    script, *images = build["args"]
    assert script == "docker/build"
    cases = rf" ({'|'.join(images)})\) build \S+ \S+ (\S+) ;;"
    built = re.findall(cases, (DOCKER / "build").read_text())
    tagged = dict(re.findall(r'docker tag (\S+) "\$\{(\w+)\}"', name["args"][-1]))
    assert set(tagged) == {tag for _, tag in built}
    assert BUILD["images"] == [f"${{{variable}}}" for variable in tagged.values()]


def test_terraform_sets_every_value_that_the_build_uses():
    used = set(re.findall(r"\$\{(_\w+)\}", TEXT))
    assert used == set(re.findall(r"[ ,](_[A-Z_]+)=", BUILD_TF))


def test_the_build_has_its_own_account_and_time_to_compile():
    assert BUILD["serviceAccount"] == "projects/$PROJECT_ID/serviceAccounts/${_ACCOUNT}"
    assert BUILD["options"]["logging"] == "CLOUD_LOGGING_ONLY"  # an own account has no bucket for logs
    assert BUILD["timeout"] == "7200s"
