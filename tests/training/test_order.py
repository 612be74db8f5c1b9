"""No training step leaves it to chance whether a weight is read before or after it is assigned."""
import itertools

import pytest
import tensorflow as tf
from conftest import random_faces, tiny

from anime_gan_tf.data import pipeline
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.training.state import make_state
from anime_gan_tf.training.train_step import make_train_step

ASSIGN = ("Assign", "ResourceApply")
# A variable passes through these on its way into a loop.
HANDED_ON = ("Enter", "Switch", "Merge", "Identity")


@pytest.mark.graph
@pytest.mark.parametrize("model", ["wgan_gp", "resnet_wgan"])  # have biases, and a penalty
def test_every_read_and_assignment_of_a_variable_are_ordered(model, tmp_path):
    recipe = tiny(model, n_critic=2)
    step = make_train_step(recipe, make_state(recipe, 0, DEFAULT), DEFAULT.uniform_distribution())
    batch = next(iter(pipeline.batches(random_faces(16), recipe, 0)))
    graph = executed_graph(lambda: step(*batch, tf.constant(0.5)), tmp_path)
    assert sum(len(names) for names in uses_of_variables(graph).values()) > 100
    assert unordered(graph) == []


def test_a_graph_without_that_order_is_found():
    graph = tf.compat.v1.GraphDef()
    graph.node.add(name="weight", op="VarHandleOp")
    graph.node.add(name="read", op="ReadVariableOp", input=["weight"])
    assign = graph.node.add(name="assign", op="AssignVariableOp", input=["weight", "gradient"])
    assert unordered(graph) == [("read", "assign")]
    assign.input.append("^read")
    assert unordered(graph) == []


def executed_graph(run, folder):
    """The largest graph that runs, as TensorFlow has rewritten it."""
    tf.summary.trace_on(graph=True)
    run()
    with tf.summary.create_file_writer(str(folder)).as_default():
        tf.summary.trace_export("step", step=0)
    events = (tf.compat.v1.Event.FromString(record.numpy())
              for record in tf.data.TFRecordDataset([str(file) for file in folder.iterdir()]))
    graphs = [graph for event in events for value in event.summary.value
              for function in tf.compat.v1.RunMetadata.FromString(
                  value.tensor.string_val[0]).function_graphs
              for graph in function.partition_graphs]
    return max(graphs, key=lambda graph: len(graph.node))


def inputs(node):
    return [name.lstrip("^").split(":")[0] for name in node.input]


def uses_of_variables(graph):
    """{variable: the names of the nodes that read or assign it}."""
    nodes, uses = {node.name: node for node in graph.node}, {}
    for node in graph.node:
        if node.op == "ReadVariableOp" or node.op.startswith(ASSIGN):
            name = inputs(node)[0]
            while nodes[name].op in HANDED_ON:
                name = inputs(nodes[name])[0]
            uses.setdefault(name, []).append(node.name)
    return uses


def unordered(graph):
    """The pairs of uses of one variable, at least one an assignment, that no edge orders."""
    everything = {node.name: inputs(node) for node in graph.node}
    one_turn = {node.name: [] if node.op == "NextIteration" else inputs(node)
                for node in graph.node}
    assigns = {node.name for node in graph.node if node.op.startswith(ASSIGN)}
    uses = uses_of_variables(graph).values()
    before = {name: (ancestors(name, one_turn), ancestors(name, everything)) for names in uses
              for name in names}
    pairs = [(a, b) for names in uses for a, b in itertools.combinations(names, 2) if a in assigns
             or b in assigns]

    def ordered(a, b):
        # Of two nodes of a loop, each comes before the other over its turns: they are compared
        # within one.
        across = ("/body/" in a) != ("/body/" in b)
        return a in before[b][across] or b in before[a][across]

    return [pair for pair in pairs if not ordered(*pair)]


def ancestors(name, parents):
    found, new = set(), [name]
    while new:
        for parent in parents.get(new.pop(), ()):
            if parent not in found:
                found.add(parent)
                new.append(parent)
    return found
