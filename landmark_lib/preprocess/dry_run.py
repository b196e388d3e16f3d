"""`--dry-run`: the plan as text, before a pixel moves; nothing is written."""

import logging

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from landmark_lib import dataset
from landmark_lib.console import visible
from landmark_lib.dataset import FileRecord
from landmark_lib.inputs.listing import refuse_rare_labels
from landmark_lib.inputs.source import find_source
from landmark_lib.preprocess.batch import read_batch, read_earlier
from landmark_lib.preprocess.duplicates import find_near_duplicates, read_hashes
from landmark_lib.preprocess.failures import explain_failures
from landmark_lib.preprocess.journal import records_of
from landmark_lib.preprocess.manifest import describe_counts
from landmark_lib.preprocess.output_directory import Output, Standing, output_of
from landmark_lib.preprocess.parts import FILE
from landmark_lib.preprocess.plan import count_labels, count_planned, number_classes, plan_images, read_ids
from landmark_lib.preprocess.session import running_spark
from landmark_lib.preprocess.shards import lay_out
from landmark_lib.preprocess.sources import listed_photos
from landmark_lib.preprocess.summary import describe_plan, kept_and_dropped, table_1
from landmark_lib.settings import PreprocessSettings

logger = logging.getLogger(__name__)


def plan_text(settings: PreprocessSettings, source: str) -> str:
    """Return what a run with these settings would make, as a page of text.

    The plan covers the images of a complete corpus of this source in the output directory; without one, all
    photos that the source lists, as if none were rejected and no two looked alike.

    Raises:
        UserError: The source cannot be listed, or no label has enough photos.
    """
    output, settings = output_of(settings, source)
    corpus = _complete_corpus(output)
    found = None if corpus else find_source(settings.source(source))
    if found and not settings.unlabelled:
        refuse_rare_labels(found, settings.resolved_min_label_count)
    with explain_failures(), running_spark("landmark-recognition dry run") as spark:
        if found is None:
            ids, alike = read_ids(spark, settings.output, corpus), None
            if settings.resolved_near_duplicates == "separate":
                photos = read_hashes(spark, settings.output, corpus)
                alike = find_near_duplicates(photos, sum(record.rows for record in corpus)).persist()
            plan = _describe(ids.persist(), settings, alike)
            return f"For the corpus in {visible(settings.output)}\n\n{plan}"
        with listed_photos(spark, found) as photos:
            no_effects = F.array().cast("array<string>").alias("without_effect")
            ids = photos.where("reason is null").select(
                F.lit(0).alias(FILE), "image_id", "landmark_id", no_effects
            )
            plan = _describe(ids.persist(), settings)
        return f"For {visible(source)}, if every photo that it lists can be read\n\n{plan}"


def _complete_corpus(output: Output) -> list[FileRecord]:
    """Return the files of a complete corpus, of a data set finished or under way; else none.

    A corpus of other photos, or made with other settings, is none either.
    """
    standing = output.standing()
    if standing is Standing.NEW:
        return []
    if other := output.differing(output.recorded()["corpus"], "corpus"):
        logger.warning(f"{output.describe_other(other)}; this is the plan of another data set")
        return []
    if standing is Standing.FINISHED:
        return dataset.read_manifest(output.address).files_in(dataset.CORPUS)
    batch = read_batch(output.journal)
    if batch is None or not output.journal.is_closed("corpus"):
        return []
    files = [*read_earlier(output.journal, batch).files, *records_of(output.journal.parts("corpus"))]
    return dataset.files_in(files, dataset.CORPUS)


def _describe(ids: DataFrame, settings: PreprocessSettings, alike: DataFrame | None = None) -> str:
    if settings.unlabelled:
        return f"{ids.count():,} photos without labels"
    label_counts, min_count = count_labels(ids), settings.resolved_min_label_count
    classes = number_classes(label_counts, min_count, settings.hold_out)
    planned = count_planned(plan_images(ids, classes, settings.sampling, alike))
    layout = lay_out(
        planned, settings.rows_per_shard, settings.ensemble_size, settings.seed, settings.framing
    )
    dropped = sum(group.images for group in planned if group.role == dataset.Role.DROPPED)
    kept = kept_and_dropped(len(classes), len(label_counts) - len(classes), dropped, min_count)
    return "\n".join([table_1(describe_counts(label_counts)), "", *kept, *describe_plan(planned, layout)])
