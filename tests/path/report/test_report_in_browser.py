"""The report in a real browser: it fits any window, asks for nothing, and can be read by keyboard."""

import re
from pathlib import Path

import pytest
from page_fixtures import Report
from report_datasets import ids_of, write_dataset

from landmark_lib.preprocess.report import write_report

WIDTHS = (400, 1400)
LEAST_CONTRAST = 4.5  # of text and paper (WCAG 2.2, level AA)
CONTRAST = """
([text, paper]) => {
  const style = getComputedStyle(document.documentElement)
  const light = name => {
    const hex = style.getPropertyValue(name).trim().slice(1)
    const parts = [0, 2, 4].map(i => parseInt(hex.slice(i, i + 2), 16) / 255)
    const linear = parts.map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
  }
  const [darker, lighter] = [light(text), light(paper)].sort((a, b) => a - b)
  return (lighter + 0.05) / (darker + 0.05)
}
"""
# Of what can be reached by keyboard, in the order of the page.
REACHABLE = """[...document.querySelectorAll('a, button, input, summary, [tabindex="0"]')]
    .filter(e => e.checkVisibility()).map(e => e.outerHTML)"""


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window(any_report, look, width):
    page = look(any_report, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # Wide tables lie in boxes that scroll; nothing else may stick out of the window.
    outside = """width => [...document.querySelectorAll('main *, nav *')].filter(e =>
        !e.closest('.scroll, svg') && e.getBoundingClientRect().right > width).map(e => e.outerHTML)"""
    assert page.evaluate(outside, width) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_page_requests_nothing_else_and_logs_nothing(any_report, look, width):
    page = look(any_report, width)
    assert [url for url in page.asked if not url.startswith("data:")] == [any_report.path.as_uri()]
    assert page.said == []
    assert page.title() == any_report.title


def test_every_picture_is_shown_and_has_a_name(any_report, look):
    page = look(any_report)
    broken = "[...document.images].filter(i => !i.complete || !i.naturalWidth).map(i => i.alt)"
    assert page.evaluate(broken) == []
    pictures = page.get_by_role("img").count()
    assert pictures == page.get_by_role("img", name=re.compile(r"\S")).count()
    assert pictures == page.locator("img, svg").count()


def test_every_control_is_reachable_by_keyboard_in_order(any_report, look):
    page = look(any_report, 400)
    expected, reached = page.evaluate(REACHABLE), []
    for _ in expected:
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.outerHTML"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert reached == expected


def test_the_first_key_offers_to_skip_the_contents(report, look):
    page = look(report)
    page.keyboard.press("Tab")
    link = page.get_by_role("link", name="Skip to the content")
    assert link.bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_a_wide_table_scrolls_in_its_box_by_keyboard(measured, look):
    page = look(measured["evaluation"], 400)
    box = page.get_by_role("region", name="Scores of all voters")
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("box => box.scrollLeft > 0", arg=box.element_handle())


def test_a_label_is_found_among_many(look, tmp_path):
    ids = {f"place {count}": ids_of(f"place {count}", count) for count in range(1, 13)}
    manifest = write_dataset(str(tmp_path), ids, min_label_count=2, cutoff=99, target=1)
    page = look(Report(Path(write_report(str(tmp_path), manifest, [])), manifest))
    rows = page.get_by_role("region", name="The 11 classes").locator("tbody tr")
    page.get_by_label("Find a label").fill("PLACE 1")
    found = rows.filter(visible=True).locator("th").all_inner_texts()
    assert found == ["place 12", "place 11", "place 10"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_the_paper(reports, look, scheme):
    page = look(reports["usual"], color_scheme=scheme)
    for text in ("--ink", "--muted", "--accent", "--second"):
        assert page.evaluate(CONTRAST, [text, "--paper"]) >= LEAST_CONTRAST


def test_a_dark_window_has_a_dark_page_with_light_figures(reports, look):
    light, dark = (look(reports["usual"], color_scheme=scheme) for scheme in ("light", "dark"))
    for colour in (
        "getComputedStyle(document.body).backgroundColor",
        "getComputedStyle(document.querySelector('svg text')).fill",
    ):
        assert light.evaluate(colour) != dark.evaluate(colour)


def test_it_prints_on_paper_without_the_contents(reports, look):
    page = look(reports["usual"], color_scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.get_by_role("navigation").is_visible()
