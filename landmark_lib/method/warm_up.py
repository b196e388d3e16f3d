"""How the learning rate climbs at the beginning of training on many ranks.

Source: Goyal et al., "Accurate, Large Minibatch SGD" (2017), section 2.2, gradual warm-up: from the rate of
one rank to that multiplied by the number of ranks.
"""


def warmed_up(rate: float, factor: float, steps_done: int, warm_up_steps: int) -> float:
    """Give the learning rate of a step.

    Args:
        rate: Learning rate of one rank.
        factor: What it is multiplied by after the warm-up.
        steps_done: Steps before this one, since the beginning of training.
        warm_up_steps: Steps until the rate is reached; 0 for none.
    """
    climbed = 1.0 if steps_done >= warm_up_steps else steps_done / warm_up_steps
    return rate * (1 + (factor - 1) * climbed)
