"""Warnings of a listing, each in one line.

In a listing, remarks are rows with one of these reasons. They are counted, logged and removed before anything
else reads the rows.
"""

import logging

logger = logging.getLogger(__name__)

IGNORED = "ignored"  # hidden, or left by a tool
NOT_UTF8 = "not UTF-8"
REMARKS = (IGNORED, NOT_UTF8)


def log_remark(reason: str, count: int, example: str, where: object) -> None:
    """Warn of a remark.

    Args:
        reason: One of REMARKS.
        count: Rows with it.
        example: The image id of one of them.
        where: What is listed.
    """
    if reason == IGNORED:
        logger.warning(
            f"ignored {count:,} hidden files and files left by tools in {where}, such as {example}"
        )
    else:
        logger.warning(
            f"{example} is not UTF-8 and was read as Windows-1252; save it as UTF-8 if names are wrong"
        )
