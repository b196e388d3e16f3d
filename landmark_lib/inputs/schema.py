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
# A list with what else was found: `extra` is true for files that the list leaves out, and sizes are told of
# photos outside tars too, where asked for.
ENTRY_SCHEMA = LIST_SCHEMA.append(pa.field("extra", pa.bool_()))
# What is found in a folder or in tars, before a list says what it shows. `path` is below the folder or in the
# tar. `is_photo` is false, and there is no id, for a row that tells of something else: a folder or an archive
# that cannot be read, or what is passed over.
FOUND_SCHEMA = pa.schema(
    [*(field for field in LIST_SCHEMA if field.name != "landmark_id"), ("path", pa.string())]
).append(pa.field("is_photo", pa.bool_()))
