"""Where photos come from: a list of them, no pixel read yet.

    folders   folders named by label; without labels, every file below a folder
    csv       a CSV that tells where each photo is: Kaggle's id,url,landmark_id
    images    a folder of images, and a list that gives each id its label
    tar       one tar or a folder of tars, and such a list

Each kind is a module of its own that makes a Spark frame of entries, without anything proportional to the
number of photos on the driver. Nothing is lost on the way: what cannot be listed is an entry with a reason.
"""

from pyspark.sql import DataFrame, SparkSession

from landmark_lib.preprocess.sources import kinds
from landmark_lib.preprocess.sources.csv_list import list_csv
from landmark_lib.preprocess.sources.folders import list_folders
from landmark_lib.preprocess.sources.images import list_images
from landmark_lib.preprocess.sources.matching import mark_repeated_ids
from landmark_lib.preprocess.sources.schema import LIST_SCHEMA
from landmark_lib.preprocess.sources.tars import list_tars
from landmark_lib.settings import SourceSettings

__all__ = ["LIST_SCHEMA", "check_source", "list_entries", "list_photos"]

LISTINGS = {"folders": list_folders, "csv": list_csv, "images": list_images, "tar": list_tars}


def check_source(source: SourceSettings) -> None:
    """Look for mistakes that show before anything is listed.

    Raises:
        UserError: Nothing there, an empty folder, a list with another header, labels missing or of no use.
    """
    kinds.check(kinds.resolve(source))


def list_photos(spark: SparkSession, source: SourceSettings) -> DataFrame:
    """List the photos of a source, with the columns of LIST_SCHEMA; no image id twice without a reason."""
    return list_entries(spark, source, with_sizes=False).where("not extra").select(LIST_SCHEMA.names)


def list_entries(spark: SparkSession, source: SourceSettings, *, with_sizes: bool) -> DataFrame:
    """List the photos of a source and the files that its label list leaves out.

    Args:
        spark: Where to list.
        source: What to list.
        with_sizes: Whether to ask for the size of every file, the web's aside, where that costs a call.

    Returns:
        The columns of LIST_SCHEMA, and `extra`: true for files that the label list leaves out.
    """
    resolved = kinds.resolve(source)
    return mark_repeated_ids(LISTINGS[resolved.kind](spark, resolved, with_sizes=with_sizes))
