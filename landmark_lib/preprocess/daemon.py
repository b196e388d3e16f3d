"""The process that Spark forks its Python workers from: PySpark's own, with two changes.

It imports what every task needs once, before the fork, instead of in each worker. And workers do not read the
index of Spark's zip files again before each task, as `importlib.invalidate_caches` makes them do: that takes
0.1 s of processor time, as much as resizing several photos, and the files do not change while Spark runs.
"""

import zipimport

from pyspark.daemon import manager

from landmark_lib.preprocess import corpus, duplicates, plan, shards, sources  # noqa: F401 - for the workers


def _keep_index(_: zipimport.zipimporter) -> None:
    pass


if __name__ == "__main__":
    zipimport.zipimporter.invalidate_caches = _keep_index  # type: ignore[assignment, method-assign]
    manager()  # type: ignore[no-untyped-call]
