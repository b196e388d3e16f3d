"""Progress is a bar on a terminal, lines elsewhere, and nothing on other ranks."""

from landmark_lib.progress import progress


def count(total, *, shown=True):
    with progress("corpus", total, "photos", shown=shown) as display:
        for _ in range(total):
            display.update(1)


def test_log_has_complete_lines_from_the_first_to_the_last(capsys):
    count(3)
    err = capsys.readouterr().err
    first, last = err.splitlines()
    assert first.startswith("corpus: 0/3 photos in 00:00")
    assert last.startswith("corpus: 3/3 photos in 00:00")
    assert "\r" not in err


def test_log_has_few_lines_however_often_the_display_is_updated(capsys):
    count(100_000)
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_other_ranks_display_nothing(capsys):
    count(3, shown=False)
    assert capsys.readouterr().err == ""
