"""Names of files: images, their ids, and what tools leave behind."""

from landmark_lib.images.formats import IMAGE_ENDINGS

# Beside hidden files: left by NAS devices, macOS, Windows, disk checks and Python.
LITTER = {
    *("@eadir", "@recycle", "#recycle", "#snapshot", "__macosx", "icon\r", "lost+found", "lost.dir"),
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "recycler", "system volume information"),
    "__pycache__",
}
# Hadoop's marker of a folder in an object store, and Windows' record of a file's origin.
LITTER_ENDINGS = ("_$folder$", ":zone.identifier")


def is_litter(name: str) -> bool:
    """Return whether a file or folder is ignored because of its name: hidden, or left by a tool."""
    lower = name.lower()
    is_hidden = name.startswith(".") and name not in {".", ".."}
    return is_hidden or lower in LITTER or lower.endswith(LITTER_ENDINGS)


def has_image_ending(path: str) -> bool:
    """Return whether a file is named like a readable image."""
    name = path.rpartition("/")[2]
    return "." in name and name.rpartition(".")[2].lower() in IMAGE_ENDINGS


def without_image_ending(path: str) -> str:
    """Return a path without the ending of an image.

    Other endings stay, so that `a.txt` and `a.jpg` are not the same photo.
    """
    without = path.rpartition(".")[0]
    return without if has_image_ending(path) and without.rpartition("/")[2] else path


def image_id_of(path: str) -> str:
    """Return the id of a file with a label list: its name without folders and image ending."""
    return without_image_ending(path.rpartition("/")[2])


def printable(name: str) -> str:
    """Return a name that can be stored: bytes that are not UTF-8 are escaped."""
    return name.encode("utf-8", "backslashreplace").decode()
