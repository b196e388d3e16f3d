"""The effect of sampling: the balance of the classes before and after, and photos of two classes."""

from collections.abc import Sequence
from typing import Any

from landmark_lib.dataset import LandmarkClass, Manifest, training_directory
from landmark_lib.report.balance import rows_of_members, spread
from landmark_lib.report.examples import (
    OUTPUTS_SHOWN,
    PlannedImage,
    downsampled_images,
    read_originals,
    read_outputs,
    upsampled_images,
)
from landmark_lib.report.label_figures import balance_figure
from landmark_lib.report.mosaic import tile_address
from landmark_lib.report.page import Section, render_part

MAX_FIGURES = 6  # of members
# Pixels per side, about one and a half times what the page shows, for high-density screens.
DRAWN_TILE, ORIGINAL_TILE, OUTPUT_TILE = 128, 200, 160


def balance_section(root: str, manifest: Manifest, classes: Sequence[LandmarkClass]) -> Section:
    """Render how unequal the classes were, and how many rows each member has of them."""
    cutoff, target = manifest.number("cutoff"), manifest.number("target")
    before = [row.label_count for row in classes]
    members = rows_of_members(root, manifest)
    rows = [
        (f"Member {member}", manifest.rows_in(training_directory(member)), spread(after))
        for member, after in enumerate(members)
    ]
    alike = all((after == members[0]).all() for after in members)
    drawn = {None: members[0]} if alike else dict(enumerate(members[:MAX_FIGURES]))
    body = render_part(
        "balance.html",
        classes=len(classes),
        cutoff=cutoff,
        target=target,
        cut=sum(row.training_images > cutoff for row in classes),
        raised=sum(row.training_images < target for row in classes),
        fewer_held_out=manifest.classes_with_fewer_held_out,
        identical_outputs=manifest.identical_outputs,
        rows=[("Before sampling", None, spread(before)), *rows],
        figures=[balance_figure(member, before, after.tolist()) for member, after in drawn.items()],
        alike=alike,
        members=len(members),
    )
    return Section("balance", "Balance", body)


def sampling_section(
    root: str, manifest: Manifest, classes: Sequence[LandmarkClass], planned: Sequence[PlannedImage]
) -> Section:
    """Render a downsampled class and an upsampled one.

    Raises:
        LandmarkError: A file lacks a planned row.
    """
    cutoff, target = manifest.number("cutoff"), manifest.number("target")
    body = render_part(
        "sampling.html",
        members=manifest.members,
        cutoff=cutoff,
        target=target,
        downsampled=_downsampled(root, classes, downsampled_images(planned, classes, cutoff)),
        upsampled=_upsampled(root, manifest, classes, upsampled_images(planned, classes, target)),
    )
    return Section("sampling", "Sampling, in photos", body)


def _downsampled(
    root: str, classes: Sequence[LandmarkClass], images: Sequence[PlannedImage]
) -> dict[str, Any] | None:
    if not images:
        return None
    jpegs = read_originals(root, {image.image_id: image.file for image in images})
    tiles = [
        {
            "image_id": image.image_id,
            "members": image.members,
            "address": tile_address(jpegs[image.image_id], DRAWN_TILE),
        }
        for image in images
    ]
    return {"landmark": classes[images[0].class_index], "images": tiles}


def _upsampled(
    root: str, manifest: Manifest, classes: Sequence[LandmarkClass], images: Sequence[PlannedImage]
) -> dict[str, Any] | None:
    if not images:
        return None
    jpegs = read_originals(root, {image.image_id: image.file for image in images})
    outputs = read_outputs(root, manifest, images)
    originals = [
        {
            "image_id": image.image_id,
            "address": tile_address(jpegs[image.image_id], ORIGINAL_TILE),
            "total": len(image.recipes),
            "outputs": [
                {"recipe": recipe, "address": tile_address(outputs[image.image_id, recipe], OUTPUT_TILE)}
                for recipe in image.recipes[:OUTPUTS_SHOWN]
            ],
        }
        for image in images
    ]
    return {"landmark": classes[images[0].class_index], "originals": originals}
