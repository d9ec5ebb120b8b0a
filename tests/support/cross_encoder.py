"""A cross-encoder that is built on the spot: the packaged weights with a head of fixed random numbers."""

from __future__ import annotations

import pytest

from rag_app.embeddings.minilm import weights_path


def save_cross_encoder(folder):
    """Write a cross-encoder to a folder and return its path as text; skip the test where torch is not installed."""
    reason = "cross-encoders run on sentence-transformers, which is not installed"
    sentence_transformers = pytest.importorskip("sentence_transformers", reason=reason)
    import torch

    encoder = sentence_transformers.CrossEncoder(str(weights_path().parent), num_labels=1, local_files_only=True)
    head = encoder.model.classifier
    numbers = torch.Generator().manual_seed(0)
    with torch.no_grad():
        head.weight.copy_(torch.randn(head.weight.shape, generator=numbers))
        head.bias.zero_()
    encoder.save_pretrained(str(folder))
    return str(folder)
