"""Preprocessing runs where the training wing's engines are not installed."""

import subprocess
import sys

WITHOUT_ENGINES = """
import pkgutil, runpy, sys
ABSENT = {"tensorflow", "keras", "horovod", "petastorm"}
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Blocker())
import landmark_lib.preprocess
for module in pkgutil.iter_modules(landmark_lib.preprocess.__path__, "landmark_lib.preprocess."):
    __import__(module.name)
    print(module.name)
runpy.run_path("jobs/preprocess.py")
"""


def test_preprocessing_needs_no_engine_of_the_training_wing(pytestconfig):
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_ENGINES],
        capture_output=True, text=True, check=False, cwd=pytestconfig.rootpath,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "landmark_lib.preprocess.pipeline" in run.stdout.split()
