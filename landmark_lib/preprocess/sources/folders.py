"""A folder of folders named by label; or, without labels, every file below a folder."""

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from landmark_lib.dataset import Reason
from landmark_lib.errors import UserError
from landmark_lib.preprocess.sources.address import locate
from landmark_lib.preprocess.sources.schema import ENTRY_COLUMNS
from landmark_lib.preprocess.sources.walk import children, list_files
from landmark_lib.settings import SourceSettings


def check_folders(source: SourceSettings) -> None:
    """Look for mistakes that show before anything is listed.

    Raises:
        UserError: Labels are given twice, or the folder holds no folders.
    """
    if source.labels is not None:
        raise UserError(f"--labels: expected none with --kind folders, received {source.labels}")
    root = locate(source.address)
    if not source.unlabelled and not any(child.is_folder for child in children(root, "", with_sizes=False)):
        raise UserError(
            f"--input: expected folders named by label in {source.address}, found files only;"
            " their labels can be given with --labels, or left out with --unlabelled"
        )


def list_folders(spark: SparkSession, source: SourceSettings, *, with_sizes: bool) -> DataFrame:
    """List the photos below a folder; ids are paths below it, labels their first parts."""
    root = locate(source.address)
    files = list_files(spark, root, with_sizes=with_sizes)
    path = F.col("path")
    label = F.substring_index(path, "/", 1)
    outside = path == label
    no_label = ~F.lit(source.unlabelled) & outside & ~F.col("is_folder")
    why = F.lit("lies outside the labels' folders")
    return files.select(
        path.alias("image_id"),
        F.when(~F.lit(source.unlabelled) & ~no_label, label).alias("landmark_id"),
        F.concat(F.lit(root.uri + "/"), path).alias("uri"),
        F.when(no_label, Reason.NO_LABEL).otherwise(F.col("reason")).alias("reason"),
        F.when(no_label, why).otherwise(F.col("detail")).alias("detail"),
        F.lit(None).cast("string").alias("archive"),
        F.lit(None).cast("bigint").alias("offset"),
        "size",
        F.lit(False).alias("extra"),  # noqa: FBT003 - Spark's way to write a constant
    ).select(ENTRY_COLUMNS)
