"""`--verify`: the list compared with the files, no pixel read and nothing written.

Everything that would end among the rejected without a look at pixels is wrong, and so are labels that
contradict each other, empty files, and tars that their MD5 sums do not fit. Files that the label list leaves
out are told but not wrong: a cleaned list leaves photos out on purpose. Photos on the web are not asked for.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from landmark_lib.console import visible
from landmark_lib.dataset import Reason
from landmark_lib.inputs.source import Source
from landmark_lib.inputs.tars import find_tars
from landmark_lib.preprocess.sources import listed_entries
from landmark_lib.preprocess.sources.matching import has_image_ending
from landmark_lib.preprocess.sources.md5_lists import read_md5_lists
from landmark_lib.storage import Place

EXTRA = "file not on the list"
CONTRADICTION = "image id with several labels"
WRONG_MD5 = "tar with another MD5 sum"
MISSING_TAR = "tar on an MD5 list but not there"
BAD_MD5_LINE = "line of an MD5 list that is no sum"
EXAMPLES = 5
BYTES_SUMMED_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Finding:
    """One sort of thing found.

    Attributes:
        what: In words.
        count: How many.
        examples: A few of them, the first in order.
        wrong: Whether the source is wrong because of it.
    """

    what: str
    count: int
    examples: tuple[str, ...]
    wrong: bool = True


@dataclass(frozen=True)
class TarSums:
    """What a tar holds; `bytes` is of its photos, `md5` whether its sum is right (None: no list has it)."""

    name: str
    photos: int
    bytes: int
    extra: int
    md5: bool | None


@dataclass(frozen=True)
class VerifyReport:
    """What was found in a source.

    Attributes:
        photos: Photos that are listed and nothing is known against.
        bytes: Size of those that were looked for.
        not_checked: Those of them on the web, where nothing was asked for.
        findings: What else there is, the wrong first.
        tars: Each tar of the source.
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
        """Tell it in lines of text."""
        lines = [f"{self.photos:,} photos in order ({self.bytes:,} bytes)"]
        if self.not_checked:
            lines.append(f"{self.not_checked:,} of them not checked: their addresses are on the web")
        for finding in self.findings:
            lines.append(f"{finding.count:,} x {finding.what}{'' if finding.wrong else ' (not wrong)'}")
            lines += [f"    {visible(example)}" for example in finding.examples]
            if finding.count > len(finding.examples):
                lines.append(f"    and {finding.count - len(finding.examples):,} more")
        return [*lines, *map(_tar_line, self.tars), "wrong" if self.wrong else "nothing is wrong"]


def _tar_line(tar: TarSums) -> str:
    md5 = {True: "MD5 right", False: "MD5 WRONG", None: "no MD5 sum known"}[tar.md5]
    counts = f"{tar.photos:,} photos, {tar.bytes:,} bytes, {tar.extra:,} not on the list"
    return f"{visible(tar.name)}: {counts}, {md5}"


def verify(spark: SparkSession, source: Source) -> VerifyReport:
    """Compare the list of a source with its files.

    Only counts and a few examples come to the driver. Tars are read whole where an MD5 list lies beside them.

    Raises:
        UserError: The source cannot be listed.
    """
    with listed_entries(spark, source, with_sizes=True) as listed:
        entries = listed.withColumn("finding", _finding())
        photos, size, not_checked = _totals(entries)
        findings = [*_findings(entries), *_contradictions(entries)]
        tars, of_tars = _verify_tars(entries, source)
    ordered = sorted([*findings, *of_tars], key=lambda finding: (not finding.wrong, finding.what))
    return VerifyReport(photos, size, not_checked, tuple(ordered), tars)


def _finding() -> Column:
    # A CSV or an MD5 list beside the photos is no photo that the list leaves out.
    is_photo = has_image_ending(F.col("uri"))
    empty = F.when(F.col("size") == 0, Reason.EMPTY_FILE)
    return F.when(F.col("extra"), F.when(is_photo, EXTRA)).otherwise(F.coalesce("reason", empty))


def _totals(entries: DataFrame) -> tuple[int, int, int]:
    in_order = entries.where("finding is null and not extra")
    unknown = F.count(F.when(F.col("size").isNull(), 1))
    row = in_order.agg(F.count("*"), F.coalesce(F.sum("size"), F.lit(0)), unknown).collect()[0]
    return int(row[0]), int(row[1]), int(row[2])


def _findings(entries: DataFrame) -> Iterator[Finding]:
    counts = entries.where("finding is not null").groupBy("finding").count().collect()
    name = F.when(F.col("extra"), F.col("uri")).otherwise(F.col("image_id"))
    example = F.concat_ws(": ", name, F.when(~F.col("extra"), F.col("detail")))
    for what, count in sorted((row["finding"], row["count"]) for row in counts):
        found = entries.where(F.col("finding") == what).select(example.alias("example"))
        yield Finding(what, count, _first(found), wrong=what != EXTRA)


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
        told = several.select(
            F.concat("image_id", F.lit(": "), F.array_join("labels", ", ")).alias("example")
        )
        yield Finding(CONTRADICTION, count, _first(told))


def _first(examples: DataFrame) -> tuple[str, ...]:
    return tuple(row["example"] for row in examples.orderBy("example").limit(EXAMPLES).collect())


def _verify_tars(entries: DataFrame, source: Source) -> tuple[tuple[TarSums, ...], list[Finding]]:
    if source.kind != "tar":
        return (), []
    uris = [tar.address for tar in find_tars(source.place, source.option)]
    known = read_md5_lists(source.place)
    is_right = _check_md5(entries.sparkSession, uris, known.sums)
    names = {uri: uri.rpartition("/")[2] for uri in uris}
    counted = _count_members(entries)
    tars = tuple(TarSums(names[uri], *counted.get(uri, (0, 0, 0)), is_right.get(uri)) for uri in uris)
    lost = sorted(set(known.sums) - set(names.values())) if source.place.is_dir() else []
    told = {
        WRONG_MD5: sorted(tar.name for tar in tars if tar.md5 is False),
        MISSING_TAR: lost,
        BAD_MD5_LINE: known.not_understood,
    }
    return tars, [Finding(what, len(all_), tuple(all_[:EXAMPLES])) for what, all_ in told.items() if all_]


def _count_members(entries: DataFrame) -> dict[str, tuple[int, int, int]]:
    # Rows that share a member because the list repeats its id count it once.
    members = entries.where("archive is not null").dropDuplicates(["archive", "offset"])
    listed = F.when(~F.col("extra"), F.col("size"))
    rows = members.groupBy("archive").agg(
        F.count(listed), F.coalesce(F.sum(listed), F.lit(0)), F.count(F.when(F.col("finding") == EXTRA, 1))
    )
    return {row[0]: (int(row[1]), int(row[2]), int(row[3])) for row in rows.collect()}


def _check_md5(spark: SparkSession, uris: list[str], sums: Mapping[str, str]) -> dict[str, bool]:
    known = [(uri, sums[name]) for uri in uris for name in [uri.rpartition("/")[2]] if name in sums]
    if not known:
        return {}
    columns = "uri string, md5 string"
    tasks = spark.createDataFrame(spark.sparkContext.parallelize(known, len(known)), columns)
    summed = tasks.mapInArrow(_sum_tars, columns).collect()
    expected = dict(known)
    return {row["uri"]: row["md5"] == expected[row["uri"]] for row in summed}


def _sum_tars(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        uris = batch.column("uri").to_pylist()
        yield pa.record_batch([pa.array(uris), pa.array(map(_md5, uris))], ["uri", "md5"])


def _md5(uri: str) -> str:
    md5 = hashlib.md5(usedforsecurity=False)
    with Place(uri).open() as file:
        while chunk := file.read(BYTES_SUMMED_AT_ONCE):
            md5.update(chunk)
    return md5.hexdigest()
