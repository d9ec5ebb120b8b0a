"""How well a sentence defines a term."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_app.reading.definitions import definition_score


@pytest.mark.parametrize(
    ("term", "sentence", "score"),
    [
        ("mode collapse", "Mode collapse is a failure of GAN training.", 1),
        ("autoencoder", "An autoencoder, abbreviated AE, is a neural network.", 1),
        ("AE", "An autoencoder, abbreviated AE, is a neural network.", 1),
        ("VAE", "A variational autoencoder (VAE) is a generative model.", 1),
        ("variational autoencoder", "A variational autoencoder (VAE) is a generative model.", 1),
        ("variational autoencoder (VAE)", "A VAE is a generative model.", 1),
        ("variational autoencoder (VAE)", "A variational autoencoder is a generative model.", 1),
        ("VAE", "A VAE+GAN hybrid, written VAE-GAN or VAE/GAN, is a model.", 1 / 3),
        ("GAN", "A conditional GAN, abbreviated cGAN, is a GAN with a label.", 1 / 2),
        ("perplexity", "Perplexity denotes the exponential of the loss.", 1),
        ("C++", "C++ is a language.", 1),
        ("C++", "A compiled language, also called C++, is the fastest.", 1),
        ("forward diffusion process", "The forward process of a diffusion model is the fixed procedure.", 3 / 4),
        ("generative model", "A model is a function.", 1 / 2),
        ("autoencoder", "Autoencoders are networks.", 0.4),  # no article: it may be "are used", "are trained"
        ("precision", "Precision is also called the positive predictive value.", 0.4),
        ("generative model", "Reinforcement learning is a way to train a generative model.", 0),
        ("mode collapse", "Mode collapse differs from overfitting.", 0),
        ("mode", "Modest is what the result is.", 0),
        ("mode collapse", "", 0),
        ("", "A GAN is a pair of networks.", 0),
        ("mode", "Mode, " + "as found by many, " * 9 + "is a peak.", 0),  # what is named so far away is not defined
    ],
)
def test_the_score_of_a_sentence(term, sentence, score):
    """The share of words common to the term and to what the sentence is about; 0.4 of it where no noun follows."""
    assert definition_score(term, sentence) == pytest.approx(score)


@given(term=st.text(max_size=30), sentence=st.text(max_size=80))
@settings(deadline=None, max_examples=100)
def test_the_score_is_a_share(term, sentence):
    """Whatever the text; a term is defined by a sentence that begins with it and says what it is."""
    assert 0 <= definition_score(term, sentence) <= 1
