"""Tables of an evaluation's page sort by mouse and keyboard, offline, and can be read without a script."""

import re
import shutil
from dataclasses import replace

import pyarrow as pa
import pytest
from evaluations import MEMBERS, VOTERS

from landmark_lib import dataset
from landmark_lib.dataset import LandmarkClass
from landmark_lib.hold_out import read_hold_out
from landmark_lib.report.evaluation_page import evaluation_page

COLUMN = "(table, k) => [...table.tBodies[0].rows].map(row => row.cells[k].textContent.trim())"


@pytest.fixture
def opened(measured, look):
    """Return the page of an evaluation in a window."""
    return look(measured["evaluation"])


def table(page, name):
    """Find a table by its caption."""
    return page.get_by_role("region", name=name).get_by_role("table")


def column(found, number):
    """Return the texts of a column, from top to bottom."""
    return found.evaluate("(table, k) => (" + COLUMN + ")(table, k)", number)


def headings(found):
    """Return the headings of a table and how each is sorted."""
    sorts = "table => [...table.tHead.rows[0].cells].map(cell => [cell.textContent.trim(), cell.ariaSort])"
    return dict(found.evaluate(sorts))


def press(page, found, heading, key="Enter"):
    """Use the button in a heading by keyboard."""
    found.get_by_role("columnheader", name=heading, exact=True).get_by_role("button").focus()
    page.keyboard.press(key)


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_heading_sorts_by_keyboard_and_announces_how(opened, key):
    scores = table(opened, "Scores of all voters")
    press(opened, scores, "GAP", key)
    assert headings(scores)["GAP"] == "ascending"
    assert column(scores, 0) == VOTERS
    press(opened, scores, "GAP", key)
    assert headings(scores)["GAP"] == "descending"
    assert column(scores, 0) == VOTERS[::-1]
    press(opened, scores, "Voter", key)
    assert column(scores, 0) == sorted(VOTERS)
    assert [name for name, sort in headings(scores).items() if sort] == ["Voter"]


def test_the_heading_keeps_the_focus_after_sorting(opened):
    scores = table(opened, "Scores of all voters")
    press(opened, scores, "top-1")
    assert opened.evaluate("document.activeElement.textContent") == "top-1"


def test_numbers_sort_by_value_and_missing_ones_stay_last(opened):
    tenths = table(opened, "Accuracy by tenths")
    for _ in range(2):
        press(opened, tenths, "ensemble")
        accuracies = column(tenths, 4 + VOTERS.index("ensemble"))
        assert accuracies[-1] == "\N{EN DASH}"
        values = [float(text.removesuffix(" %")) for text in accuracies[:-1]]
    assert values == sorted(values, reverse=True)

    classes = table(opened, "All classes with held-out photos")
    press(opened, classes, "images of the label")
    assert column(classes, 1) == ["4", "7", "10", "13", "16", "19", "22", "25"]


def test_numbers_with_commas_and_words_with_numbers_sort_by_value(opened):
    texts = ["1,200", "\N{EN DASH}", "999", "13"]
    pairs = table(opened, "Confused classes by number")
    fill = """(table, texts) => [...table.tBodies[0].rows].forEach((row, k) => {
        if (k >= texts.length) return row.remove()
        row.cells[0].textContent = `place ${12 - k}`
        row.cells[2].textContent = texts[k] })"""
    pairs.evaluate(fill, texts)
    press(opened, pairs, "photos")
    assert column(pairs, 2) == ["13", "999", "1,200", "\N{EN DASH}"]
    press(opened, pairs, "Class")
    assert column(pairs, 0) == ["place 9", "place 10", "place 11", "place 12"]


def test_sorting_moves_rows_whole_and_leaves_the_sum_at_the_foot(opened, measured):
    scores = table(opened, "Scores of all voters")
    press(opened, scores, "top-1")
    press(opened, scores, "top-1")
    tops = {
        voter.voter: f"{100 * voter.top_1.value:.1f} %" for voter in measured["evaluation"].evaluation.voters
    }
    shown = dict(
        zip(column(scores, 0), (text.split(" %")[0] + " %" for text in column(scores, 2)), strict=True)
    )
    assert shown == tops
    assert scores.locator("tfoot th").text_content() == "chance"


def test_a_mouse_sorts_too_and_nothing_is_asked_for(opened, measured):
    scores = table(opened, "Scores of all voters")
    scores.get_by_role("button", name="top-5").click()
    assert headings(scores)["top-5"] == "ascending"
    assert [url for url in opened.asked if not url.startswith("data:")] == [
        measured["evaluation"].path.as_uri()
    ]
    assert opened.said == []


def test_tables_of_epochs_open_by_keyboard(opened):
    summary = opened.locator("summary").first
    summary.focus()
    opened.keyboard.press("Enter")
    epochs = table(opened, "Results of each epoch of member-0")
    press(opened, epochs, "validation accuracy")
    assert column(epochs, 0)[-1] == "4, best"


def test_without_scripts_everything_is_shown_and_there_are_no_buttons(measured, look):
    page = look(measured["evaluation"], java_script_enabled=False)
    assert page.get_by_role("button").count() == 0
    scores = table(page, "Scores of all voters")
    assert scores.get_by_role("row").count() == 2 + len(VOTERS)
    page.locator("summary").first.click()
    assert table(page, "Results of each epoch of member-0").get_by_role("row").count() == 7


def test_markup_in_names_runs_nothing(measured, look):
    page = look(measured["hostile evaluation"])
    assert page.title() == "Evaluation report"
    assert page.said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_shaded_cells_can_be_read(measured, look, scheme):
    page = look(measured["evaluation"], color_scheme=scheme)
    contrast = """cell => {
        const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })
        const light = (...layers) => {
            for (const layer of layers) { canvas.fillStyle = layer; canvas.fillRect(0, 0, 1, 1) }
            const parts = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map(c => c / 255)
            const linear = parts.map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
            return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        }
        cell.style.setProperty("--part", "100%")
        const style = getComputedStyle(cell)
        const paper = getComputedStyle(document.body).backgroundColor
        const pair = [light(paper, style.backgroundColor), light(style.color)].sort((a, b) => a - b)
        return (pair[1] + 0.05) / (pair[0] + 0.05)
    }"""
    assert page.locator(".shade").nth(1).evaluate(contrast) >= 4.5


def test_every_member_has_a_heading(opened):
    names = opened.get_by_role("heading", level=3).all_text_contents()
    assert [name for name in names if re.fullmatch(r"member-\d+", name)] == MEMBERS


CLASSES = 15_000  # as many as the paper's


@pytest.fixture
def many_classes(measured, tmp_path):
    """Return the page of an evaluation with as many classes as the paper, each confused with the next."""
    small = measured["evaluation"]
    root = str(shutil.copytree(small.root, tmp_path / "dataset"))
    rows = [LandmarkClass(k, f"place {k}", 10 + k % 90, 8) for k in range(CLASSES)]
    dataset.write_classes(root, rows)
    columns = {name: [getattr(row, name) for row in rows] for name in ("landmark_id", "label_count")}
    path, *others = [file.path for file in small.manifest.files_in(dataset.LABELS)]
    labels = pa.table(columns, dataset.LABELS_SCHEMA)
    record = dataset.write_table(root, path, labels, rows_per_group=CLASSES)
    files = [record, *(file for file in small.manifest.files if file.path not in (path, *others))]
    manifest = replace(small.manifest, classes=CLASSES, files=files)
    confusion = [(k, (k + 1) % CLASSES, 1) for k in range(CLASSES)]
    voters = [replace(voter, confusion=confusion) for voter in small.evaluation.voters]
    evaluation = replace(small.evaluation, classes=CLASSES, voters=voters)
    hold_out = replace(read_hold_out(root, manifest), dataset=root)
    path = tmp_path / "report.html"
    path.write_text(evaluation_page(manifest, evaluation, hold_out, small.predictions, small.curves), "utf-8")
    return replace(small, path=path)


def test_a_page_of_15_000_classes_opens_and_says_what_its_tables_leave_out(many_classes, look):
    assert many_classes.path.stat().st_size < 2_000_000
    page = look(many_classes)
    assert page.said == []
    listed = {
        "Confused classes by number of held-out photos (the first 40 of 15,000)": 40,
        "The 40 hardest of 15,000 classes": 40,
        "The 15,000 classes, most photos first. 14,000 more in classes.csv": 1_000,
    }
    for name, rows in listed.items():
        assert table(page, name).locator("tbody tr").count() == rows
    confused = table(page, "Confused classes by number")
    press(page, confused, "Class")
    assert column(confused, 0)[:2] == ["place 0", "place 1"]
