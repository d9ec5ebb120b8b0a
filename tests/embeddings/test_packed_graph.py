"""The committed graph for several texts is what its builder writes."""

from __future__ import annotations

import pytest

onnx = pytest.importorskip("onnx")


def test_committed_graph_is_rebuilt_byte_for_byte() -> None:
    """From the committed graph for one text: nobody edits it by hand."""
    from rag_app.embeddings.packed_graph import GRAPH, build_packed_graph

    assert build_packed_graph().SerializeToString(deterministic=True) == GRAPH.read_bytes()


def test_graph_is_well_formed() -> None:
    """Every input of a node is made before it, and the only output is the last layer."""
    from rag_app.embeddings.packed_graph import build_packed_graph

    graph = build_packed_graph().graph
    known = {i.name for i in graph.input} | {t.name for t in graph.initializer}
    for node in graph.node:
        assert set(node.input) <= known, node.name
        known |= set(node.output)
    assert [o.name for o in graph.output] == ["tokens"]
    assert {i.name for i in graph.input} == {"ids", "positions", "segments", "slots", "hidden", "kept"}
