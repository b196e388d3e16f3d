"""The same photos, settings and seed give the same data set, however the work was cut up."""

from small_corpus import MEMBERS

from landmark_lib import dataset


def test_shards_classes_and_label_counts_are_the_same_bytes(two_runs):
    seen = [run.contents("train/*/*", "validation/*", "labels/*", "classes.csv") for run in two_runs]
    members = {f"train/member-{member}" for member in range(MEMBERS)}
    directories = {name.rpartition("/")[0] for name in seen[0]}
    assert directories == {"train/common", *members, "validation", "labels", ""}
    assert seen[0] == seen[1]


def test_corpus_plan_and_rejected_hold_the_same_rows_in_other_files(two_runs):
    for directory in (dataset.CORPUS, dataset.PLAN):
        one, two = (sorted(run.rows(directory), key=lambda row: row["image_id"]) for run in two_runs)
        assert one == two
    one, two = (sorted((r["image_id"], r["reason"]) for r in run.rows(dataset.REJECTED)) for run in two_runs)
    assert one == two
    assert len(two_runs[0].parquet_files(dataset.CORPUS)) > len(two_runs[1].parquet_files(dataset.CORPUS))


def test_equal_data_sets_have_equal_fingerprints(two_runs):
    one, two = (run.manifest for run in two_runs)
    assert one.settings != two.settings
    assert one.fingerprint == two.fingerprint
