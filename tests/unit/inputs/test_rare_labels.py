"""Photos whose labels are all too rare are refused by a count that ends as soon as one label has enough."""

import pytest
from trees import counted_entries, put

from landmark_lib.errors import UserError
from landmark_lib.inputs import listing
from landmark_lib.inputs.listing import refuse_rare_labels
from landmark_lib.inputs.source import find_source
from landmark_lib.settings import SourceSettings

TOO_FEW = r"^--min-label-count: no label has 4 photos, the largest has 3$"


@pytest.fixture
def folders(tmp_path):
    for number in range(5):
        put(tmp_path / "in" / ("often" if number < 3 else "rare") / "deep" / f"{number}.jpg")
    put(tmp_path / "in" / "rare" / ".hidden.jpg")
    return tmp_path / "in"


def source_of(place, **settings):
    return find_source(SourceSettings(str(place), **settings))


def listed(tmp_path, header, *rows):
    (tmp_path / "list.csv").write_text("\n".join([header, *rows]))
    return str(tmp_path / "list.csv")


def test_folders_named_by_label_are_counted(folders):
    with pytest.raises(UserError, match=TOO_FEW):
        refuse_rare_labels(source_of(folders), 4)
    refuse_rare_labels(source_of(folders), 3)


@pytest.mark.parametrize("header", ["id,url,landmark_id", "id,landmark_id"])
def test_rows_of_a_list_are_counted_without_those_that_it_rejects(folders, tmp_path, header):
    width = header.count(",")
    rows = [f"{number},{'x.jpg,' * (width - 1)}often" for number in range(3)]
    rows += [f",{'x.jpg,' * (width - 1)}often", f"9,{'x.jpg,' * (width - 1)}"]
    labels = listed(tmp_path, header, *rows)
    source = source_of(labels) if "url" in header else source_of(folders, labels=labels)
    with pytest.raises(UserError, match=TOO_FEW):
        refuse_rare_labels(source, 4)
    refuse_rare_labels(source, 3)


def test_many_files_without_a_folder_are_no_labels(tmp_path):
    for number in range(300):
        put(tmp_path / f"{number}.jpg")
    with pytest.raises(UserError, match="expected folders named by label"):
        refuse_rare_labels(source_of(tmp_path), 1)


def test_counting_ends_with_the_first_label_that_has_enough(tmp_path, monkeypatch):
    for number in range(8):
        put(tmp_path / f"label {number % 2}" / f"{number}.jpg")
    source = source_of(tmp_path)
    monkeypatch.setattr("landmark_lib.inputs.walk.ROWS_PER_BATCH", 3)
    seen = counted_entries(monkeypatch)
    refuse_rare_labels(source, 3)
    assert len(seen) <= 6  # the labels, and the photos of one


def test_a_large_source_is_left_to_spark(folders, tmp_path, monkeypatch):
    labels = listed(tmp_path, "id,landmark_id", "0,often")
    monkeypatch.setattr(listing, "MAX_FILES_COUNTED", 4)
    monkeypatch.setattr(listing, "MAX_LIST_BYTES_COUNTED", 10)
    refuse_rare_labels(source_of(folders), 4)
    refuse_rare_labels(source_of(folders, labels=labels), 4)
