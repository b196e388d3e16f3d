"""Runs that write nothing: the plan told before a pixel moves, and a list compared with its files."""

from collections.abc import Callable

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from landmark_lib.console import visible
from landmark_lib.errors import LandmarkError
from landmark_lib.inputs.source import find_source
from landmark_lib.preprocess.batches import corpus_files
from landmark_lib.preprocess.failures import told_in_one_line
from landmark_lib.preprocess.manifest import describe_counts
from landmark_lib.preprocess.output_directory import Output, resolved_settings
from landmark_lib.preprocess.parts import FILE
from landmark_lib.preprocess.pipeline import kept_classes
from landmark_lib.preprocess.plan import count_labels, count_planned, plan_images, read_ids
from landmark_lib.preprocess.session import running_spark
from landmark_lib.preprocess.shards import lay_out
from landmark_lib.preprocess.sources import listed_photos
from landmark_lib.preprocess.summary import describe_plan, table_1
from landmark_lib.preprocess.verify import verify
from landmark_lib.settings import PreprocessSettings, SourceSettings


def tell_plan(settings: PreprocessSettings, source: str) -> str:
    """Tell what a run with these settings would make, in a page of text.

    Where the output holds a whole corpus already, the plan is for its images; else it is for all that the
    source lists, as if each gave a photo.

    Raises:
        UserError: The source cannot be listed, or no label has enough photos.
    """
    corpus = corpus_files(Output(settings.output, resolved_settings(settings, source)))
    found = None if corpus else find_source(settings.source(source))
    with told_in_one_line(), running_spark("landmark-recognition dry run") as spark:
        if found is None:
            ids = read_ids(spark, settings.output, corpus)
            told = f"For the corpus in {visible(settings.output)}"
            return f"{told}\n\n{_plan_text(ids.persist(), settings)}"
        with listed_photos(spark, found) as photos:
            plan = _plan_text(_readable_ids(photos).persist(), settings)
        return f"For {visible(source)}, if every photo that it lists can be read\n\n{plan}"


def verify_source(source: SourceSettings, say: Callable[[str], None]) -> None:
    """Tell how the list of a source fits its files.

    Raises:
        UserError: The source cannot be listed.
        LandmarkError: They do not fit.
    """
    found = find_source(source)
    with told_in_one_line(), running_spark("landmark-recognition verify") as spark:
        report = verify(spark, found)
    for line in report.lines():
        say(line)
    if report.wrong:
        raise LandmarkError(f"the list and the files of {source.address} do not fit, as told above")


def _plan_text(ids: DataFrame, settings: PreprocessSettings) -> str:
    if settings.unlabelled:
        return f"{ids.count():,} photos without labels"
    label_counts = count_labels(ids)
    classes = kept_classes(label_counts, settings)
    planned = count_planned(plan_images(ids, classes, settings.sampling))
    layout = lay_out(planned, settings.rows_per_shard, settings.ensemble_size, settings.seed)
    kept = f"{len(classes):,} classes (labels with at least {settings.resolved_smallest} images)"
    counts = table_1(describe_counts(label_counts))
    return "\n".join([counts, "", kept, *describe_plan(planned, layout)])


def _readable_ids(photos: DataFrame) -> DataFrame:
    nothing = F.array().cast("array<string>").alias("without_effect")
    return photos.where("reason is null").select(F.lit(0).alias(FILE), "image_id", "landmark_id", nothing)
