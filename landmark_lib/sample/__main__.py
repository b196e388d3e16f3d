"""Writes a synthetic sample: `python -m landmark_lib.sample OUT`."""

import sys
from pathlib import Path

import click

from landmark_lib.console import note, show, visible
from landmark_lib.digits import size
from landmark_lib.errors import UserError
from landmark_lib.sample.write import (
    LAYOUTS,
    SampleSettings,
    write_labels,
    write_landmark_free,
    write_sample,
)


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--labels", default=20, show_default=True, help="Number of landmarks.")
@click.option("--photos", default=1_000, show_default=True, help="Number of photos, at least one a landmark.")
@click.option(
    "--layout",
    default="folders",
    show_default=True,
    type=click.Choice(LAYOUTS),
    help="A folder a landmark, or labels.csv (id,url,landmark_id) beside the photos.",
)
@click.option("--seed", default=0, show_default=True, help="Decides every building and photo; any integer.")
@click.option(
    "--longest-side",
    default=2_000,
    show_default=True,
    help="Upper bound of a photo's longer side, 300 to 2000 pixels.",
)
@click.option(
    "--without-pixels",
    is_flag=True,
    help="Write labels.csv alone, without photos.  [default: with photos]",
)
@click.option(
    "--landmark-free",
    is_flag=True,
    help="Write photos of no landmark: half of them surroundings alone, in surroundings/, half buildings"
    " that are seen once, in buildings/.  [default: photos of landmarks]",
)
def main(
    *,
    out: Path,
    labels: int,
    photos: int,
    layout: str,
    seed: int,
    longest_side: int,
    without_pixels: bool,
    landmark_free: bool,
) -> None:
    """Write a synthetic sample of landmark photos to the new directory OUT."""
    try:
        if landmark_free:
            write_landmark_free(photos, out, seed=seed, longest_side=longest_side)
            summary = f"{photos} photos of no landmark in {out}, {size(_bytes(out))}"
        elif without_pixels:
            write_labels(SampleSettings(labels, photos, layout, seed, longest_side), out)
            summary = f"{photos} photos of {labels} landmarks listed in {out}"
        else:
            write_sample(SampleSettings(labels, photos, layout, seed, longest_side), out)
            summary = f"{photos} photos of {labels} landmarks in {out}, {size(_bytes(out))}"
    except UserError as error:
        note(f"error: {visible(error)}")
        sys.exit(2)
    show(summary)


def _bytes(out: Path) -> int:
    return sum(path.stat().st_size for path in out.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
