"""MD5 sums of tars in files beside them: `md5.images_000.txt`, `images_000.tar.md5`, `md5sums.txt`.

Any file beside the tars with "md5" in its name is a list in the format of md5sum: a sum, spaces, a name. A
sum without a name belongs to the tar in the list's own name.
"""

import re
from dataclasses import dataclass

from landmark_lib.errors import UserError
from landmark_lib.inputs.walk import children
from landmark_lib.storage import Place

LONGEST_LIST = 10_000_000  # bytes; a hundred thousand tars
SUM_AND_NAME = re.compile(r"\\?(?P<sum>[0-9a-fA-F]{32})(?:\s+\*?(?P<name>.*\S))?\s*")
OWN_NAME = re.compile(
    r"^md5(?:sum)?s?[._-]|(?:\.tar)?\.md5(?:sum)?s?$|(?:\.tar)?(?:\.md5)?\.txt$", re.IGNORECASE
)


@dataclass(frozen=True)
class Md5Sums:
    """The lists beside the tars of a source.

    Attributes:
        sums: MD5 sums in lower case by name of the tar, without its folder.
        not_understood: Lines without a sum, each after the name of its list.
    """

    sums: dict[str, str]
    not_understood: list[str]


def read_md5_lists(place: Place) -> Md5Sums:
    """Read the MD5 lists beside tars.

    Args:
        place: A folder of tars, or one tar.

    Raises:
        UserError: A list cannot be read or is far too long, or lists contradict each other.
    """
    folder = place if place.is_dir() else place.parent
    sums: dict[str, str] = {}
    not_understood = []
    for child in children(folder, "", with_sizes=False):
        if child.is_folder or child.reason is not None or "md5" not in child.path.lower():
            continue
        place = folder / child.path
        try:
            with place.open() as file:
                content = file.read(LONGEST_LIST + 1)
        except OSError as error:
            raise UserError(f"--input: cannot read {place}: {error}") from None
        if len(content) > LONGEST_LIST:
            raise UserError(
                f"--input: {place} is named like a list of MD5 sums but has over {LONGEST_LIST} bytes"
            )
        for line in filter(str.strip, content.decode("utf-8-sig", "backslashreplace").splitlines()):
            parsed = parse_line(line, child.path)
            if parsed is None:
                not_understood.append(f"{child.path}: {line[:80]}")
                continue
            name, md5 = parsed
            if sums.setdefault(name, md5) != md5:
                raise UserError(f"--input: the MD5 lists in {folder} give {name} two sums")
    return Md5Sums(sums, not_understood)


def parse_line(line: str, list_name: str) -> tuple[str, str] | None:
    """Return the tar and the MD5 sum in a line of a list; None if the line has no sum.

    Args:
        line: The line without its end.
        list_name: Name of the list, from which the tar's name is taken if the line has none.
    """
    parsed = SUM_AND_NAME.fullmatch(line)
    if parsed is None:
        return None
    name = parsed["name"] or f"{OWN_NAME.sub('', OWN_NAME.sub('', list_name))}.tar"
    return name.rpartition("/")[2], parsed["sum"].lower()
