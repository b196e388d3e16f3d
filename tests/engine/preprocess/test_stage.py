"""Work is done in tasks of its own, by workers that are forked ready."""

import sys
import zipimport

from pyspark import TaskContext

from landmark_lib.preprocess.parts import in_tasks
from landmark_lib.preprocess.stage import StageTiming, timed_stage, watched_stage


def test_each_number_is_worked_on_in_a_task_of_its_own(spark):
    tasks = in_tasks(spark, [7, 3, 5], lambda number: (number, TaskContext.get().partitionId()))
    assert tasks == {7: (7, 0), 3: (3, 1), 5: (5, 2)}
    assert in_tasks(spark, [], lambda number: number) == {}


def test_workers_have_what_tasks_import_and_keep_the_index_of_zip_files(spark):
    def look(_):
        # Asked of the worker before anything of the project is unpickled there.
        return "landmark_lib.images.decode" in sys.modules, zipimport.zipimporter.invalidate_caches.__name__

    assert in_tasks(spark, [0], look) == {0: (True, "_keep_index")}


def test_a_watched_stage_counts_what_its_tasks_have_done(spark):
    timings = []
    with watched_stage(spark, timings, "corpus", 5, "photos") as done:
        in_tasks(spark, [1, 4], lambda number: done(number, 10 * number))
    (timing,) = timings
    assert (timing.name, timing.count, timing.unit, timing.bytes) == ("corpus", 5, "photos", 50)
    assert timing.seconds > 0


def test_a_stage_without_pixels_is_reported_in_one_line_at_its_end(capsys):
    timings: list[StageTiming] = []
    with timed_stage(timings, "plan", "images") as counted:
        counted(30)
        assert capsys.readouterr().err == ""
    assert [(timing.name, timing.count, timing.unit) for timing in timings] == [("plan", 30, "images")]
    assert capsys.readouterr().err.startswith("plan: 30 images in 00:00, ")
