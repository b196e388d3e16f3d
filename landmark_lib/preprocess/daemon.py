"""The process that Spark's Python workers are forked from: PySpark's own, with two things done beforehand.

What every task imports is imported once, before the fork, instead of once in each worker. And workers do not
read the index of Spark's own zip files anew before each task, as `importlib.invalidate_caches` has them do:
that takes a tenth of a second of processor time, as much as resizing several photos, and these files never
change while Spark runs.
"""

import zipimport

from pyspark.daemon import manager

from landmark_lib.preprocess import corpus, plan, shards, sources  # noqa: F401 - for the workers


def _keep_index(_: zipimport.zipimporter) -> None:
    pass


if __name__ == "__main__":
    zipimport.zipimporter.invalidate_caches = _keep_index  # type: ignore[assignment, method-assign]
    manager()  # type: ignore[no-untyped-call]
