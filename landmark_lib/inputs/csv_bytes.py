"""The text of a user's CSV, however it is encoded and packed, read piece by piece."""

import codecs
import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

from landmark_lib.errors import UserError
from landmark_lib.inputs.names import is_litter
from landmark_lib.storage import Place

BYTES_AT_ONCE = 1 << 20
MEMBERS_NAMED = 3
SNIFFED = 1_000  # bytes
# Without a mark, so many zeros among every second byte, and few among the others, mean UTF-16.
ZEROS_OF_UTF_16 = 0.7
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",  # begins as UTF-16's does, so it comes first
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
# What people take for a CSV, or pack one with.
OTHERS = {
    b"BZh": "packed by bzip2",
    b"\xfd7zXZ\0": "packed by xz",
    b"\x28\xb5\x2f\xfd": "packed by zstd",
    b"7z\xbc\xaf": "a 7z archive",
    b"\xd0\xcf\x11\xe0": "a spreadsheet",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
}
LONGEST_MARK = max(map(len, OTHERS))
UNPACKING = (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError)


@contextmanager
def open_plain(place: Place, option: str) -> Iterator[IO[bytes]]:
    """Open a CSV to read its bytes, unpacked if it is a `.gz`, or a `.zip` with one file.

    Args:
        place: The CSV.
        option: Of the command line, that named it.

    Raises:
        UserError: It cannot be read, or is packed in another way.
    """
    if not place.exists():
        raise UserError(f"{option}: no such file: {place}")
    if not place.is_file():  # opening a pipe would wait for ever
        raise UserError(f"{option}: cannot read {place}: not a regular file")
    try:
        file = place.open()
    except OSError as error:
        raise UserError(f"{option}: cannot read {place}: {error.strerror or error}") from None
    with file:
        start = file.read(LONGEST_MARK)
        file.seek(0)
        other = next((what for mark, what in OTHERS.items() if start.startswith(mark)), None)
        if other:
            raise UserError(f"{option}: expected a CSV, plain or as .gz or .zip; {place} is {other}")
        if start.startswith(ZIP):
            with _open_zip(file, place, option) as member:
                yield member
        elif start.startswith(GZIP):
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield cast("IO[bytes]", unpacked)
        else:
            yield file


@contextmanager
def _open_zip(file: IO[bytes], place: Place, option: str) -> Iterator[IO[bytes]]:
    try:
        archive = zipfile.ZipFile(file)
        names = [name for name in archive.namelist() if not name.endswith("/")]
        if "xl/workbook.xml" in names:
            raise UserError(f"{option}: {place} is a spreadsheet; save it as a CSV")
        lists = [name for name in names if not any(map(is_litter, name.split("/")))]
        if len(lists) != 1:
            told = ", ".join(lists[:MEMBERS_NAMED]) + (", …" if len(lists) > MEMBERS_NAMED else "")
            raise UserError(
                f"{option}: expected one file in {place}, found {len(lists):,}: {told}; unpack it"
            )
        member = archive.open(lists[0])
    except UNPACKING as error:
        raise UserError(f"{option}: {place} cannot be unpacked: {error}") from None
    with archive, member:
        yield member


class Text:
    """A CSV's text, decoded as it is read. What is not as its encoding has it is taken for Windows-1252.

    Attributes:
        is_as_encoded: Whether nothing that was read so far had to be taken for Windows-1252.
    """

    def __init__(self, file: IO[bytes], name: str, option: str) -> None:
        """Begin to read.

        Args:
            file: The CSV, as `open_plain` opens it.
            name: What to call it.
            option: Of the command line, that named it.

        Raises:
            UserError: The file cannot be read.
        """
        self._file, self._name, self._option = file, name, option
        self._ahead = self._read_bytes()
        self._decoder = codecs.getincrementaldecoder(_encoding_of(self._ahead))()
        self.is_as_encoded = True

    def read(self) -> str:
        """Return the next piece; nothing at the end. Characters of value zero are left out.

        Raises:
            UserError: The file cannot be read to its end.
        """
        text = ""
        while self._ahead and not text:
            chunk, self._ahead = self._ahead, self._read_bytes()
            try:
                text = self._decoder.decode(chunk, not self._ahead)
            except UnicodeDecodeError:
                self.is_as_encoded = False
                self._decoder.errors = WINDOWS
                text = self._decoder.decode(chunk, not self._ahead)
            text = text.replace("\0", "")
        return text

    def _read_bytes(self) -> bytes:
        try:
            return self._file.read(BYTES_AT_ONCE)
        except UNPACKING as error:
            raise UserError(f"{self._option}: {self._name} cannot be read to its end: {error}") from None


def _encoding_of(start: bytes) -> str:
    for mark, encoding in MARKS.items():
        if start.startswith(mark):
            return encoding
    even, odd = start[:SNIFFED:2], start[1:SNIFFED:2]
    zeros = [half.count(0) / (len(half) or 1) for half in (even, odd)]
    if max(zeros) > ZEROS_OF_UTF_16 > 1 - ZEROS_OF_UTF_16 > min(zeros):
        return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
    return "utf-8"


WINDOWS = "landmark_lib.windows-1252"


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    if error.encoding != "utf-8":
        return "\ufffd", error.end
    wrong = error.object[error.start : error.end]
    # Five values mean nothing in Windows-1252; Latin-1 knows all.
    text = "".join(
        byte.decode("windows-1252", "ignore") or byte.decode("latin-1")
        for byte in (wrong[at : at + 1] for at in range(len(wrong)))
    )
    return text, error.end


codecs.register_error(WINDOWS, _as_windows_1252)
