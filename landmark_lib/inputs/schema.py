"""The columns of a listing."""

import pyarrow as pa

# archive and offset are null unless the photo is in a tar; size is null if it would cost a call.
LIST_SCHEMA = pa.schema(
    [
        ("image_id", pa.string()),
        ("landmark_id", pa.string()),
        ("uri", pa.string()),
        ("reason", pa.string()),  # null unless the list alone shows that the entry must be rejected
        ("detail", pa.string()),
        ("archive", pa.string()),
        ("offset", pa.int64()),  # of the photo's first byte in the archive
        ("size", pa.int64()),  # bytes
    ]
)
# A listing with everything else that was found: `extra` is true for files that are not on the label list.
# Sizes of photos outside tars are known too, if requested.
ENTRY_SCHEMA = LIST_SCHEMA.append(pa.field("extra", pa.bool_()))
# Files in a folder or in tars before they are matched with a list. `path` is below the folder or in the tar.
# `is_photo` is false and there is no id for other rows: unreadable folders and archives, and ignored files.
FOUND_SCHEMA = pa.schema(
    [*(field for field in LIST_SCHEMA if field.name != "landmark_id"), ("path", pa.string())]
).append(pa.field("is_photo", pa.bool_()))
