"""Commands report wrong options before any engine starts."""

import re
import sys

import pytest
from commands import REPOSITORY, run

from landmark_lib.settings import (
    EvaluateSettings,
    PredictSettings,
    PreprocessSettings,
    TrainSettings,
    TuneSettings,
    declared_in,
    option,
)


def test_another_python_is_reported_in_one_line_before_anything_else():
    job = str(REPOSITORY / "jobs/preprocess.py")
    started = (
        f"import runpy, sys; sys.version_info = (3, 10, 4); runpy.run_path({job!r}, run_name='__main__')"
    )
    done = run(sys.executable, "-S", "-c", started)  # without a package
    assert done.returncode == 2
    assert re.fullmatch(r"error: expected Python 3\.11 or 3\.12, found .+ in /.+\n", done.stderr)


JOBS = {
    "preprocess": PreprocessSettings,
    "train": TrainSettings,
    "tune": TuneSettings,
    "evaluate": EvaluateSettings,
    "predict": PredictSettings,
}


@pytest.mark.parametrize("job", JOBS)
def test_each_command_reports_a_wrong_setting_in_one_line(job, tmp_path):
    file = tmp_path / "settings.yaml"
    name = next(
        each.field.name
        for each in declared_in(JOBS[job])
        if isinstance(each.field.default, int) and each.field.default is not False
    )
    file.write_text(f"{name}: 1.9\n")
    done = run(sys.executable, str(REPOSITORY / f"jobs/{job}.py"), "--config", str(file))
    told = f"error: --config {file}: {option(name)}: expected a whole number, received '1.9'\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", told)
