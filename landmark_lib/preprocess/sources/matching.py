"""Label lists and the files they tell about, brought together by image id."""

from PIL import Image
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from landmark_lib.dataset import Reason
from landmark_lib.preprocess.sources.schema import ENTRY_COLUMNS


def image_id_of(path: Column) -> Column:
    """Give the id of a file: its name without folders and without the ending of an image.

    Other endings stay, so that `a.txt` beside `a.jpg` is not taken for the same photo.
    """
    name = F.substring_index(path, "/", -1)
    # No pattern of all endings: trying it on every name cost more than listing the files.
    without = F.left(name, F.length(name) - F.length(_ending(path)) - 1)
    return F.when(has_image_ending(path) & (without != ""), without).otherwise(name)


def has_image_ending(path: Column) -> Column:
    """Tell whether a file is named like an image that Pillow reads."""
    return F.substring_index(path, "/", -1).contains(".") & F.lower(_ending(path)).isin(IMAGE_ENDINGS)


def _ending(path: Column) -> Column:
    return F.substring_index(path, ".", -1)


def _image_endings() -> list[str]:
    Image.init()
    return sorted(end[1:] for end, kind in Image.registered_extensions().items() if kind in Image.OPEN)


IMAGE_ENDINGS = _image_endings()


def match(labels: DataFrame, found: DataFrame, where: str) -> DataFrame:
    """Give every row of a label list its file.

    A row whose id no file has is a missing file. A file whose id no row has is extra. Two files of one id, or
    two rows, give two entries.

    Args:
        labels: As `list_labels` gives it.
        found: Files, with the columns of FOUND_SCHEMA.
        where: Where files were looked for, for the detail.

    Returns:
        Entries, with ENTRY_COLUMNS.
    """
    listed = labels.select(
        "image_id",
        "landmark_id",
        F.col("reason").alias("list_reason"),
        F.col("detail").alias("list_detail"),
        F.lit(True).alias("on_list"),  # noqa: FBT003 - Spark's way to write a constant
    )
    on_list = F.col("on_list").isNotNull()
    is_missing = F.col("uri").isNull()
    missing = F.when(is_missing, Reason.MISSING_FILE)
    told = F.when(F.col("list_reason").isNotNull(), F.col("list_detail"))
    not_found = F.when(is_missing & F.col("list_reason").isNull(), F.lit(f"no image of this id in {where}"))
    # Full, so that no row of either side is lost; a file is listed once only, not for each question.
    return (
        listed.join(found, "image_id", "full")
        .withColumn("extra", ~on_list & F.col("is_photo"))
        .withColumn("detail", F.coalesce(told, "detail", not_found))
        .withColumn("reason", F.coalesce("list_reason", "reason", missing))
        .select(ENTRY_COLUMNS)
    )


def without_list(found: DataFrame) -> DataFrame:
    """Make entries of files that have no labels."""
    label, extra = F.lit(None).cast("string"), F.lit(False)  # noqa: FBT003 - Spark's way to write a constant
    return found.withColumns({"landmark_id": label, "extra": extra}).select(ENTRY_COLUMNS)


def mark_repeated_ids(entries: DataFrame) -> DataFrame:
    """Leave each image id to one entry, the first by label and address; the others get a reason.

    An entry that can give no photo takes its id from nobody. Of members of a tar that have one name, the last
    counts, as it does when a tar is unpacked.
    """
    can_give_none = F.col("reason").isNotNull()
    same_id = Window.partitionBy("image_id").orderBy(
        "extra", can_give_none, "landmark_id", "uri", F.col("offset").desc()
    )
    again = F.col("reason").isNull() & (F.col("position") > 1)
    return (
        entries.withColumn("position", F.row_number().over(same_id))
        .withColumn("detail", F.when(again, F.lit("another row has this id")).otherwise(F.col("detail")))
        .withColumn("reason", F.when(again, F.lit(Reason.DUPLICATE_ID)).otherwise(F.col("reason")))
        .drop("position")
    )
