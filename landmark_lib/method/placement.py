"""Where a row is stored: its directory, its shard and its position there (docs/dataset.md)."""

from collections.abc import Sequence

from landmark_lib.draws import keyed_draw, keyed_integer


def training_sets(members: Sequence[int], member_count: int) -> list[int | None]:
    """Return which stored training sets hold an image that `members` train on.

    Returns:
        [None], the set common to all, if every member does; else the members, each with its own copy, so
        that no member reads rows it does not use.
    """
    return [None] if len(members) == member_count else list(members)


def shard_count(rows: int, rows_per_shard: int) -> int:
    """Return the number of shards of about `rows_per_shard` rows each; at least 1."""
    return max(1, -(-rows // rows_per_shard))


def place_row(directory: str, image_id: str, recipe: str, shards: int, seed: int) -> tuple[int, int]:
    """Draw the position of a row, so that all rows are in random order.

    Returns:
        The shard, 0 … shards - 1, and a sort key within it, 0 … 2**63 - 1.
    """
    shard = keyed_integer(0, shards - 1, seed, "shard", directory, image_id, recipe)
    return shard, keyed_draw(seed, "order in shard", directory, image_id, recipe) >> 1
