"""The committed ONNX graph is what its builder writes."""

from __future__ import annotations

import pytest

onnx = pytest.importorskip("onnx")


def test_committed_graph_is_rebuilt_byte_for_byte(weights_folder):
    """Building the graph from the installed weights gives the committed file: nobody edits it by hand."""
    from rag_app.embeddings.minilm_graph import GRAPH, build_graph

    rebuilt = build_graph(weights_folder / "model.safetensors").SerializeToString(deterministic=True)
    assert rebuilt == GRAPH.read_bytes()


def test_graph_refers_to_every_weight_by_its_place(weights_folder):
    """Each tensor's offset and length stay inside the file, in the layout that its header states."""
    from rag_app.embeddings.minilm_graph import GRAPH

    tensors = [t for t in onnx.load(GRAPH, load_external_data=False).graph.initializer if t.external_data]
    size = (weights_folder / "model.safetensors").stat().st_size
    for tensor in tensors:
        entry = {e.key: e.value for e in tensor.external_data}
        n_values = 1
        for length in tensor.dims:
            n_values *= length
        assert entry["location"] == "model.safetensors"
        assert int(entry["length"]) == 4 * n_values
        assert int(entry["offset"]) + int(entry["length"]) <= size
    assert len(tensors) == 5 + 6 * 16  # the embeddings with their norm; per layer 4 + 2 linear maps and 2 norms
