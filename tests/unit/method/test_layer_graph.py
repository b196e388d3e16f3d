"""A network is cut at the last layer that all trained layers depend on, and on which no path is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method.layer_graph import last_cut

# Input, a convolution, two residual blocks (three layers, then the sum with what came before), pooling.
RESIDUAL = [[], [0], [1], [2], [3], [1, 4], [5], [6], [7], [5, 8], [9]]


@st.composite
def networks(draw):
    """Draw layers that each take some earlier outputs, and some of them, not the input, as trained."""
    layers = draw(st.integers(1, 9))
    inputs = [
        draw(st.lists(st.integers(0, layer - 1), min_size=1, max_size=3, unique=True)) if layer else []
        for layer in range(layers)
    ]
    return inputs, draw(st.sets(st.integers(1, layers - 1))) if layers > 1 else set()


def sources(inputs, layer, without=None):
    """Return all that a layer depends on, itself included, if the output of one is given."""
    found, waiting = set(), [layer]
    while waiting:
        each = waiting.pop()
        if each != without and each not in found:
            found.add(each)
            waiting += inputs[each]
    return found


def is_cut(inputs, trained, layer):
    """Return whether the output can be computed from a layer's alone, and that one without trained ones."""
    output = len(inputs) - 1
    return (
        layer in sources(inputs, output)
        and 0 not in sources(inputs, output, without=layer)
        and not sources(inputs, layer) & trained
    )


@given(networks())
def test_it_is_the_last_layer_from_which_the_rest_can_be_computed(network):
    inputs, trained = network
    assert last_cut(inputs, trained) == max(
        layer for layer in range(len(inputs)) if is_cut(inputs, trained, layer)
    )


@given(networks(), st.data())
def test_training_more_layers_never_moves_it_towards_the_output(network, data):
    inputs, trained = network
    more = (
        trained | data.draw(st.sets(st.sampled_from(range(1, len(inputs))))) if len(inputs) > 1 else trained
    )
    assert last_cut(inputs, more) <= last_cut(inputs, trained)


@pytest.mark.parametrize(
    ("trained", "cut"), [([], 10), ([10], 9), ([8], 5), ([6], 5), ([4, 8], 1), ([1], 0), ([2, 6], 1)]
)
def test_a_residual_network_is_cut_between_its_blocks(trained, cut):
    assert last_cut(RESIDUAL, trained) == cut


def test_a_trained_input_and_a_circle_are_refused():
    with pytest.raises(ValueError, match="input is trained"):
        last_cut([[], [0]], [0])
    with pytest.raises(ValueError, match="later"):
        last_cut([[], [2], [1]], [])
