"""Writes a synthetic sample: `python -m landmark_sample --output DIRECTORY`."""

from dataclasses import dataclass
from pathlib import Path

from landmark_lib.command_line import run_job
from landmark_lib.console import show
from landmark_lib.digits import size
from landmark_lib.settings.declare import flag, place, require
from landmark_lib.storage import Place
from landmark_sample.write import SampleSettings, write_labels, write_sample


@dataclass(frozen=True)
class RenderSettings(SampleSettings):
    """Settings of the command.

    Raises:
        UserError: A value is out of its range, or there is no --output.
    """

    output: str | None = place(None, "Directory to write, new or empty. Required.")
    without_pixels: bool = flag("Write labels.csv alone.  [default: with photos]")

    def __post_init__(self) -> None:
        super().__post_init__()
        here = self.output is not None and Place(self.output).is_local
        require(here, "output", "a directory on this machine", self.output or "nothing")


def render(settings: RenderSettings) -> None:
    """Write a synthetic sample of landmark photos to a new directory."""
    out = Path(str(settings.output))
    what = f"{settings.photos} photos of {settings.labels} landmarks"
    if settings.without_pixels:
        write_labels(settings, out)
        show(f"{what} listed in {out}")
        return
    write_sample(settings, out)
    written = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    if settings.landmark_free:
        what = f"{settings.photos} photos without a landmark"
    show(f"{what} in {out}, {size(written)}")


if __name__ == "__main__":
    run_job(RenderSettings, render)
