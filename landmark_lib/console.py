"""All output for people: results on stdout, remarks on stderr.

Labels, ids and file names are untrusted. They may contain control sequences that clear the screen, rewrite a
line or reverse its text. `show` and `note` escape such characters, except line breaks and tabs. `visible`
escapes those too, so that a value cannot start a new line.
"""

import os
import re
import sys
import traceback
from types import TracebackType
from typing import TextIO

from landmark_lib.errors import LandmarkError

# A shell's status for a program that the system ended for writing to a closed pipe.
CLOSED_PIPE = 141
# horovodrun sets it to the width of the terminal that shows the ranks' output.
COLUMNS = "LANDMARK_TERMINAL_COLUMNS"
DEFAULT_COLUMNS = 80  # of a terminal that reports none
RANK_PREFIX = len("[0]<stderr>:")  # which horovodrun writes before each line of rank 0

# Control characters, line and paragraph separators, characters that change the direction of text or its
# interpretation, a byte order mark and lone surrogates. Joiners stay: scripts and emoji need them.
_UNSAFE = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
_UNSAFE_IN_A_VALUE = re.compile(f"[{_UNSAFE}]")
_UNSAFE_IN_A_TEXT = re.compile(f"(?![\n\t])[{_UNSAFE}]")


def visible(value: object) -> str:
    r"""Return a value as one line of text, with control characters escaped as `\x1b` or `\n`."""
    return _UNSAFE_IN_A_VALUE.sub(_escape, str(value))


def visible_text(text: str) -> str:
    """Return a text with control characters escaped, except line breaks and tabs."""
    return _UNSAFE_IN_A_TEXT.sub(_escape, text)


def show(text: str) -> None:
    """Write a result and a line break to stdout.

    Raises:
        SystemExit: Nobody reads stdout any more, as after `| head`. The status is 141, as usual in a shell.
        LandmarkError: Writing fails, for example on a full disk.
    """
    if sys.stdout is None:  # the process started without one
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
    """Write a remark and a line break to stderr. It is dropped if nobody reads stderr."""
    _remark(visible_text(text) + "\n")


def note_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Write an unexpected error to stderr, as Python does."""
    note("".join(traceback.format_exception(kind, error, trace)).rstrip("\n"))


class Display:
    """Stderr as a file for a display that overwrites its own line; takes escaped text only."""

    @property
    def encoding(self) -> str:
        """The encoding of stderr."""
        return sys.stderr.encoding if sys.stderr else "ascii"

    def isatty(self) -> bool:
        """Return whether stderr is a terminal."""
        return sys.stderr is not None and sys.stderr.isatty()

    def columns(self) -> int | None:
        """Return the width of the terminal that shows stderr; None if there is none."""
        try:
            if self.isatty():
                return os.get_terminal_size(self.fileno()).columns or DEFAULT_COLUMNS
        except OSError:
            return None
        around = os.environ.get(COLUMNS, "") if "HOROVOD_RANK" in os.environ else ""
        return max(1, int(around) - RANK_PREFIX) if around.isdecimal() else None

    def fileno(self) -> int:
        """Return the descriptor of stderr."""
        return sys.stderr.fileno()

    def write(self, text: str) -> None:
        """Write a text unchanged. It is dropped if nobody reads stderr."""
        _remark(text)

    def flush(self) -> None:
        """Do nothing: every write is flushed."""


def is_rank_0() -> bool:
    """Return whether this process is the only one, or rank 0 of several under horovodrun."""
    return os.environ.get("HOROVOD_RANK", "0") == "0"


def _escape(character: re.Match[str]) -> str:
    return character[0].encode("unicode_escape").decode()


def _remark(text: str) -> None:
    if sys.stderr is None:
        return
    try:
        _write(sys.stderr, text)
    except OSError:
        _discard(sys.stderr)


def _write(stream: TextIO, text: str) -> None:
    """Write a text; escape characters that the stream cannot encode."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def _discard(stream: TextIO) -> None:
    """Redirect a stream to /dev/null, because Python would flush its buffer again at exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
