"""What the name of a file says: whether it is an image, its id, and whether a tool left it there."""

from landmark_lib.images.formats import IMAGE_ENDINGS

# Beside hidden files: of NAS devices, macOS and Windows, of disk checks, and what Python keeps.
LITTER = {
    *("@eadir", "@recycle", "#recycle", "#snapshot", "__macosx", "icon\r", "lost+found", "lost.dir"),
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "recycler", "system volume information"),
    "__pycache__",
}
# Hadoop's mark of a folder in a store, and what Windows knew of where a file came from.
LITTER_ENDINGS = ("_$folder$", ":zone.identifier")


def is_litter(name: str) -> bool:
    """Return whether a file or folder is to be passed over: hidden or left by a tool, by its name."""
    lower = name.lower()
    is_hidden = name.startswith(".") and name not in {".", ".."}
    return is_hidden or lower in LITTER or lower.endswith(LITTER_ENDINGS)


def has_image_ending(path: str) -> bool:
    """Return whether a file is named like an image that can be read."""
    name = path.rpartition("/")[2]
    return "." in name and name.rpartition(".")[2].lower() in IMAGE_ENDINGS


def without_image_ending(path: str) -> str:
    """Return a path without the ending of an image.

    Other endings stay, so that `a.txt` beside `a.jpg` is not taken for the same photo.
    """
    without = path.rpartition(".")[0]
    return without if has_image_ending(path) and without.rpartition("/")[2] else path


def image_id_of(path: str) -> str:
    """Return the id of a file that a list tells about: its name without folders and an image's ending."""
    return without_image_ending(path.rpartition("/")[2])


def printable(name: str) -> str:
    """Return a name so that it can be stored: bytes that are not UTF-8 are escaped."""
    return name.encode("utf-8", "backslashreplace").decode()
