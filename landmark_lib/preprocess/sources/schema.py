"""What a listing holds, column by column."""

import pyarrow as pa

# archive and offset are null unless the photo lies in a tar; size is, where asking for it would cost a call.
LIST_SCHEMA = pa.schema(
    [
        ("image_id", pa.string()),
        ("landmark_id", pa.string()),
        ("uri", pa.string()),
        ("reason", pa.string()),  # null unless the list alone tells that an entry can give no photo
        ("detail", pa.string()),
        ("archive", pa.string()),
        ("offset", pa.int64()),  # of the photo's first byte in the archive
        ("size", pa.int64()),  # bytes
    ]
)
# What is found in a folder or in tars, before a list says what it shows. `is_photo` is false for a row that
# tells of a folder or an archive that cannot be read.
FOUND_SCHEMA = LIST_SCHEMA.remove(1).append(pa.field("is_photo", pa.bool_()))
# A list with what else was found: `extra` is true for files that the list leaves out, and sizes are told of
# photos outside tars too, where asked for.
ENTRY_COLUMNS = [*LIST_SCHEMA.names, "extra"]


def printable(name: str) -> str:
    """Write a name so that it can be stored: bytes that are not UTF-8 are escaped."""
    return name.encode("utf-8", "backslashreplace").decode()
