"""What the Dockerfiles promise: locked packages, no secrets, no root, one place for versions."""

import itertools
import re

import pytest
from commands import REPOSITORY
from dockerfiles import DOCKER, copied, last, reaches_the_build, stages, versions, whole

TARGETS = [("spark", "spark"), ("spark", "serverless"), ("train", "gpu"), ("train", "cpu")]
OF_OURS = [target for target in TARGETS if target[1] != "serverless"]  # Google starts what runs in that one
BOTH = ["spark", "train"]
LOCKED = re.compile(r"^([a-z0-9._-]+)==([^ ]+)", re.MULTILINE)
NODE = "".join(
    (REPOSITORY / "terraform/templates" / name).read_text()
    for name in ("train_startup.sh.tftpl", "landmark.sh")
)
OUTPUTS = (REPOSITORY / "terraform/outputs.tf").read_text()


def locked(name):
    return dict(LOCKED.findall((REPOSITORY / f"requirements/{name}.txt").read_text()))


@pytest.mark.parametrize("target", TARGETS, ids=":".join)
def test_an_image_runs_as_a_user_with_a_number_that_is_not_roots(target):
    user = last(*target, "USER")
    assert user
    assert int(user) >= 1000
    assert any(f"useradd --uid {user} " in rest for word, rest in whole(*target) if word == "RUN")


@pytest.mark.parametrize("target", TARGETS, ids=":".join)
def test_an_image_has_a_locale_of_utf_8(target):
    variables = [pair for word, rest in whole(*target) if word == "ENV" for pair in rest.split()]
    assert "LANG=C.UTF-8" in variables
    assert [pair for pair in variables if pair.startswith(("LC_", "LANG"))] == ["LANG=C.UTF-8"]


@pytest.mark.parametrize("target", OF_OURS, ids=":".join)
def test_an_image_is_started_by_an_init_and_has_a_health_check(target):
    assert last(*target, "ENTRYPOINT") == '["tini", "--"]'
    assert "landmark-health.py" in last(*target, "HEALTHCHECK")


@pytest.mark.parametrize("target", TARGETS, ids=":".join)
def test_no_compiler_and_no_pip_is_installed_in_an_image(target):
    assert not re.search(r"g\+\+|gcc|pip|cmake|-dev\b", " ".join(r for w, r in whole(*target) if w == "RUN"))


@pytest.mark.parametrize("name", BOTH)
def test_every_package_is_installed_from_a_lock_file_with_hashes(name):
    installs = [
        command
        for stage in stages(name).values()
        for word, rest in stage.instructions
        if word == "RUN"
        for command in re.split(r"&&|;", rest)
        if re.search(r"\bpip\b.* install ", command) and "apt-get" not in command
    ]
    assert len(installs) > 2
    for command in installs:
        assert "--no-deps" in command
        assert "--require-hashes" in command
        words = command.split()
        files = [after for word, after in itertools.pairwise(words) if word == "--requirement"]
        assert files
        # pip wants nothing else by name.
        assert [word for word in words[words.index("install") + 1 :] if "==" in word] == []
        for file in files:
            assert "--hash=sha256:" in (REPOSITORY / file.removeprefix("/")).read_text()


@pytest.mark.parametrize("name", BOTH)
def test_only_what_is_copied_reaches_the_build(name):
    assert all(word != "ADD" for stage in stages(name).values() for word, _ in stage.instructions)
    for source in copied(name):
        assert (REPOSITORY / source).relative_to(REPOSITORY).parts, "the whole repository"
        assert (REPOSITORY / source).exists()
        assert reaches_the_build(source), source


def test_every_line_that_lets_something_in_serves_a_dockerfile():
    lines = (REPOSITORY / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    sources = [source for name in BOTH for source in copied(name)]
    for line in lines:
        if line.startswith("!"):
            folder = line.removeprefix("!").split("*")[0].rstrip("/")
            assert any(source.startswith(folder) for source in sources), line


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".venv/bin/python",
        "data/photos/1.jpg",
        ".env",
        "id_ed25519",
        "landmark_lib/__pycache__/dataset.pyc",
        "landmark_lib/training/__pycache__",
        "terraform/terraform.tfstate",
        "requirements/keys/secret.pem",
        "docker/versions.env",
    ],
)
def test_history_data_state_and_keys_stay_outside(path):
    assert not reaches_the_build(path)


@pytest.mark.parametrize("name", BOTH)
def test_no_secret_is_set(name):
    told = [
        rest for stage in stages(name).values() for word, rest in stage.instructions if word in ("ENV", "ARG")
    ]
    assert not re.search(r"secret|token|password|key", " ".join(told), re.IGNORECASE)


def test_the_host_keys_that_debian_makes_are_thrown_away_in_the_same_layer():
    (layer,) = (
        rest
        for word, rest in stages("train")["python"].instructions
        if word == "RUN" and "openssh-server" in rest
    )
    assert "rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_*" in layer


def test_versions_are_in_one_file_only():
    for name in BOTH:
        found = stages(name)
        for stage in found.values():
            assert stage.source in found or stage.source.strip("${}") in versions(), stage.source
        for source in re.findall(r"from=([\w-]+)", (DOCKER / f"{name}.Dockerfile").read_text()):
            assert source in found
    build = (DOCKER / "build").read_text()
    for name in versions():
        assert f'--build-arg "{name}=${name}"' in build


def test_an_image_is_named_with_its_tag_and_at_most_a_digest():
    images = {name: value for name, value in versions().items() if name.endswith("_IMAGE")}
    assert set(images) == {"DEBIAN_IMAGE", "CUDA_IMAGE"}
    for value in images.values():
        assert re.fullmatch(r"[a-z0-9.]+(/[a-z0-9-]+)+:[\w.-]+(@sha256:[0-9a-f]{64})?", value), value


def test_nvcc_is_of_the_cuda_that_tensorflow_brings():
    brought = locked("train-gpu")["nvidia-cuda-runtime-cu12"]
    assert re.search(r":(\d+\.\d+)\.", versions()["CUDA_IMAGE"])[1] == ".".join(brought.split(".")[:2])


def test_kernels_are_made_for_every_gpu_that_terraform_offers():
    offered = re.findall(r"\n +capability += ([0-9.]+)", (REPOSITORY / "terraform/locals.tf").read_text())
    made = {float(number) / 10 for number in versions()["CUDA_CAPABILITIES"].split(",")}
    assert {float(found) for found in offered if float(found) >= 6} == made


@pytest.mark.parametrize("name", ["preprocess", "dataproc", "train", "train-gpu", "gcs", "build", "horovod"])
def test_an_image_has_the_versions_that_the_tests_run_on(name):
    here = locked("all") | locked("horovod")
    others = {found: version for found, version in locked(name).items() if here.get(found) != version}
    brought_by_the_gpu = {found for found in others if found.startswith("nvidia-")} | {"tensorflow"}
    assert set(others) <= (brought_by_the_gpu if name == "train-gpu" else set())


def test_engines_have_the_versions_of_setup_py():
    setup = (REPOSITORY / "setup.py").read_text()
    assert f'"tensorflow[and-cuda]=={locked("train-gpu")["tensorflow"]}"' in setup
    assert f'"tensorflow-cpu=={locked("train")["tensorflow-cpu"]}"' in setup
    assert f'"horovod=={locked("horovod")["horovod"]}"' in setup
    assert (
        locked("train-gpu")["tensorflow"]
        == locked("train")["tensorflow-cpu"]
        == locked("all")["tensorflow-cpu"]
    )


@pytest.mark.parametrize("name", ["train", "train-gpu", "dataproc"])
def test_no_image_but_that_of_preprocessing_has_spark(name):
    assert "pyspark" not in locked(name)
    assert "horovod" not in locked("dataproc")


def test_the_images_have_the_names_that_terraform_pushes():
    built = set(re.findall(r"landmark-\w+(?::\w+)?", (DOCKER / "build").read_text()))
    pushed = set(re.findall(r"docker tag (\S+) \$", OUTPUTS))
    assert pushed == {"landmark-train", "landmark-spark:serverless"}
    assert pushed <= built


def test_a_gpu_node_finds_the_user_the_folders_and_the_port_of_the_image():
    user = last("train", "gpu", "USER")
    assert f"readonly trainer={user} " in NODE
    made = " ".join(rest for word, rest in whole("train", "gpu") if word == "RUN")
    for folder in set(re.findall(r"--volume \S+?:(/(?:data|run)\S*?)[:\s]", NODE)):
        assert f" {folder} " in f"{made} "
    (port,) = set(re.findall(r"\$node\]?[:/](\d+)", NODE))
    assert f"\nPort {port}\n" in (DOCKER / "sshd_config").read_text()
    assert f"--ssh-port {port} " in OUTPUTS
