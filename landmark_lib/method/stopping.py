"""When training ends before its last epoch."""

from collections.abc import Sequence


def stops_early(accuracies: Sequence[float], patience: int) -> bool:
    """Tell whether the last `patience` epochs brought no better validation accuracy; 0 waits for ever."""
    if not patience or not accuracies:
        return False
    return len(accuracies) - 1 - accuracies.index(max(accuracies)) >= patience
