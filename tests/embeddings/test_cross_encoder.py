"""Any cross-encoder, tried on one that is built from the packaged weights."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest
from support.cross_encoder import save_cross_encoder
from support.reconfigured import changed

from rag_app.embeddings.cross_encoder import CrossEncoder
from rag_app.errors import MissingExtraError, SettingsError

QUESTION = "What is mode collapse?"
TEXTS = ["Mode collapse is a failure of GANs.", "", "日本 😀", "A longer text. " * 140]


@pytest.fixture(scope="module")
def cross_encoder_folder(tmp_path_factory):
    """The folder of a cross-encoder."""
    return save_cross_encoder(tmp_path_factory.mktemp("cross_encoder"))


@pytest.fixture(scope="module")
def reference(cross_encoder_folder):
    """sentence-transformers on the same weights: the oracle."""
    import torch
    from sentence_transformers import CrossEncoder as Reference

    loaded = Reference(cross_encoder_folder, local_files_only=True, activation_fn=torch.nn.Identity())
    return lambda texts: loaded.predict([(QUESTION, text) for text in texts], show_progress_bar=False)


def test_scores_are_the_sigmoid_of_the_reference(cross_encoder_folder, reference):
    """One number in [0, 1] for each text, in their order; one that is too long is cut by the model's tokenizer."""
    encoder = CrossEncoder(cross_encoder_folder)
    scores = encoder.score(QUESTION, TEXTS)
    assert scores == pytest.approx(1 / (1 + np.exp(-reference(TEXTS))), abs=1e-6)
    assert (scores.shape, scores.dtype) == ((4,), np.float64)
    assert len(set(scores.tolist())) == 4
    assert encoder.score(QUESTION, []).shape == (0,)
    assert encoder.name == f"sentence-transformers:{cross_encoder_folder}"


def test_an_activation_of_the_models_own_changes_nothing(cross_encoder_folder, tmp_path):
    """Some cross-encoders are published with raw scores, some with a sigmoid: both give the same here."""
    raw = changed(
        cross_encoder_folder, tmp_path, sentence_transformers={"activation_fn": "torch.nn.modules.linear.Identity"}
    )
    expected = CrossEncoder(cross_encoder_folder).score(QUESTION, TEXTS[:3])
    assert CrossEncoder(str(raw)).score(QUESTION, TEXTS[:3]) == pytest.approx(expected, abs=1e-7)


def test_nothing_is_written_while_weights_are_loaded(cross_encoder_folder, capfd):
    """A search has no progress bar of another program; the setting of that program is left as it was."""
    from transformers.utils import logging

    for shown in (logging.enable_progress_bar, logging.disable_progress_bar):
        shown()
        before = logging.is_progress_bar_enabled()
        CrossEncoder(cross_encoder_folder).score(QUESTION, TEXTS[:1])
        assert logging.is_progress_bar_enabled() == before
    logging.enable_progress_bar()
    assert tuple(capfd.readouterr()) == ("", "")


@pytest.mark.parametrize("name", ["no-such-model", "nobody/no-such-model", "{tmp}/missing", "{tmp}"])
def test_name_that_cannot_be_loaded(tmp_path, name):
    """An unknown name, a missing path and an empty folder are one sentence, without asking a hub."""
    name = name.format(tmp=tmp_path)
    message = (
        f"RAG_RERANKER must name a cross-encoder on this machine; {name!r} cannot be loaded. "
        "Give the path of its folder."
    )
    with pytest.raises(SettingsError, match=f"^{re.escape(message)}$"):
        CrossEncoder(name)


def test_a_network_without_a_score_for_pairs_is_refused(weights_folder, cross_encoder_folder, tmp_path):
    """An embedder would get a head of random numbers, and a classifier of several labels gives no order."""
    several = changed(cross_encoder_folder, tmp_path, id2label={"0": "NO", "1": "YES"}, label2id={"NO": 0, "YES": 1})
    from safetensors.numpy import load_file, save_file

    weights = load_file(several / "model.safetensors")
    for name in ("classifier.weight", "classifier.bias"):
        weights[name] = np.concatenate([weights[name]] * 2)
    save_file(weights, several / "model.safetensors", metadata={"format": "pt"})
    for name in (str(weights_folder), str(several)):
        message = (
            f"RAG_RERANKER must name a cross-encoder that gives a pair of texts one score; {name!r} does not. "
            "Choose one that was trained to rank passages."
        )
        with pytest.raises(SettingsError, match=f"^{re.escape(message)}$"):
            CrossEncoder(name)


def test_missing_package_is_named(monkeypatch):
    """Without the package the user is told to install it."""
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    message = (
        "The reranker sentence-transformers:x needs the package sentence-transformers. "
        'Run: pip install "sentence-transformers"'
    )
    with pytest.raises(MissingExtraError, match=f"^{re.escape(message)}$"):
        CrossEncoder("x")
