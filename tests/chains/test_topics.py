"""Noun phrases of questions."""

from __future__ import annotations

import pytest

from rag_app.chains.topics import relation_in, topics_of


@pytest.mark.parametrize(
    ("question", "topics"),
    [
        ("What is mode collapse?", ["mode collapse"]),
        ("What is a GAN?", ["a GAN"]),
        ("What's a VAE?", ["a VAE"]),
        ("How do transformers use attention?", ["transformers", "attention"]),
        ("Which loss does a VAE use?", ["a VAE", "loss"]),
        ("How many parameters does GPT-2 have?", ["GPT-2", "parameters"]),
        ("What is the loss of the discriminator?", ["the loss of the discriminator", "the discriminator"]),
        ("What are the main causes of mode collapse?", ["mode collapse"]),
        ("What are the first steps of the EM algorithm?", ["the EM algorithm"]),
        ("Why is dropout applied at test time?", ["dropout", "test time"]),
        ("What is a fully connected layer?", ["a fully connected layer"]),
        ("What is supervised learning?", ["supervised learning"]),
        ("What is top-p sampling?", ["top-p sampling"]),
        ("What is k-means++ in C++?", ["k-means++ in C++", "C++"]),
        ("What is GPT-3.5?", ["GPT-3.5"]),
        ("What is Bayes' theorem?", ["Bayes' theorem"]),
        ("What is the bias–variance trade-off?", ["the bias–variance trade-off"]),
        ('What does "beam search" mean?', ["beam search"]),
        ("What is the mean?", ["the mean"]),
        ("What does perplexity mean?", ["perplexity"]),
        ("What is mean squared error?", ["mean squared error"]),
        ("In GANs, what does the generator do?", ["GANs", "the generator"]),
        ("Tell me about transformers", ["transformers"]),
        ("Who invented GANs?", ["GANs"]),
        ("How does it work?", []),
        ("What are the advantages?", []),
        ("Thanks!", []),
        ("", []),
        (" ?! ", []),
    ],
)
def test_the_phrases_that_name_something_are_found(question, topics):
    """Verbs, relations such as "causes of" and small talk are left out; what is asked for comes after the subject."""
    assert [t.text for t in topics_of(question)] == topics


def test_a_topic_knows_where_it_stands():
    """The offsets of a topic are those of its text."""
    question = "How do L1 and L2 regularisation in linear models differ from dropout?"
    found = topics_of(question)
    assert [question[t.start : t.end] for t in found] == [t.text for t in found]
    assert found[0].text == "L1 and L2 regularisation in linear models"


@pytest.mark.parametrize(
    ("question", "plural"),
    [
        ("What is a GAN?", False),
        ("What are GANs?", True),
        ("Explain GANs.", True),
        ("Explain a GAN.", False),
        ("What is k-means?", False),
        ("Explain k-means.", False),
        ("Explain the loss.", False),
        ("Explain the bias.", False),
        ("Explain data analysis.", False),
        ("How do BERT and GPT differ?", True),
        ("Compare BERT and GPT.", True),
        ("Explain the losses of a GAN.", True),
        ("Explain the loss of GANs.", False),
        ("How were they trained on images?", True),
        ("Is BERT or GPT older?", False),
    ],
)
def test_the_number_of_a_topic_is_known(question, plural):
    """The verb before a topic decides, otherwise the ending of its first noun."""
    assert topics_of(question)[0].plural is plural


@pytest.mark.parametrize(
    ("question", "relation"),
    [
        ("What are the steps?", "steps"),
        ("And its similarities?", "similarities"),
        ("What types are there, and what advantages?", "advantages"),
        ("What is a GAN?", None),
    ],
)
def test_the_word_for_a_relation_is_found(question, relation):
    """The last word such as "advantages" is returned, in singular or plural."""
    found = relation_in(question)
    assert (found and found.group()) == relation
