"""All that the program writes for people goes through here: results to stdout, remarks to stderr.

Labels, ids and file names come from others, and may hold what a terminal obeys: codes that clear the screen,
rewrite a line or turn its text around. `show` and `note` write such characters as escapes, keeping line
breaks and tabs. Within a line, `visible` writes a value so that it cannot start a new line either.
"""

import os
import re
import sys
import traceback
from types import TracebackType
from typing import TextIO

from landmark_lib.errors import LandmarkError

# What a shell reports of a program that the system ended for writing to a pipe that nobody reads.
CLOSED_PIPE = 141

# Control characters, line and paragraph separators, characters that change the direction of text or how it
# is read, a byte order mark and lone surrogates. Joiners stay: scripts and emoji need them.
_UNSAFE = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
_UNSAFE_IN_A_VALUE = re.compile(f"[{_UNSAFE}]")
_UNSAFE_IN_A_TEXT = re.compile(f"(?![\n\t])[{_UNSAFE}]")


def visible(value: object) -> str:
    r"""Return a value as text of one line, its control characters as escapes such as `\x1b` and `\n`."""
    return _UNSAFE_IN_A_VALUE.sub(_escaped, str(value))


def visible_text(text: str) -> str:
    """Return a text with its control characters as escapes, its line breaks and tabs kept."""
    return _UNSAFE_IN_A_TEXT.sub(_escaped, text)


def show(text: str) -> None:
    """Write a result and a line break to stdout.

    Raises:
        SystemExit: Nobody reads stdout any more, as after `| head`; the status is 141, as of other programs.
        LandmarkError: It cannot be written, as on a full disk.
    """
    if sys.stdout is None:  # the process was started without one
        return
    try:
        _write(sys.stdout, visible_text(text) + "\n")
    except BrokenPipeError:
        _discard(sys.stdout)
        raise SystemExit(CLOSED_PIPE) from None
    except OSError as error:
        _discard(sys.stdout)
        raise LandmarkError(f"cannot write to stdout: {error.strerror or error}") from None


def note(text: str) -> None:
    """Write a remark and a line break to stderr. Where nobody reads it any more, it is dropped."""
    _remark(visible_text(text) + "\n")


def note_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Write an error that nobody foresaw to stderr, as Python does."""
    note("".join(traceback.format_exception(kind, error, trace)).rstrip("\n"))


class Display:
    """Stderr as a file for a display that draws over its own line. What it shows must be visible already."""

    @property
    def encoding(self) -> str:
        """The encoding of stderr."""
        return sys.stderr.encoding if sys.stderr else "ascii"

    def isatty(self) -> bool:
        """Return whether stderr is a terminal."""
        return sys.stderr is not None and sys.stderr.isatty()

    def fileno(self) -> int:
        """Return the descriptor of stderr."""
        return sys.stderr.fileno()

    def write(self, text: str) -> None:
        """Write a text as it is. Where nobody reads it any more, it is dropped."""
        _remark(text)

    def flush(self) -> None:
        """Do nothing: all is written at once."""


def is_rank_0() -> bool:
    """Return whether this process is the only one, or rank 0 of several under horovodrun."""
    return os.environ.get("HOROVOD_RANK", "0") == "0"


def _escaped(character: re.Match[str]) -> str:
    return character[0].encode("unicode_escape").decode()


def _remark(text: str) -> None:
    if sys.stderr is None:
        return
    try:
        _write(sys.stderr, text)
    except OSError:
        _discard(sys.stderr)


def _write(stream: TextIO, text: str) -> None:
    """Write a text, characters that the stream cannot encode as escapes."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def _discard(stream: TextIO) -> None:
    """Send to nowhere what is left in a stream's buffer, which Python would try to write when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
