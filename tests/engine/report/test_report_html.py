"""The report is self-contained, describes the data set, and escapes everything in it."""

import re
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import fsspec
import pyarrow as pa
import pytest
from commands import REPOSITORY
from page_outline import outline
from report_datasets import HOSTILE, SCRIPT, USUAL, ids_of, write_dataset
from report_timings import TIMINGS

from landmark_lib import dataset
from landmark_lib.errors import LandmarkError
from landmark_lib.preprocess.report import write_report
from landmark_lib.storage import Place

GOLDEN = REPOSITORY / "tests" / "golden" / "1"
NOTHING = "\N{EN DASH}"
ADDRESSES = ("src", "href", "xlink:href", "action", "data", "poster", "srcset")


def test_page_loads_nothing(any_report):
    page = any_report.outline
    assert not page.all("iframe", "object", "embed", "form", "base")
    for element in page.elements:
        for name in ADDRESSES:
            assert (element[name] or "#").startswith(("#", "data:"))
        assert not [name for name in element.attributes if name.startswith("on")]
    (style,) = page.all("style")
    assert not re.search(r"@import|url\(|expression", style.text)


def test_page_without_sortable_tables_runs_nothing(reports):
    assert not reports["unlabelled"].outline.all("script")
    assert "script-src" not in reports["unlabelled"].text


def test_every_picture_has_a_text_alternative(any_report):
    pictures = [*any_report.outline.all("img"), *any_report.outline.all("svg")]
    assert all(p["alt"] if p.name == "img" else p["aria-label"] and p["role"] == "img" for p in pictures)


def test_headings_go_down_step_by_step(any_report):
    levels = [int(heading.name[1]) for heading in any_report.outline.all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_tables_have_captions_and_headings_of_rows_and_columns(any_report):
    page = any_report.outline
    assert len(page.all("table")) == len(page.all("caption")) >= 3
    assert all(heading["scope"] in {"col", "row"} for heading in page.all("th"))
    assert all(heading.text.strip() for heading in page.all("th", "caption"))


def test_ids_are_unique_and_what_refers_to_one_finds_it(any_report):
    page = any_report.outline
    ids = [element["id"] for element in page.elements if element["id"]]
    assert len(ids) == len(set(ids))
    referred = {e["href"][1:] for e in page.elements if (e["href"] or "").startswith("#")}
    referred |= {e["aria-labelledby"] for e in page.elements if e["aria-labelledby"]}
    referred |= set(re.findall(r"url\(#([^)]+)\)", any_report.text))
    assert referred <= set(ids)


def test_names_of_the_data_set_are_text_and_never_markup(reports):
    page = reports["hostile"].outline
    told = page.all("html")[0].text
    assert SCRIPT in told
    alternatives = [image["alt"] for image in page.all("img")]
    assert any(HOSTILE[1] in alternative for alternative in alternatives)
    assert "{{ 7 * 7 }}{% raw %}" in told + "".join(alternatives)


def test_names_of_any_length_are_shown_in_a_few_hundred_characters(reports):
    text = reports["hostile"].text
    assert "long" * 60 in text
    assert "long" * 80 not in text


def test_foreign_text_is_isolated_in_direction(reports):
    turning = [within for text, within in reports["hostile"].outline.texts if "\u202e" in text]
    assert turning
    assert all("bdi" in within for within in turning)


def test_page_shows_the_outcome_of_all_photos(reports):
    report = reports["usual"]
    roles, photos = report.manifest.roles, report.outline.section("photos")
    assert f"trained on by a member {roles['train']} " in photos
    assert f"no member drew them {roles['unused']} " in photos
    assert "rejected: not a readable photo 6 " in photos
    assert "listed 37" in photos
    assert "3 of the 31 photos in the corpus have a side shorter than 250 pixels; they are kept" in photos


def test_near_duplicates_are_shown_side_by_side_those_with_contradictory_labels_first(tmp_path):
    manifest, alike = write_dataset(str(tmp_path), USUAL), [("big-1", "big-2"), ("big-3", "small-1")]
    rows = [
        {"image_id": i, "landmark_id": i.partition("-")[0], "group": group[0], "labels": 1 + number}
        for number, group in enumerate(alike)
        for i in group
    ]
    table = pa.Table.from_pylist(rows, dataset.NEAR_DUPLICATES_SCHEMA)
    record = dataset.write_table(str(tmp_path), "near_duplicates/part-00000-of-00001.parquet", table, 8)
    counts = {"photos": 4, "groups": 2, "contradictory_photos": 2, "contradictory_groups": 1, "replaced": 1}
    changed = replace(manifest, files=[*manifest.files, record], near_duplicates=counts)
    page = outline(Path(write_report(str(tmp_path), changed, [])).read_text())
    section = page.section("duplicates")
    assert "4 photos look like another photo of the corpus. They form 2 groups" in section
    assert "1 photo would have been held out beside a near-duplicate" in section
    assert "1 of the groups have several labels (2 photos)" in section
    assert "big-3 label big small-1 label small big-1 label big big-2 label big" in section
    unsearched = outline(Path(write_report(str(tmp_path), manifest, [])).read_text())
    assert "Not looked for" in unsearched.section("duplicates")


def test_table_1_is_shown_beside_the_papers(reports):
    labels = reports["usual"].outline.section("labels")
    assert "Percentile 10 20 30 40 50 60 70 80 90" in labels
    assert "This data set 1 1 3 3 3 7 7 20 20" in labels
    assert "The paper 4 5 7 9 14 22 34 62 142" in labels
    figures = [svg["aria-label"] for svg in reports["usual"].outline.all("svg")]
    assert any("from 20 images of the most frequent label over 3 to 1 of the rarest" in f for f in figures)
    assert any("16 to 31 images: 1" in figure for figure in figures)


def test_every_label_is_listed_with_its_photos_and_so_is_every_dropped_one(reports):
    labels = reports["usual"].outline.section("labels")
    assert (
        "The 3 classes, most photos first. Label class photos training images big 0 20 19 fair 1 7 6"
        in labels
    )
    assert "1 label has fewer than 2 photos and was dropped, with 1 photo." in labels
    assert labels.endswith("The dropped labels, most photos first. Label photos one 1")
    assert "dropped labels" not in reports["even"].outline.section("labels")


def test_of_many_labels_those_with_most_photos_are_listed_and_the_rest_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("landmark_lib.report.dataset_sections.LABELS_SHOWN", 2)
    ids = {f"label {count}": ids_of(f"label {count}", count) for count in range(1, 8)}
    manifest = write_dataset(str(tmp_path), ids, min_label_count=4, cutoff=9, target=1)
    labels = outline(Path(write_report(str(tmp_path), manifest, [])).read_text()).section("labels")
    assert "The 4 classes, most photos first. 2 more in classes.csv." in labels
    assert (
        "label 7 3 7 6 label 6 2 6 5 3 labels have fewer than 4 photos and were dropped, with 6 photos"
        in labels
    )
    assert labels.endswith("1 more in labels/. Label photos label 3 3 label 2 2")


def test_members_with_equal_rows_share_a_figure(reports, tmp_path):
    def figures(page):
        return [svg["aria-label"] for svg in page.all("svg") if "rows after" in svg["aria-label"]]

    assert len(figures(reports["usual"].outline)) == 1
    cut = write_dataset(str(tmp_path), {"a": ids_of("a", 9), "b": ids_of("b", 3)}, cutoff=5, target=2)
    page = outline(Path(write_report(str(tmp_path), cut, [])).read_text())
    assert figures(page)[0].startswith("Every member: classes from 9 to 3 images before")


def test_rows_per_class_and_member_are_counted(reports):
    report = reports["usual"]
    balance = report.outline.section("balance")
    assert "Of 3 classes, 1 had more than 8 training images and was downsampled" in balance
    assert (
        "1 had fewer than 5 and was upsampled to this number; 1 was unchanged. 0 outputs have the same"
        in balance
    )
    assert f"Before sampling 30 {NOTHING} 3 7 20 6.7" in balance
    for member in range(3):
        own = report.manifest.rows_in(f"train/member-{member}")
        assert f"Member {member} 19 {own} 5 6 8 1.6" in balance


def test_downsampled_class_shows_which_member_drew_what(reports):
    report = reports["usual"]
    plan = {
        row["image_id"]: row
        for record in report.manifest.files_in("plan")
        for row in dataset.read_table(str(report.path.parent), record.path).to_pylist()
    }
    told = dict(
        image["alt"].split(", drawn by ") for image in report.outline.all("img") if "drawn by" in image["alt"]
    )
    assert len(told) == 19
    for image_id, who in told.items():
        members = ", ".join(map(str, plan[image_id]["members"]))
        assert who == (f"member {members}" if members else "no member")
    assert "no member" in told.values()


def test_an_upsampled_class_shows_its_originals_and_their_recipes(reports):
    page = reports["usual"].outline
    originals = [i["alt"] for i in page.all("img") if i["alt"].startswith("Original small-")]
    outputs = [i["alt"] for i in page.all("img") if i["alt"].startswith("Output ")]
    assert len(originals) == 2
    assert len(outputs) == 5
    assert outputs.count("Output plain") == 2
    assert "Label small has 2 training images" in page.section("sampling")


def test_rejected_photos_are_shown_by_reason_with_examples(reports):
    rejected = reports["usual"].outline.section("rejected")
    assert "truncated image 5 cut-0 file:///0 cut" in rejected
    assert rejected.count("cut-") == 3
    assert "no image id 1 (no id)" in rejected


def test_sizes_add_up_to_those_of_the_manifest(reports):
    report = reports["usual"]
    rows = sum(record.rows for record in report.manifest.files)
    assert f"total {len(report.manifest.files)} {rows} " in report.outline.section("files")


def test_times_are_shown_with_photos_and_megabytes_per_second(reports):
    times = reports["usual"].outline.section("times")
    assert "corpus 2.0 s 36 photos 18 5.0 MB 2.5" in times
    assert f"plan 0.2 s 36 images 144 {NOTHING} {NOTHING}" in times


def test_settings_are_shown_with_their_meaning(reports):
    settings = reports["usual"].outline.section("settings")
    assert "--cutoff 8 Largest number of training images per class and member." in settings
    assert "pillow 12" in settings


def test_absent_sampling_is_stated(reports):
    page = reports["even"].outline
    sampling = page.section("sampling")
    assert "No class has more training images than the cutoff of 8, so nothing was left out." in sampling
    assert "No class has fewer training images than the target of 5, so nothing was copied." in sampling
    assert "unused: no member drew them 0 0 % dropped" in page.section("photos")
    assert page.section("rejected").endswith("None: every listed photo is in the corpus.")
    assert "The only member trains on 13 rows" in page.all("main")[0].text


def test_photos_without_labels_make_a_page_of_the_corpus_alone(reports):
    page = reports["unlabelled"].outline
    assert [s["id"] for s in page.all("section")] == ["photos", "rejected", "files", "times", "settings"]
    assert "They have no labels, so there is nothing to train on" in page.all("main")[0].text
    assert "in the corpus, without labels 4 100 %" in page.section("photos")


def test_a_run_that_found_everything_done_shows_no_times(reports, tmp_path):
    root = shutil.copytree(reports["even"].path.parent, tmp_path / "copy")
    write_report(str(root), reports["even"].manifest, [])
    assert "times" not in {s["id"] for s in outline((root / "report.html").read_text()).all("section")}


def test_the_same_data_set_and_times_give_the_same_page(reports):
    report = reports["usual"]
    before = report.text
    write_report(str(report.path.parent), report.manifest, TIMINGS)
    assert report.text == before


def test_a_data_set_that_spark_made_has_a_report_too(tmp_path):
    root = str(shutil.copytree(GOLDEN, tmp_path / "golden"))
    page = outline(Path(write_report(root, dataset.read_manifest(root), [])).read_text())
    assert "Of 2 classes, 1 had more than 3 training images" in page.section("balance")
    assert [image["alt"] for image in page.all("img")].count("Output plain") == 1


def test_report_is_written_to_a_bucket_too(tmp_path):
    store = fsspec.filesystem("memory")
    store.put(str(GOLDEN), "/report-bucket/dataset", recursive=True)
    root = "memory://report-bucket/dataset"
    address = write_report(root, dataset.read_manifest(root), [])
    assert address == f"{root}/report.html"
    local = str(shutil.copytree(GOLDEN, tmp_path / "golden"))
    assert (Place(root) / "report.html").read_bytes().decode() == Path(
        write_report(local, dataset.read_manifest(local), [])
    ).read_text()


def test_a_shard_without_a_planned_row_is_reported(tmp_path):
    root = str(tmp_path / "dataset")
    manifest = write_dataset(root, USUAL)
    manifest.settings["seed"] += 1
    with pytest.raises(LandmarkError, match=r"train/common/shard-0000\d-of-00002.parquet .* found none"):
        write_report(root, manifest, [])


def test_fifteen_thousand_classes_make_a_page_of_bounded_size(reports, tmp_path):
    from landmark_lib.report.label_figures import balance_figure, rank_figure

    counts = [50_000 // (rank + 1) + 4 for rank in range(15_000)]
    after = [60 + count * 7919 % 61 for count in range(15_000)]  # a curve that no smoothing shortens
    figures = [rank_figure(counts, {"cutoff": 120}), *(balance_figure(m, counts, after) for m in range(3))]
    assert sum(map(len, figures)) < 300_000
