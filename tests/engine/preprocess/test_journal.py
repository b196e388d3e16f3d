"""What a run notes is found again by the next one, and by nobody once the data set is finished."""

import pytest

from landmark_lib.dataset import FileRecord
from landmark_lib.errors import LandmarkError
from landmark_lib.preprocess.batch import Batch
from landmark_lib.preprocess.journal import Journal, Part, records_of, total
from landmark_lib.storage import PARTIAL, Place


def part(number, photos):
    return Part([FileRecord(f"corpus/{number}", photos, 10 * photos, "0" * 64)], {"enlarged": photos})


@pytest.fixture(params=["local", "object store"])
def journal(request, tmp_path):
    return Journal(str(tmp_path) if request.param == "local" else f"memory://{tmp_path}")


def test_parts_are_found_again_by_their_numbers(journal):
    assert journal.parts("corpus") == {}
    journal.commit("corpus", 11, part(11, 3))
    journal.commit("corpus", 2, part(2, 4))
    journal.commit("plan", 2, part(2, 5))
    assert journal.parts("corpus") == {2: part(2, 4), 11: part(11, 3)}
    assert not journal.is_closed("corpus")


def test_a_closed_stage_has_the_parts_it_was_closed_with(journal):
    parts = {0: part(0, 3), 1: part(1, 4)}
    journal.close("corpus", parts)
    assert journal.is_closed("corpus")
    assert journal.parts("corpus") == parts


def test_a_stage_taken_back_is_not_done(journal):
    journal.commit("plan", 0, part(0, 1))
    journal.close("plan", {0: part(0, 1)})
    journal.commit("corpus", 0, part(0, 1))
    journal.forget(["plan", "shards"])
    assert (journal.parts("plan"), journal.is_closed("plan")) == ({}, False)
    assert set(journal.parts("corpus")) == {0}


def test_nothing_is_found_after_the_notes_are_removed(journal):
    journal.write("batch.json", {"number": 1})
    journal.commit("corpus", 0, part(0, 1))
    assert journal.read("batch.json", dict[str, int]) == {"number": 1}
    journal.remove()
    assert journal.read("batch.json", dict[str, int]) is None
    assert journal.parts("corpus") == {}


def test_files_and_counts_of_parts_add_up():
    parts = {10: part(10, 3), 9: part(9, 4)}
    assert [record.path for record in records_of(parts)] == ["corpus/10", "corpus/9"]
    assert (total(parts, "enlarged"), total(parts, "never counted")) == (7, 0)


def test_a_damaged_note_is_reported_in_one_line_with_what_to_do(journal):
    journal.write("batch.json", {"number": "one"})
    told = r"batch\.json cannot be read: number: expected a whole number, .*; remove .* to start again"
    with pytest.raises(LandmarkError, match=told):
        journal.read("batch.json", Batch)


def test_leftovers_of_a_killed_writer_among_the_notes_are_skipped(journal):
    journal.commit("corpus", 0, part(0, 1))
    folder = Place(journal.output) / "in-progress/done/corpus"
    (folder / f"{PARTIAL}1f.json").write(b'{"records": [')
    (folder / "notes.json").write(b"{}")
    assert journal.parts("corpus") == {0: part(0, 1)}
