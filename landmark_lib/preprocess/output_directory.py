"""The output directory: taken over if it is ours to fill, refused if it holds anything else."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fsspec.implementations.local import LocalFileSystem

from landmark_lib import dataset
from landmark_lib.dataset import Manifest
from landmark_lib.errors import UserError
from landmark_lib.settings import PreprocessSettings

# What an unfinished run may have left in the root of its output.
OURS = {
    dataset.IN_PROGRESS,
    dataset.CORPUS,
    dataset.REJECTED,
    dataset.LABELS,
    dataset.PLAN,
    dataset.COMMON.partition("/")[0],
    dataset.VALIDATION,
    dataset.CLASSES,
}


def resolved_settings(settings: PreprocessSettings, source: str) -> dict[str, Any]:
    """Give the settings as the manifest holds them: nothing left to a default of the approach."""
    given = asdict(settings)
    del given["output"]  # where a data set lies is no part of what it is
    return {
        **given,
        "input": source,
        "smallest_label_count": settings.resolved_smallest,
        "cutoff": settings.resolved_cutoff,
    }


def read_finished(output: str, resolved: dict[str, Any]) -> Manifest:
    """Read the manifest of a finished data set that must have been made with these settings.

    Raises:
        UserError: It was made with others.
    """
    manifest = dataset.read_manifest(output)
    differing = {
        name: (manifest.settings.get(name), value)
        for name, value in resolved.items()
        if manifest.settings.get(name) != value
    }
    if differing:
        told = ", ".join(f"{name} {old} there, {new} now" for name, (old, new) in differing.items())
        raise UserError(f"--output: {output} holds a data set made with other settings: {told}")
    return manifest


def take_over(output: str, source: str, resolved: dict[str, Any]) -> None:
    """Make the output directory ours: empty but for the mark of work in progress.

    Raises:
        UserError: It lies inside the input, cannot be written, or holds what no unfinished run left.
    """
    _refuse_inside_input(output, source)
    try:
        _clear(output)
        dataset.write_bytes(output, dataset.IN_PROGRESS, json.dumps(resolved, indent=1).encode())
    except OSError as error:
        raise UserError(f"--output: cannot write to {output}: {error}") from None


def mark_finished(output: str) -> None:
    """Remove the mark of work in progress; the manifest, written before, takes its place."""
    filesystem, root = dataset.open_address(output)
    filesystem.rm(dataset.join(root, dataset.IN_PROGRESS))


def _refuse_inside_input(output: str, source: str) -> None:
    filesystem, root = dataset.open_address(output)
    source_filesystem, source_root = dataset.open_address(source)
    if not isinstance(filesystem, LocalFileSystem) or not isinstance(source_filesystem, LocalFileSystem):
        return
    if Path(root).resolve().is_relative_to(Path(source_root).resolve()):
        raise UserError(f"--output: {output} lies inside the input {source}")


def _clear(output: str) -> None:
    filesystem, root = dataset.open_address(output)
    if not filesystem.exists(root):
        return
    if not filesystem.isdir(root):
        raise UserError(f"--output: expected a directory, found a file: {output}")
    names = {entry.rstrip("/").rpartition("/")[2] for entry in filesystem.ls(root, detail=False)}
    foreign = {name for name in names - OURS if not dataset.is_partial(name)}
    if names and (foreign or dataset.IN_PROGRESS not in names):
        raise UserError(f"--output: {output} is not empty and not a data set: {min(foreign or names)}")
    # The mark goes last, so that a run stopped in here can be started over too.
    for name in sorted(names, key=lambda name: name == dataset.IN_PROGRESS):
        filesystem.rm(dataset.join(root, name), recursive=True)
