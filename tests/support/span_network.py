"""A network that marks answers, built on the spot: it knows numbers, and prefers years."""

from __future__ import annotations

import re

import pytest

from rag_app.embeddings.minilm import weights_path

N_PLACES = 64


def save_span_network(folder, *, knows_none=True):
    """Write a network to a folder and return its path as text; skip the test where torch is not installed.

    It has no layer above its embeddings, so each token has a score whatever stands around it: a year of four digits the
    highest one, then another number, then "no answer", then everything else. For one that does not know "no answer",
    that is the lowest.
    """
    reason = "networks that mark answers run on transformers and torch, which are not installed"
    pytest.importorskip("torch", reason=reason)
    transformers = pytest.importorskip("transformers", reason=reason)
    import torch

    tokenizer = transformers.AutoTokenizer.from_pretrained(str(weights_path().parent), local_files_only=True)
    vocabulary = tokenizer.get_vocab()
    sizes = {"hidden_size": 5, "num_hidden_layers": 0, "num_attention_heads": 1, "intermediate_size": 1}
    config = transformers.BertConfig(vocab_size=len(vocabulary), max_position_embeddings=N_PLACES, **sizes)
    network = transformers.BertForQuestionAnswering(config)
    kinds = [_kind(word) for word in sorted(vocabulary, key=vocabulary.get)]
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        embeddings = network.bert.embeddings
        embeddings.word_embeddings.weight.copy_(torch.eye(5)[kinds])
        embeddings.LayerNorm.weight.fill_(1.0)  # one-hot rows become 2 at their place and -0.5 elsewhere
        network.qa_outputs.weight.copy_(torch.tensor([[0.0, 1.0 if knows_none else -1.0, 2.0, 4.0, 0.0]] * 2))
    network.save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
    return str(folder)


def _kind(word):
    """Return the place of a token: 0 anything, 1 no answer, 2 a number, 3 a year."""
    if word == "[CLS]":
        return 1
    if not re.fullmatch(r"(##)?\d+", word):
        return 0
    return 3 if re.fullmatch(r"\d{4}", word) else 2
