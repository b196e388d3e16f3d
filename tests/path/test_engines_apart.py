"""Preprocessing and training run where the other's engines are not installed."""

import subprocess
import sys

from commands import REPOSITORY, run

PRELUDE = """
import pkgutil, runpy, sys
absent, job, *packages = sys.argv[1:]
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent.split(","):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Blocker())
for name in packages:
    package = __import__(f"landmark_lib.{name}", fromlist=["__path__"])
    for module in pkgutil.iter_modules(package.__path__, f"landmark_lib.{name}."):
        __import__(module.name)
        print(module.name)
runpy.run_path(job)
"""

READ_A_ROW_GROUP = """
from landmark_lib.method.epochs import ShardSlice
from landmark_lib.dataset import read_manifest
from landmark_lib.training.member_data import validation_shards
from landmark_lib.training.reading import read_slices
root = "{root}"
((ids, _, _),) = read_slices(validation_shards(root, read_manifest(root)), [ShardSlice(0, 0, 7)])
print("read", len(ids))
"""


def without(absent, job, *wings, then=""):
    return run(sys.executable, "-c", PRELUDE + then, absent, str(REPOSITORY / job), *wings)


def test_preprocessing_needs_no_training_engine():
    done = without("tensorflow,keras,horovod,petastorm", "jobs/preprocess.py", "preprocess")
    assert done.returncode == 0, done.stderr
    assert "landmark_lib.preprocess.pipeline" in done.stdout.split()


def test_training_evaluation_and_tuning_need_no_spark_not_even_to_read_through_petastorm(small_dataset):
    read = READ_A_ROW_GROUP.format(root=small_dataset)
    done = without("pyspark,py4j", "jobs/train.py", "training", "evaluation", "tuning", then=read)
    assert done.returncode == 0, done.stderr
    assert {"landmark_lib.training.loop", "landmark_lib.tuning.loop"} <= set(done.stdout.split())
    assert "read 7" in done.stdout


def test_the_report_of_an_evaluation_needs_no_engine():
    program = (
        "import sys; sys.modules.update(dict.fromkeys(['pyspark', 'tensorflow', 'keras', 'horovod',"
        " 'petastorm'])); import landmark_lib.report.evaluation_page"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_report_of_a_data_set_needs_no_engine():
    program = (
        "import sys; sys.modules.update(dict.fromkeys(['pyspark', 'tensorflow', 'keras', 'horovod',"
        " 'petastorm'])); import landmark_lib.report.dataset_sections"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_job_imports_keras_without_packages_that_it_does_not_use_and_that_others_still_can():
    program = """
import gc, sys
from landmark_lib.surroundings import quick_import
with quick_import():
    import keras, matplotlib
    assert not gc.isenabled()
assert gc.isenabled()
assert not {"sklearn", "matplotlib.pyplot"} & set(sys.modules)
import sklearn, matplotlib.pyplot
frozen = gc.get_freeze_count()
with quick_import():
    assert gc.isenabled()
assert gc.get_freeze_count() == frozen
"""
    subprocess.run([sys.executable, "-c", program], check=True)
