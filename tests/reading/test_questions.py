"""The form of answer that a question asks for."""

from __future__ import annotations

import pytest

from rag_app.reading.questions import compared_terms, defined_term, fits, form_of

DEFINED = {
    "What is mode collapse?": "mode collapse",
    "what is a GAN": "GAN",
    "What's an ELBO?": "ELBO",
    "What are autoencoders?": "autoencoders",
    "What was the AI winter?": "AI winter",
    "What does RAG stand for?": "RAG",
    "What does perplexity mean?": "perplexity",
    "Define perplexity.": "perplexity",
    "Explain backpropagation!": "backpropagation",
    "Describe the softmax": "softmax",
    "Who is Ian Goodfellow?": "Ian Goodfellow",
    "Who were the Luddites?": "Luddites",
    "How is precision defined?": "precision",
    "Definition of recall": "recall",
    "recall definition": "recall",
    "greedy decoding": "greedy decoding",
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
    assert form_of(question) == "definition"


@pytest.mark.parametrize("question", UNDEFINED)
def test_a_question_about_a_relation_defines_nothing(question):
    """A question for a relation, a reason or a list has no term to define."""
    assert defined_term(question) == ""
    assert form_of(question) != "definition"


@pytest.mark.parametrize(
    ("question", "form"),
    [
        ("How many heads does the model have?", "number"),
        ("How long does training take?", "number"),
        ("How often is the discriminator updated?", "number"),
        ("What percentage of the data is held out?", "number"),
        ("When was the transformer introduced?", "date"),
        ("In which year was the GAN proposed?", "date"),
        ("What century was it?", "date"),
        ("What are the types of autoencoder?", "list"),
        ("Which methods prevent mode collapse?", "list"),
        ("List the steps of backpropagation.", "list"),
        ("How many types of GAN are there?", "number"),
        ("How does it work?", "other"),
        ("Is it possible?", "other"),
        ("", "other"),
    ],
)
def test_the_form_of_a_question(question, form):
    """Quantities, dates and lists are told by the words that ask for them."""
    assert form_of(question) == form


@pytest.mark.parametrize(
    ("form", "term", "sentence", "expected"),
    [
        ("definition", "mode collapse", "Mode collapse is a failure of GAN training.", True),
        ("definition", "autoencoder", "An autoencoder, abbreviated AE, is a neural network.", True),
        ("definition", "autoencoder", "Autoencoders are networks.", True),
        ("definition", "AE", "An autoencoder, abbreviated AE, is a neural network.", True),
        ("definition", "VAE", "A variational autoencoder (VAE) is a generative model.", True),
        ("definition", "perplexity", "Perplexity denotes the exponential of the loss.", True),
        ("definition", "mode collapse", "The cause of mode collapse is the game.", False),
        ("definition", "mode", "Model collapse is something else.", False),
        ("definition", "mode collapse", "Mode collapse differs from overfitting.", False),
        ("definition", "C++", "C++ is a language.", True),
        ("definition", "C++", "A compiled language, also called C++, is fast.", True),
        ("definition", "mode", "Modest is what the result is.", False),
        ("number", "", "There are twelve heads.", True),
        ("number", "", "There are 12 heads.", True),
        ("number", "", "There are many heads.", False),
        ("date", "", "It was introduced in 2014.", True),
        ("date", "", "It was found in the 19th century.", True),
        ("date", "", "It was introduced on May 3 by Ann.", True),
        ("date", "", "It was introduced by Ann.", False),
        ("list", "", "The steps are 1, 2 and 3.", False),
        ("other", "", "Anything.", False),
    ],
)
def test_a_sentence_fits_the_form(form, term, sentence, expected):
    """A definition begins with the term, a number has digits or a numeral, a date has a year, century or day."""
    assert fits(form, term, sentence) is expected


@pytest.mark.parametrize(
    ("question", "terms"),
    [
        ("What is the difference between a GAN and a VAE?", ("GAN", "VAE")),
        ("What are the differences between gradient descent and Newton's method?", ()),
        ("What is the distinction between the encoder and the decoder?", ("encoder", "decoder")),
        ("How does bagging differ from boosting?", ("bagging", "boosting")),
        ("How is a GAN different from a variational autoencoder?", ("GAN", "variational autoencoder")),
        ("GAN vs. VAE", ("GAN", "VAE")),
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
