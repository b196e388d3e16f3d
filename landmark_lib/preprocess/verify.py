"""`--verify`: compare the list with the files, without reading pixels or writing anything.

Wrong is whatever would be rejected before its pixels are read, contradictory labels, empty files, and tars
with another MD5 sum. Files that are not on the label list are reported but not wrong, as a cleaned list omits
photos on purpose. Photos on the web are not requested.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from landmark_lib.console import show, visible
from landmark_lib.dataset import Reason
from landmark_lib.errors import LandmarkError
from landmark_lib.inputs.source import Source, find_source
from landmark_lib.preprocess.failures import explain_failures
from landmark_lib.preprocess.session import running_spark
from landmark_lib.preprocess.sources import listed_entries
from landmark_lib.preprocess.sources.matching import has_image_ending
from landmark_lib.preprocess.sources.md5_lists import read_md5_lists
from landmark_lib.settings import SourceSettings
from landmark_lib.storage import Place

EXTRA = "file not on the list"
CONTRADICTION = "image id with several labels"
WRONG_MD5 = "tar with another MD5 sum"
MISSING_TAR = "missing tar of an MD5 list"
BAD_MD5_LINE = "line of an MD5 list without a sum"
EXAMPLES = 5


@dataclass(frozen=True)
class Finding:
    """Things of one kind that were found.

    Attributes:
        what: Their kind, in words.
        count: How many there are.
        examples: The first few of them in order.
        wrong: Whether they make the source wrong.
    """

    what: str
    count: int
    examples: tuple[str, ...]
    wrong: bool = True


@dataclass(frozen=True)
class TarSums:
    """Contents of a tar: `bytes` are its photos'; `md5` is whether its sum is right, None if unknown."""

    name: str
    photos: int
    bytes: int
    extra: int
    md5: bool | None


@dataclass(frozen=True)
class VerifyReport:
    """What was found in a source.

    Attributes:
        photos: Listed photos without a finding.
        bytes: Size of those with a known size.
        not_checked: Those on the web, which were not requested.
        findings: Everything else, what is wrong first.
        tars: The tars of the source.
    """

    photos: int
    bytes: int
    not_checked: int
    findings: tuple[Finding, ...]
    tars: tuple[TarSums, ...] = ()

    @property
    def wrong(self) -> bool:
        """Whether anything is wrong."""
        return any(finding.wrong for finding in self.findings)

    def lines(self) -> list[str]:
        """Return the report as lines of text."""
        lines = [f"{self.photos:,} photos are fine ({self.bytes:,} bytes)"]
        if self.not_checked:
            lines.append(f"{self.not_checked:,} of them were not checked: they are on the web")
        for finding in self.findings:
            lines.append(f"{finding.count:,} x {finding.what}{'' if finding.wrong else ' (not wrong)'}")
            lines += [f"    {visible(example)}" for example in finding.examples]
            if finding.count > len(finding.examples):
                lines.append(f"    and {finding.count - len(finding.examples):,} more")
        for tar in self.tars:
            md5 = {True: "MD5 sum correct", False: "MD5 sum WRONG", None: "MD5 sum unknown"}[tar.md5]
            counts = f"{tar.photos:,} photos, {tar.bytes:,} bytes, {tar.extra:,} not on the list"
            lines.append(f"{visible(tar.name)}: {counts}, {md5}")
        return [*lines, "something is wrong" if self.wrong else "nothing is wrong"]


def verify_source(settings: SourceSettings) -> None:
    """Print how the list of a source fits its files.

    Raises:
        UserError: The source cannot be listed.
        LandmarkError: They do not fit.
    """
    source = find_source(settings)
    with explain_failures(), running_spark("landmark-recognition verify") as spark:
        report = verify(spark, source)
    show("\n".join(report.lines()))
    if report.wrong:
        raise LandmarkError(f"the list and the files of {settings.address} do not match; see above")


def verify(spark: SparkSession, source: Source) -> VerifyReport:
    """Compare the list of a source with its files.

    Only counts and a few examples reach the driver. Tars are read whole if there is an MD5 list beside them.

    Raises:
        UserError: The source cannot be listed.
    """
    with listed_entries(spark, source, with_sizes=True) as listed:
        # A CSV or an MD5 list beside the photos is not a photo missing from the list.
        extra = F.when(has_image_ending(F.col("uri")), EXTRA)
        empty = F.when(F.col("size") == 0, Reason.EMPTY_FILE)
        finding = F.when(F.col("extra"), extra).otherwise(F.coalesce("reason", empty))
        entries = listed.withColumn("finding", finding)
        unknown = F.count(F.when(F.col("size").isNull(), 1))
        fine = entries.where("finding is null and not extra")
        sums = fine.agg(F.count("*"), F.coalesce(F.sum("size"), F.lit(0)), unknown).collect()[0]
        photos, size, not_checked = map(int, sums)
        findings = list(_contradictions(entries))
        name = F.when(F.col("extra"), F.col("uri")).otherwise(F.col("image_id"))
        example = F.concat_ws(": ", name, F.when(~F.col("extra"), F.col("detail"))).alias("example")
        counts = entries.where("finding is not null").groupBy("finding").count().collect()
        for what, count in sorted((row["finding"], row["count"]) for row in counts):
            found = entries.where(F.col("finding") == what).select(example)
            findings.append(Finding(what, count, _first(found), wrong=what != EXTRA))
        tars, of_tars = _verify_tars(entries, source)
    ordered = sorted([*findings, *of_tars], key=lambda finding: (not finding.wrong, finding.what))
    return VerifyReport(photos, size, not_checked, tuple(ordered), tars)


def _contradictions(entries: DataFrame) -> Iterator[Finding]:
    labels = F.array_sort(F.collect_set("landmark_id"))
    several = (
        entries.where("not extra and trim(image_id) <> '' and landmark_id is not null")
        .groupBy("image_id")
        .agg(labels.alias("labels"))
        .where(F.size("labels") > 1)
    )
    count = several.count()
    if count:
        example = F.concat("image_id", F.lit(": "), F.array_join("labels", ", "))
        yield Finding(CONTRADICTION, count, _first(several.select(example.alias("example"))))


def _first(examples: DataFrame) -> tuple[str, ...]:
    return tuple(row["example"] for row in examples.orderBy("example").limit(EXAMPLES).collect())


def _verify_tars(entries: DataFrame, source: Source) -> tuple[tuple[TarSums, ...], list[Finding]]:
    if source.kind != "tar":
        return (), []
    uris = [tar.address for tar in source.tars]
    known = read_md5_lists(source.place)
    is_right = _check_md5(entries.sparkSession, uris, known.sums)
    names = {uri: uri.rpartition("/")[2] for uri in uris}
    # Rows of a repeated id share a member, which counts once.
    members = entries.where("archive is not null").dropDuplicates(["archive", "offset"])
    listed, extra = F.when(~F.col("extra"), F.col("size")), F.when(F.col("finding") == EXTRA, 1)
    counts = members.groupBy("archive").agg(
        F.count(listed), F.coalesce(F.sum(listed), F.lit(0)), F.count(extra)
    )
    counted = {row[0]: (int(row[1]), int(row[2]), int(row[3])) for row in counts.collect()}
    tars = tuple(TarSums(names[uri], *counted.get(uri, (0, 0, 0)), is_right.get(uri)) for uri in uris)
    lost = sorted(set(known.sums) - set(names.values())) if source.place.is_dir() else []
    findings = {
        WRONG_MD5: sorted(tar.name for tar in tars if tar.md5 is False),
        MISSING_TAR: lost,
        BAD_MD5_LINE: known.not_understood,
    }
    return tars, [Finding(what, len(all_), tuple(all_[:EXAMPLES])) for what, all_ in findings.items() if all_]


def _check_md5(spark: SparkSession, uris: list[str], sums: Mapping[str, str]) -> dict[str, bool]:
    def sum_tars(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        md5 = partial(hashlib.md5, usedforsecurity=False)
        for batch in batches:
            found = []
            for uri in batch.column("uri").to_pylist():
                with Place(uri).open() as file:
                    digest = hashlib.file_digest(file, md5)  # type: ignore[arg-type] # a readable file
                    found.append(digest.hexdigest())
            yield pa.record_batch([batch.column("uri"), pa.array(found)], ["uri", "md5"])

    known = [(uri, sums[name]) for uri in uris for name in [uri.rpartition("/")[2]] if name in sums]
    if not known:
        return {}
    columns = "uri string, md5 string"
    tasks = spark.createDataFrame(spark.sparkContext.parallelize(known, len(known)), columns)
    summed = tasks.mapInArrow(sum_tars, columns).collect()
    expected = dict(known)
    return {row["uri"]: row["md5"] == expected[row["uri"]] for row in summed}
