"""Draw the README's picture of a report page.

    python scripts/report_picture.py data/demo/dataset/report.html docs/report.png

Opens the page in the machine's Chromium, through playwright, and saves its beginning as a PNG with a palette.
"""

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

PROGRAMS = ("chromium", "google-chrome", "chromium-browser")
# Quiet, and without background requests.
OPTIONS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-sync"),
)
WIDTH, HEIGHT = 1100, 1250  # pixels
COLOURS = 128
MAX_BYTES = 300_000


def main(page: str, picture: str) -> None:
    """Write the beginning of a page as a picture.

    Raises:
        SystemExit: There is no Chromium, or the picture is too large for the README.
    """
    chromium = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if chromium is None:
        sys.exit(f"report_picture: needs a browser, expected one of {', '.join(PROGRAMS)} in PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        window = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        window.goto(Path(page).resolve().as_uri(), wait_until="load")
        screenshot = window.screenshot()
        browser.close()
    image = Image.open(io.BytesIO(screenshot)).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(picture, optimize=True)
    size = Path(picture).stat().st_size
    if size > MAX_BYTES:
        sys.exit(f"report_picture: expected at most {MAX_BYTES:,} bytes, received {size:,}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
