"""Lists of photos: Kaggle's `id,url,landmark_id`, Google Landmarks v2's `landmark_id,images`.

`images` contains ids separated by spaces. Other columns are ignored.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from landmark_lib.dataset import Reason
from landmark_lib.errors import UserError
from landmark_lib.inputs.csv_file import Header, UsersCsv
from landmark_lib.inputs.remarks import NOT_UTF8

COLUMNS = ("id", "images", "url", "landmark_id")
LABEL_SCHEMA = pa.schema(
    [
        ("image_id", pa.string()),
        ("landmark_id", pa.string()),
        ("url", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)


def check_header(header: Header, option: str, *, unlabelled: bool, url: bool) -> None:
    """Check that a list has the columns that are needed.

    Without labels, a list of addresses may omit the ids; the addresses are used instead.

    Args:
        header: Its header.
        option: The command-line option that names the list.
        unlabelled: Whether labels are not needed.
        url: Whether addresses are needed.

    Raises:
        UserError: A column is missing.
    """
    needed = ["id", *(["url"] if url else []), *([] if unlabelled else ["landmark_id"])]
    found = set(header.names)
    if set(needed) <= found or ({"landmark_id", "images"} <= found and not url):
        return
    if unlabelled and url and "url" in found:
        return
    also = "" if url or unlabelled else " or landmark_id,images"
    raise UserError(
        f"{option}: expected a CSV with the header {','.join(needed)}{also}, found {header.shown}"
    )


def read_labels(opened: UsersCsv, *, unlabelled: bool, in_memory: bool = False) -> Iterator[pa.Table]:
    """Yield the rows of a list in tables of LABEL_SCHEMA.

    A row without an id or a label has a reason. A row whose number of columns differs from the header's is a
    broken row, with the list's name and the row's number as its id. A remark follows if the list is not
    UTF-8.

    Args:
        opened: The list.
        unlabelled: Whether to ignore labels.
        in_memory: See `UsersCsv.rows`.

    Raises:
        UserError: It cannot be read to its end.
    """
    for rows in opened.rows(COLUMNS, in_memory=in_memory):
        yield _labels(rows.table, opened.header, unlabelled=unlabelled)
        if rows.torn:
            broken = [
                {
                    "image_id": f"{opened.name} {row.where}",
                    "reason": Reason.BROKEN_ROW,
                    "detail": row.detail,
                }
                for row in rows.torn
            ]
            yield pa.Table.from_pylist(broken, LABEL_SCHEMA)
    if not opened.is_valid:
        yield pa.Table.from_pylist([{"image_id": opened.name, "reason": NOT_UTF8}], LABEL_SCHEMA)


def _labels(rows: pa.Table, header: Header, *, unlabelled: bool) -> pa.Table:
    ids, labels, urls = rows["id"], rows["landmark_id"], rows["url"]
    if "id" not in header.names and "images" in header.names:
        images = pc.utf8_split_whitespace(rows["images"]).combine_chunks()
        row_of_image = pc.list_parent_indices(images)
        ids, labels, urls = pc.list_flatten(images), labels.take(row_of_image), urls.take(row_of_image)
    elif "id" not in header.names:
        ids = urls
    ids, nulls = pc.fill_null(ids, ""), pa.nulls(len(ids), pa.string())
    reasons = nulls
    if unlabelled:
        labels = nulls
    else:
        has_no_label = pc.equal(pc.fill_null(labels, ""), "")
        labels = pc.if_else(has_no_label, nulls, labels)
        reasons = pc.if_else(has_no_label, pa.scalar(Reason.NO_LABEL.value), nulls)
    reasons = pc.if_else(pc.equal(ids, ""), pa.scalar(Reason.NO_ID.value), reasons)
    return pa.table([ids, labels, urls, reasons, nulls], LABEL_SCHEMA)
