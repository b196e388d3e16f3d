"""The file that a job is to write, checked before hours of work."""

from landmark_lib.errors import UserError
from landmark_lib.storage import Place


def check_output_file(place: Place, option: str) -> None:
    """Check that a file can be written.

    Raises:
        UserError: It cannot; the message starts with the option.
    """
    if place.is_dir():
        raise UserError(f"{option}: expected a file, found a folder: {place}")
    try:
        place.parent.check_writable()
    except OSError as error:
        raise UserError(f"{option}: cannot write into {place.parent}: {error.strerror or error}") from None
