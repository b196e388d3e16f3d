"""The text of a user's CSV in any encoding, plain or compressed, read in chunks."""

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

CHUNK_BYTES = 1 << 20
MAX_NAMES_SHOWN = 3
SNIFFED = 1_000  # bytes
# Without a byte order mark, this share of zeros in every second byte, and few in the others, mean UTF-16.
ZEROS_OF_UTF_16 = 0.7
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",  # starts like UTF-16's, so it comes first
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
# Other formats, and how messages name them.
OTHERS = {
    b"BZh": "compressed by bzip2",
    b"\xfd7zXZ\0": "compressed by xz",
    b"\x28\xb5\x2f\xfd": "compressed by zstd",
    b"7z\xbc\xaf": "a 7z archive",
    b"\xd0\xcf\x11\xe0": "a spreadsheet",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
}
LONGEST_MARK = max(map(len, OTHERS))
UNPACKING = (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError)


@contextmanager
def open_plain(place: Place, option: str) -> Iterator[IO[bytes]]:
    """Open a CSV to read its bytes, decompressed if it is a `.gz`, or a `.zip` with one file.

    Args:
        place: The CSV.
        option: The command-line option that names it.

    Raises:
        UserError: It cannot be read, or is compressed in another way.
    """
    if not place.exists():
        raise UserError(f"{option}: no such file: {place}")
    if not place.is_file():  # opening a pipe would block
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
            shown = ", ".join(lists[:MAX_NAMES_SHOWN]) + (", …" if len(lists) > MAX_NAMES_SHOWN else "")
            raise UserError(
                f"{option}: expected one file in {place}, found {len(lists):,}: {shown}; unpack it"
            )
        member = archive.open(lists[0])
    except UNPACKING as error:
        raise UserError(f"{option}: {place} cannot be unpacked: {error}") from None
    with archive, member:
        yield member


class Text:
    """A CSV's text, decoded while it is read. Bytes invalid in its encoding are read as Windows-1252.

    Attributes:
        is_valid: Whether no bytes were invalid so far.
    """

    def __init__(self, file: IO[bytes], name: str, option: str) -> None:
        """Read the first chunk.

        Args:
            file: The CSV, opened by `open_plain`.
            name: Its name, for messages.
            option: The command-line option that names it.

        Raises:
            UserError: The file cannot be read.
        """
        self._file, self._name, self._option = file, name, option
        self._ahead = self._read_bytes()
        encoding = next((known for mark, known in MARKS.items() if self._ahead.startswith(mark)), "utf-8")
        even, odd = self._ahead[:SNIFFED:2], self._ahead[1:SNIFFED:2]
        zeros = [half.count(0) / (len(half) or 1) for half in (even, odd)]
        if encoding == "utf-8" and max(zeros) > ZEROS_OF_UTF_16 > 1 - ZEROS_OF_UTF_16 > min(zeros):
            encoding = "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self.is_valid = True

    def read(self) -> str:
        """Return the next chunk without NUL characters; nothing at the end.

        Raises:
            UserError: The file cannot be read to its end.
        """
        text = ""
        while self._ahead and not text:
            chunk, self._ahead = self._ahead, self._read_bytes()
            try:
                text = self._decoder.decode(chunk, not self._ahead)
            except UnicodeDecodeError:
                self.is_valid = False
                self._decoder.errors = WINDOWS
                text = self._decoder.decode(chunk, not self._ahead)
            text = text.replace("\0", "")
        return text

    def _read_bytes(self) -> bytes:
        try:
            return self._file.read(CHUNK_BYTES)
        except UNPACKING as error:
            raise UserError(f"{self._option}: {self._name} cannot be read to its end: {error}") from None


WINDOWS = "landmark_lib.windows-1252"


def _decode_windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    if error.encoding != "utf-8":
        return "\ufffd", error.end
    wrong = error.object[error.start : error.end]
    # Windows-1252 leaves five bytes undefined; Latin-1 defines all.
    text = "".join(
        byte.decode("windows-1252", "ignore") or byte.decode("latin-1")
        for byte in (wrong[at : at + 1] for at in range(len(wrong)))
    )
    return text, error.end


codecs.register_error(WINDOWS, _decode_windows_1252)
