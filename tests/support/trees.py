"""Folders of every kind, made for tests."""

import os


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"photo")


def nest_beyond_what_a_path_may_hold(root):
    """Make folders so deep that nobody, not even root, can list the last one by its path."""
    here = os.open(root, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=here)
        there = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = there
    os.close(here)


def counted_entries(monkeypatch):
    """Return a list of the folder entries that this process looks at, filled as it looks."""
    seen = []
    real = os.scandir

    class Counting:
        def __init__(self, path):
            self._entries = real(path)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self._entries.close()

        def __iter__(self):
            for entry in self._entries:
                seen.append(entry.name)
                yield entry

    monkeypatch.setattr(os, "scandir", Counting)
    return seen
