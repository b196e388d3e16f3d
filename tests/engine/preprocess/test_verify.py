"""`--verify` finds what does not fit between a list and its files, and nothing else."""

import hashlib
import io
import tarfile

import pytest
from small_corpus import write_csv
from trees import put

from landmark_lib.errors import UserError
from landmark_lib.inputs.source import find_source
from landmark_lib.preprocess.verify import (
    BAD_MD5_LINE,
    CONTRADICTION,
    EXTRA,
    MISSING_TAR,
    WRONG_MD5,
    Finding,
    TarSums,
    VerifyReport,
    verify,
)
from landmark_lib.settings import SourceSettings


def report_of(spark, address, labels=None, **settings):
    described = SourceSettings(str(address), None if labels is None else str(labels), **settings)
    return verify(spark, find_source(described))


def counts(report):
    return {finding.what: finding.count for finding in report.findings}


def examples(report):
    return {finding.what: finding.examples for finding in report.findings}


def test_a_folder_in_order_has_nothing_wrong(spark, tmp_path):
    for name in ("x/a.jpg", "x/b.jpg", "y/c.jpg"):
        put(tmp_path / name)
    report = report_of(spark, tmp_path)
    assert report == VerifyReport(photos=3, bytes=15, not_checked=0, findings=())
    assert not report.wrong


def test_everything_wrong_between_a_list_and_its_images_is_found(spark, tmp_path):
    for name in ("a.jpg", "b.jpg", "b/b.png", "c.jpg", "d.jpg", "left out.jpg", "e.jpg", "notes.txt"):
        put(tmp_path / "photos" / name)
    (tmp_path / "photos" / "e.jpg").write_bytes(b"")
    rows = [["a", "", "5"], ["b", "", "5"], ["c", "", ""], ["d", "", "6"], ["d", "", "7"], ["e", "", "6"]]
    write_csv(tmp_path / "labels.csv", [*rows, ["gone", "", "6"], ["", "", "6"], ["torn", "6"]])
    report = report_of(spark, tmp_path / "photos", tmp_path / "labels.csv")
    assert (report.photos, report.bytes, report.not_checked) == (3, 15, 0)
    assert counts(report) == {
        "duplicate image id": 2,
        "empty file": 1,
        CONTRADICTION: 1,
        "missing file": 1,
        "no image id": 1,
        "broken row of the list": 1,
        "no label": 1,
        EXTRA: 1,
    }
    assert examples(report)[CONTRADICTION] == ("d: 6, 7",)
    assert examples(report)[EXTRA] == (f"file://{tmp_path}/photos/left out.jpg",)
    assert examples(report)["empty file"] == ("e",)
    assert report.wrong


def test_files_missing_from_a_list_are_reported_but_no_error(spark, tmp_path):
    for number in range(7):
        put(tmp_path / f"{number}.jpg")
    (tmp_path / "train_clean.csv").write_text("landmark_id,images\nx,6\n")
    report = report_of(spark, tmp_path / "train_clean.csv")
    assert not report.wrong
    (finding,) = report.findings
    assert (finding.what, finding.count, finding.wrong) == (EXTRA, 6, False)
    assert finding.examples == tuple(f"file://{tmp_path}/{number}.jpg" for number in range(5))


def test_the_files_of_a_csv_are_looked_for_and_addresses_of_the_web_are_not(spark, tmp_path):
    put(tmp_path / "a.jpg")
    (tmp_path / "empty.jpg").write_bytes(b"")
    addresses = [
        "a.jpg",
        "gone.jpg",
        "empty.jpg",
        ".",
        "unknown://a.jpg",
        "https://example.org/a.jpg",
        "a.jpg",
    ]
    write_csv(tmp_path / "labels.csv", [[str(n), url, "x"] for n, url in enumerate(addresses)])
    report = report_of(spark, tmp_path / "labels.csv")
    assert (report.photos, report.bytes, report.not_checked) == (3, 10, 1)
    assert counts(report) == {
        "empty file": 1,
        "missing file": 1,
        "unreadable file": 1,
        "unsupported address": 1,
    }


def write_tar(path, contents):
    with tarfile.open(path, "w") as tar:
        for name, content in contents.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content))
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def test_tars_are_counted_and_their_md5_sums_checked(spark, tmp_path):
    first = write_tar(tmp_path / "images_000.tar", {"a.jpg": b"1234", "b.jpg": b"12", "c.jpg": b"1"})
    second = write_tar(tmp_path / "images_001.tar", {"d.jpg": b"123", "list.txt": b"d.jpg"})
    write_tar(tmp_path / "images_002.tar", {})
    (tmp_path / "md5.images_000.txt").write_text(f"{first}  images_000.tar\n")
    (tmp_path / "images_001.tar.md5").write_text(f"{second}\n")
    (tmp_path / "train.csv").write_text("id,landmark_id\na,x\nb,y\nd,x\n")
    report = report_of(spark, tmp_path, tmp_path / "train.csv")
    assert report.tars == (
        TarSums("images_000.tar", photos=2, bytes=6, extra=1, md5=True),
        TarSums("images_001.tar", photos=1, bytes=3, extra=0, md5=True),
        TarSums("images_002.tar", photos=0, bytes=0, extra=0, md5=None),
    )
    assert counts(report) == {EXTRA: 1}
    assert (report.photos, report.bytes) == (3, 9)


def test_broken_and_missing_tars_are_wrong(spark, tmp_path):
    md5 = write_tar(tmp_path / "images_000.tar", {"a.jpg": b"1234", "b.jpg": b"12" * 400})
    content = (tmp_path / "images_000.tar").read_bytes()
    (tmp_path / "images_000.tar").write_bytes(content[:1800])
    (tmp_path / "md5sums.txt").write_text(f"{md5}  images_000.tar\n{md5}  images_001.tar\nand no more\n")
    report = report_of(spark, tmp_path, unlabelled=True)
    assert counts(report) == {
        "broken archive": 1,
        BAD_MD5_LINE: 1,
        MISSING_TAR: 1,
        WRONG_MD5: 1,
        "truncated image": 1,
    }
    assert examples(report)[MISSING_TAR] == ("images_001.tar",)
    assert report.tars[0].md5 is False
    assert report.wrong


def test_a_mistake_in_the_source_is_reported_as_such(spark, tmp_path):
    with pytest.raises(UserError, match="--input: no such folder or file"):
        report_of(spark, tmp_path / "nowhere")


def test_a_verification_reports_everything_it_found():
    report = VerifyReport(
        photos=1_234,
        bytes=56_789,
        not_checked=4,
        findings=(
            Finding("missing file", 7, ("a", "b")),
            Finding(EXTRA, 1, ("c",), wrong=False),
        ),
        tars=(TarSums("a.tar", 1_000, 5_000, 2, md5=False), TarSums("b.tar", 3, 4, 5, md5=None)),
    )
    assert report.lines() == [
        "1,234 photos are fine (56,789 bytes)",
        "4 of them were not checked: they are on the web",
        "7 x missing file",
        "    a",
        "    b",
        "    and 5 more",
        "1 x file not on the list (not wrong)",
        "    c",
        "a.tar: 1,000 photos, 5,000 bytes, 2 not on the list, MD5 sum WRONG",
        "b.tar: 3 photos, 4 bytes, 5 not on the list, MD5 sum unknown",
        "something is wrong",
    ]
    assert VerifyReport(0, 0, 0, ()).lines() == ["0 photos are fine (0 bytes)", "nothing is wrong"]
