"""A folder of images and a list of labels: `<id>.jpg`, or Google Landmarks v2's `a/b/c/<id>.jpg`."""

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from landmark_lib.preprocess.sources.address import locate
from landmark_lib.preprocess.sources.label_list import list_labels
from landmark_lib.preprocess.sources.matching import image_id_of, match, without_list
from landmark_lib.preprocess.sources.schema import FOUND_SCHEMA
from landmark_lib.preprocess.sources.walk import list_files
from landmark_lib.settings import SourceSettings


def list_images(spark: SparkSession, source: SourceSettings, *, with_sizes: bool) -> DataFrame:
    """List the rows of the label list with their files; without a list, every file under its name as id."""
    root = locate(source.address)
    path = F.col("path")
    is_photo = ~F.col("is_folder")
    found = (
        list_files(spark, root, with_sizes=with_sizes)
        .withColumns(
            {
                "image_id": F.when(is_photo, image_id_of(path)).otherwise(path),
                "uri": F.concat(F.lit(root.uri + "/"), path),
                "archive": F.lit(None).cast("string"),
                "offset": F.lit(None).cast("bigint"),
                "is_photo": is_photo,
            }
        )
        .select(FOUND_SCHEMA.names)
    )
    if source.labels is None:
        return without_list(found)
    labels = list_labels(spark, locate(source.labels), unlabelled=source.unlabelled)
    return match(labels, found, source.address)
