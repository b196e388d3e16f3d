"""A step reads each variable before or after it changes, never at either time by chance.

TensorFlow orders what a function does with a variable. But its graph optimizer removes an order that follows
from others, and may then remove one of these: then a reading and a change of a variable race.
"""

import pytest
import small_network
from job_runs import run_here
from tensorflow.python.eager import context  # the optimized graphs are to be seen nowhere else

OPTIONS = [*small_network.OPTIONS, "--trainable-layers", "2", "--member", "0", "--epochs", "1"]
CHANGES = ("Assign", "ResourceApply", "ResourceScatter")


@pytest.fixture
def optimized_graphs():
    """Return a function that returns the optimized graph of each TensorFlow function that has run by then."""
    context.context().enable_graph_collection()
    yield lambda: [
        graphs.post_optimization_graph for graphs in context.context().export_run_metadata().function_graphs
    ]
    context.context().disable_graph_collection()


@pytest.mark.parametrize(
    "learning",
    [
        (),
        ("--class-sample", "0.5"),
        ("--class-sample", "0.5", "--optimizer", "adam"),
        ("--head", "arcface", "--l2-convolutions", "1e-4"),
        ("--precision", "mixed_float16", "--class-sample", "0.5"),
        ("--precision", "mixed_float16"),
    ],
    ids=" ".join,
)
def test_readings_and_changes_of_a_variable_are_in_order(small_dataset, tmp_path, optimized_graphs, learning):
    options = ["--dataset", small_dataset, "--models", tmp_path / "models", *OPTIONS, *learning]
    done = run_here("train", *options)
    assert done.returncode == 0, done.stderr
    checked = [unordered(graph) for graph in optimized_graphs()]
    assert sum(changes for changes, _ in checked) >= 8  # kernel, gamma and beta of two layers, and the head
    assert [race for _, races in checked for race in races] == []


def unordered(graph):
    """Return how many changes of variables a graph has, and the readings that are not in order with them."""
    followers = {}
    for node in graph.node:
        for name in node.input:
            followers.setdefault(name.removeprefix("^").partition(":")[0], []).append(node.name)

    def after(name):
        found, left = set(), [name]
        while left:
            for follower in followers.get(left.pop(), ()):
                if follower not in found:
                    found.add(follower)
                    left.append(follower)
        return found

    reads = [node for node in graph.node if node.op in ("ReadVariableOp", "ResourceGather")]
    changes = [node for node in graph.node if node.op.startswith(CHANGES)]
    races = [
        (read.name, change.name)
        for read in reads
        for change in changes
        if read.input[0] == change.input[0]
        and change.name not in after(read.name)
        and read.name not in after(change.name)
    ]
    return len(changes), races
