"""The form of answer that a question asks for."""

from __future__ import annotations

import pytest

from rag_app.reading.questions import asks_for_several, compared_terms, defined_term

DEFINED = {
    "What is mode collapse?": "mode collapse",
    "what is a GAN": "GAN",
    "What's an ELBO?": "ELBO",
    "What are autoencoders?": "autoencoders",
    "What was the AI winter?": "AI winter",
    "What does RAG stand for?": "RAG",
    "What does perplexity mean?": "perplexity",
    "What does EM measure?": "EM",
    "What does the discriminator do?": "discriminator",
    "Define perplexity.": "perplexity",
    "Explain backpropagation!": "backpropagation",
    "Describe the softmax": "softmax",
    "Who is Ian Goodfellow?": "Ian Goodfellow",
    "Who were the Luddites?": "Luddites",
    "How is precision defined?": "precision",
    "Definition of recall": "recall",
    "recall definition": "recall",
    "greedy decoding": "greedy decoding",
    "generative adversarial network (GAN)": "generative adversarial network (GAN)",
    "  What is top-p sampling ?  ": "top-p sampling",
}
UNDEFINED = [
    "What is the capital of France?",
    "What is the difference between a GAN and a VAE?",
    "What is dropout used for?",
    "How does a GAN work?",
    "Why?",
    "What?",
    "Is dropout a layer?",
    "When was the transformer introduced?",
    "list losses",
    "give examples",
    "",
    "What is mode collapse, and why does it happen?",
]


@pytest.mark.parametrize(("question", "term"), DEFINED.items())
def test_the_term_to_define_is_found(question, term):
    """Without its article and in the question's own spelling."""
    assert defined_term(question) == term


@pytest.mark.parametrize("question", UNDEFINED)
def test_a_question_about_a_relation_defines_nothing(question):
    """A question for a relation, a reason or a list has no term to define."""
    assert defined_term(question) == ""


@pytest.mark.parametrize(
    ("question", "several"),
    [
        ("What are the types of autoencoder?", True),
        ("Which methods prevent mode collapse?", True),
        ("List the steps of backpropagation.", True),
        ("In what ways is feedback biased?", True),
        ("What happens step by step?", True),
        ("What should a checkpoint include?", True),
        ("How many types of GAN are there?", False),
        ("How does it work?", False),
        ("What is a GAN?", False),
        ("What should I do?", False),
        ("", False),
    ],
)
def test_whether_several_things_are_asked_for(question, several):
    """Told by the words for things in the plural, and by what asks for the parts of a whole."""
    assert asks_for_several(question) is several


@pytest.mark.parametrize(
    ("question", "terms"),
    [
        ("What is the difference between a GAN and a VAE?", ("GAN", "VAE")),
        ("What are the differences between gradient descent and Newton's method?", ()),
        ("What is the distinction between the encoder and the decoder?", ("encoder", "decoder")),
        ("How does bagging differ from boosting?", ("bagging", "boosting")),
        ("How is a GAN different from a variational autoencoder?", ("GAN", "variational autoencoder")),
        ("GAN vs. VAE", ("GAN", "VAE")),
        ("generative network (GAN) vs. VAE", ("generative network (GAN)", "VAE")),
        ("Precision versus recall?", ("Precision", "recall")),
        ("Compare top-k and top-p sampling.", ("top-k", "top-p sampling")),
        ("Compare a GAN with a VAE", ("GAN", "VAE")),
        ("What is a GAN?", ()),
        ("What are a GAN and a VAE?", ()),
        ("", ()),
    ],
)
def test_the_two_sides_of_a_comparison_are_found(question, terms):
    """Without their articles; nothing where nothing is compared."""
    assert compared_terms(question) == terms
