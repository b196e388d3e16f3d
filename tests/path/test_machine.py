"""Jobs do not depend on what a machine is called, on its locale, its home or the settings of other programs.

Each fault is planted and the real command is run; faults that have nothing to do with each other share a run.
"""

import io
import os
import re
import subprocess

import numpy as np
import pytest
from commands import BIN, REPOSITORY, horovodrun, run
from PIL import Image
from spark_runs import QUICK_JAVA, QUICK_SPARK

from landmark_lib import dataset
from landmark_lib.evaluation.prediction_files import SUMMARY

pytestmark = pytest.mark.takes(30)

JOBS = REPOSITORY / "jobs"
NOWHERE = "/dev/null/nowhere"
LABELS = ["café", "naïve", "東京"]
SMALL = [
    "--min-label-count",
    "4",
    "--hold-out",
    "1",
    "--target",
    "3",
    "--cutoff",
    "4",
    "--ensemble-size",
    "1",
]
NETWORK = ["--backbone", "MobileNet", "--weights", "random", "--image-size", "32"]
QUICK = ["--trainable-layers", "0", "--batch-size", "4", "--epochs", "1", "--learning-rate", "0.001"]
PROGRAMS = {
    "spark-submit": ("spark-submit", *QUICK_SPARK),
    "python": ("env", f"SPARK_SUBMIT_OPTS={QUICK_JAVA}", "python"),
}
PROGRESS = re.compile(r"\S+ \S+ INFO (Starting |(list|corpus|labels|duplicates|plan|shards): )")
IMPORTED = ("pyspark", "py4j", "numpy", "pandas", "PIL", "pyarrow", "click", "yaml", "tensorflow", "horovod")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Write five photos of each label into a folder whose own name is not of ASCII either."""
    folder = tmp_path_factory.mktemp("photos") / "été"
    random = np.random.default_rng(0)
    for label in LABELS:
        (folder / label).mkdir(parents=True)
        for number in range(5):
            file = io.BytesIO()
            Image.fromarray(random.integers(0, 256, (3, 4, 3), np.uint8)).resize((48, 36)).save(file, "JPEG")
            (folder / label / f"{number}.jpg").write_bytes(file.getvalue())
    return folder


def preprocess(photos, output, *, by="spark-submit", there=run):
    job = [str(JOBS / "preprocess.py"), "--input", str(photos), "--output", str(output), *SMALL]
    return there(*PROGRAMS[by], *job)


def remarks(done):
    """Return what a job wrote to stderr other than its progress."""
    return [line for line in done.stderr.splitlines() if not PROGRESS.match(line)]


def labels_in(root):
    return [found.landmark_id for found in dataset.read_classes(str(root))]


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def another_spark(tmp_path, monkeypatch):
    """Set what the installation of another Spark, Java and Python leaves in an environment."""
    home = tmp_path / "another spark"
    for program in ("spark-submit", "spark-class", "load-spark-env.sh"):
        write(home / "bin" / program, "#!/bin/sh\necho 'this is another Spark' >&2\nexit 1\n")
    for package in IMPORTED:
        write(home / "python" / package / "__init__.py", "raise ImportError('of another program')\n")
    settings = f"SPARK_HOME='{home}'\nJAVA_HOME={NOWHERE}\nPYSPARK_DRIVER_PYTHON=ipython\n"
    write(home / "conf/spark-env.sh", settings)
    for name, value in {
        "SPARK_HOME": home,
        "SPARK_CONF_DIR": home / "conf",
        "SPARK_REMOTE": "sc://nosuch-host",
        "JAVA_HOME": NOWHERE,
        "PYSPARK_PYTHON": f"{NOWHERE}/python",
        "PYSPARK_DRIVER_PYTHON": "jupyter",
        "PYSPARK_DRIVER_PYTHON_OPTS": "notebook",
        "PYSPARK_SUBMIT_ARGS": "--master yarn --packages nosuch:package:1 pyspark-shell",
        "PYSPARK_GATEWAY_PORT": "1",
        "PYSPARK_GATEWAY_SECRET": "secret",
        "KERAS_BACKEND": "torch",
    }.items():
        monkeypatch.setenv(name, str(value))
    # Developers put a copy of this package there, which stays.
    ours = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", f"{home / 'python'}{os.pathsep}{ours}")


@pytest.fixture
def no_home(monkeypatch):
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TMPDIR"):
        monkeypatch.setenv(name, NOWHERE)


@pytest.mark.parametrize(
    ("by", "locale"),
    [
        ("spark-submit", {"LC_ALL": "xx_YY.UTF-8"}),  # not installed
        ("python", {"LC_ALL": "C", "PYTHONUTF8": "0"}),
    ],
    ids=["spark-submit", "python"],
)
def test_preprocessing_is_by_our_spark_and_finds_every_name(
    photos, tmp_path, monkeypatch, another_spark, no_home, by, locale
):
    for name, value in locale.items():
        monkeypatch.setenv(name, value)
    done = preprocess(photos, tmp_path / "données", by=by)
    assert (done.returncode, remarks(done)) == (0, [])
    assert sorted(labels_in(tmp_path / "données")) == LABELS


@pytest.mark.parametrize("locale", [{"LC_ALL": "C", "PYTHONUTF8": "0"}, {"LC_ALL": "POSIX"}], ids=str)
@pytest.mark.parametrize("job", ["preprocess", "train", "tune", "evaluate", "predict"])
def test_a_path_of_any_letters_is_read_and_printed_without_a_utf_8_locale(job, locale, tmp_path):
    place = tmp_path / "modèles 東京"
    command = [BIN / "python", JOBS / f"{job}.py", "--config", place]
    environment = {name: value for name, value in os.environ.items() if name not in ("LANG", "LC_CTYPE")}
    done = subprocess.run(command, env=environment | locale, capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stderr.decode().startswith(f"error: --config: cannot read {place}")


def test_horovodrun_needs_no_home_and_takes_no_package_of_another_program(
    another_spark, no_home, monkeypatch, tmp_path
):
    monkeypatch.setenv("PYTHONHOME", NOWHERE)
    shown = "import os, numpy\nprint(numpy.arange(2), os.environ['HOROVOD_START_TIMEOUT'])\n"
    done = horovodrun("python", str(write(tmp_path / "show.py", shown)))
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.splitlines()) == ["[0]<stdout>:[0 1] 600", "[1]<stdout>:[0 1] 600"]


NOBODY_ALONE = """
import pwd
def unknown(_):
    raise KeyError
pwd.getpwuid = unknown
from landmark_lib.surroundings import settle
settle()
import os, psutil
from landmark_lib.training import horovod_step as h
import keras, numpy as np, tensorflow as tf
ranks = h.start_ranks()
assert (ranks.rank, ranks.size, ranks.local_rank) == (0, 1, 0)
gradient = tf.constant([1 / 3, 5.0])
(plain,) = tf.function(h.average_gradients)([gradient])
(rounded,) = h.average_gradients([gradient], fp16=True)
np.testing.assert_array_equal(plain, gradient)
np.testing.assert_array_equal(rounded, np.float32(np.float16(gradient)))
weight = keras.Variable([7.0])
h.broadcast_weights([weight])
h.check_equal_weights([weight], "alone")
np.testing.assert_array_equal(h.mean(gradient), gradient)
np.testing.assert_array_equal(h.sum_over_ranks(np.array([1.0, 2.0])), [1.0, 2.0])
np.testing.assert_array_equal(h.gather(np.array([1.0, 2.0])), [[1.0, 2.0]])
assert h.from_rank_0(ranks, lambda: "read") == "read"
print("ports", psutil.Process().net_connections(), "files", os.listdir())
"""


def test_one_process_opens_no_port_and_keras_makes_no_folder_where_the_system_knows_no_home(
    tmp_path, monkeypatch
):
    monkeypatch.delenv("HOME")
    monkeypatch.chdir(tmp_path)
    done = run("python", "-c", NOBODY_ALONE)
    assert (done.returncode, done.stdout) == (0, "ports [] files []\n"), done.stderr


@pytest.fixture
def nameless(monkeypatch, tmp_path):
    """Have a machine without a network, whose name has no address, and a user of it without a name.

    Gives a function that runs a command there.
    """
    monkeypatch.delenv("HOME")
    # Keras's own settings, made for another program.
    write(tmp_path / "keras/keras.json", '{"backend": "torch", "image_data_format": "channels_first"}')
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", "1")
    inside = 'hostname nosuch-host; ip link set lo up; exec unshare --user --map-user=12345 "$@"'

    def there(*command):
        return run("unshare", "--uts", "--net", "bash", "-c", inside, "_", *command)

    if there("true").returncode:
        pytest.skip("no namespaces of users here")
    return there


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")
def test_one_machine_needs_no_name_no_network_and_no_named_user(nameless, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    learn = ("python", str(JOBS / "train.py"), "--dataset", "dataset", "--models", "models", *NETWORK, *QUICK)
    answer = ("python", str(JOBS / "predict.py"), "--models", "models", "--input", str(photos))
    done = preprocess(photos, "dataset", there=nameless)
    assert (done.returncode, remarks(done)) == (0, [])
    for command in (learn, ("horovodrun", "-np", "2", *answer)):
        done = nameless(*command)
        assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "models/predictions" / SUMMARY).exists()
    assert not (tmp_path / "~").exists()
