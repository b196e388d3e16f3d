"""Where a network can be cut: what lies before its trained layers is the same in every epoch (step 7).

A network is given as its layers in topological order, each with the positions of the layers whose outputs it
takes. The first is the input, the last one the output.
"""

from collections.abc import Collection, Sequence


def last_cut(inputs: Sequence[Sequence[int]], trained: Collection[int]) -> int:
    """Return the last layer whose output is all that the trained layers and the network's output need.

    Every path from the input to the output passes through it, and it depends on no trained layer.

    Args:
        inputs: For each layer, the positions of the layers whose outputs it takes.
        trained: Positions of the trained layers.

    Raises:
        ValueError: The input is trained, or a layer takes the output of a later one.
    """
    last_taker = _last_takers(inputs)
    cut, reached = -1, 0
    for layer in sorted(last_taker):
        if layer in trained:
            break
        if reached <= layer:  # no connection leads past it
            cut = layer
        reached = max(reached, last_taker[layer])
    if cut < 0:
        raise ValueError("the input is trained")
    return cut


def _last_takers(inputs: Sequence[Sequence[int]]) -> dict[int, int]:
    """Return the layers that the network's output needs, each with the last of them that takes its output."""
    last_taker = {len(inputs) - 1: len(inputs) - 1}
    for layer in reversed(range(len(inputs))):
        for source in inputs[layer] if layer in last_taker else ():
            if source >= layer:
                raise ValueError("a layer takes the output of a later one")
            last_taker.setdefault(source, layer)
    return last_taker
