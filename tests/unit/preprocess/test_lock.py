"""One job at a time fills an output directory; a dead one keeps nobody out."""

import fsspec
import pytest
from lock_orders import Limits, every_order

from landmark_lib.errors import UserError
from landmark_lib.preprocess import lock_steps
from landmark_lib.preprocess.lock import LOCK, is_lock, locked
from landmark_lib.storage import Place

DEAD = {".lock.dead": b"holds 7 elsewhere"}


def refused(output):
    with (
        pytest.raises(UserError, match=f"--output: another job is writing to {output}"),
        locked(output),
    ):
        pass


def test_nothing_is_left_of_a_lock_given_back(tmp_path):
    out = tmp_path / "deep" / "out"
    with locked(str(out)):
        assert (out / LOCK).exists()
    assert list(out.iterdir()) == []
    with locked(str(out)):
        pass


def test_a_directory_that_cannot_be_written_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(UserError, match=r"--output: cannot write to .*file/out"),
        locked(f"{tmp_path}/file/out"),
    ):
        pass


@pytest.mark.parametrize(
    ("limits", "signs"),
    [
        (Limits(crashes=1, longs=1), {}),
        (Limits(moments=1, longs=1), {}),
        (Limits(moments=1, longs=1), DEAD),
        (Limits(moments=1, longs=1), {LOCK: b'{"holder": "of an earlier release", "renewed": 0}'}),
    ],
)
def test_in_no_order_of_their_operations_do_two_jobs_have_the_lock(limits, signs):
    """Each of two jobs takes, renews and gives back; either may sleep past its time or die at any point."""
    gave_back = 0
    for world in every_order(2, 1, limits, signs):
        assert len(world.holders) <= 1
        crashed = sum(job.crashed for job in world.jobs)
        if not world.alive and not crashed and any(job.got_it for job in world.jobs):
            assert world.store == {}
            gave_back += 1
        # A sign that is left is that of a job that died.
        assert world.alive or len(world.store.keys() - signs.keys()) <= crashed
    assert gave_back or limits.crashes


def test_in_no_order_do_three_jobs_have_the_lock():
    assert all(len(world.holders) <= 1 for world in every_order(3, 0, Limits()))


@pytest.mark.parametrize("jobs", [2, 3])
@pytest.mark.parametrize("signs", [{}, DEAD])
def test_of_jobs_that_wait_exactly_one_gets_the_lock_and_the_others_are_refused(jobs, signs, monkeypatch):
    monkeypatch.setattr(lock_steps, "SECONDS_BETWEEN_LOOKS", lock_steps.SECONDS_UNTIL_DEAD)
    settled = 0
    for world in every_order(jobs, 100, Limits(sleeps=8), signs):
        if len(world.alive) == 1 and world.holders:
            assert sum(job.got_it for job in world.jobs) == 1
            assert set(world.store) - set(signs) == {f".lock.{world.holders[0]}"}
            settled += 1
    assert settled


def see_nothing():
    yield from ()
    return {}


@pytest.mark.parametrize(
    ("part", "value"),
    [("SECONDS_OF_A_SIGN", 1e9), ("SECONDS_UNTIL_DEAD", 0.0), ("_look", see_nothing)],
)
def test_the_orders_would_find_two_holders(part, value, monkeypatch):
    monkeypatch.setattr(lock_steps, part, value)
    orders = every_order(2, 1, Limits(moments=1, longs=1))
    assert any(len(world.holders) > 1 for world in orders)


@pytest.fixture
def store(monkeypatch):
    """Return a file system without its own locks, like an object store, for jobs in a hurry."""
    monkeypatch.setattr(lock_steps, "SECONDS_BETWEEN_SIGNS", 0.02)
    monkeypatch.setattr(lock_steps, "SECONDS_BETWEEN_LOOKS", 0.01)
    filesystem = fsspec.filesystem("memory")
    yield filesystem
    filesystem.store.clear()


def test_an_object_store_that_another_job_fills_is_refused_and_nothing_is_left_of_its_lock(store, capsys):
    with locked("memory://out"):
        (name,) = Place("memory://out").names()
        assert is_lock(name)
        refused("memory://out")
        assert Place("memory://out").names() == [name]
    assert store.find("/out") == []
    assert "waiting up to 90 seconds to see whether it still is" in capsys.readouterr().err


@pytest.mark.parametrize("sign", [".lock.dead", LOCK])
def test_a_job_without_a_sign_of_life_keeps_nobody_out_of_an_object_store(sign, store, monkeypatch):
    monkeypatch.setattr(lock_steps, "SECONDS_UNTIL_DEAD", 0.1)
    store.pipe_file(f"/out/{sign}", b"holds 7 elsewhere")
    with locked("memory://out"):
        monkeypatch.setattr(lock_steps, "SECONDS_UNTIL_DEAD", 90.0)
        refused("memory://out")
    assert store.find("/out") == []


def test_an_interrupt_by_the_user_is_none_of_the_locks(store):
    with pytest.raises(KeyboardInterrupt), locked("memory://out"):
        raise KeyboardInterrupt
    assert store.find("/out") == []
