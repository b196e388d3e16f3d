"""What a listing says beside its entries, each in one line.

In a listing, remarks are rows with one of these as the reason: tasks and processes find them, and they are
counted, told and dropped before anything else looks at the rows.
"""

import logging

logger = logging.getLogger(__name__)


PASSED_OVER = "passed over"  # hidden, or left by a tool
NOT_UTF8 = "not UTF-8"
REMARKS = (PASSED_OVER, NOT_UTF8)


def tell_remark(reason: str, count: int, example: str, where: object) -> None:
    """Warn of what a listing remarks.

    Args:
        reason: One of REMARKS.
        count: Rows with it.
        example: The image id of one of them.
        where: What is listed.
    """
    if reason == PASSED_OVER:
        logger.warning(f"passed over in {where}: {count:,} hidden or left by tools, such as {example}")
    else:
        logger.warning(
            f"{example} is not UTF-8 and was read as Windows-1252; save it as UTF-8 if names are wrong"
        )
