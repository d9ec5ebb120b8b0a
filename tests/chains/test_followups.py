"""Follow-ups as students type them, and the standalone questions that a person would write for them."""

from __future__ import annotations

import string

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rag_app.chains.followups import carry_topic

# The conversation so far / the follow-up → what is searched for.
FOLLOW_UPS = """
What is mode collapse? / And how is it avoided? → How is mode collapse avoided?
What is mode collapse? / how can it be prevented → How can mode collapse be prevented
What is a GAN? / How does it work? → How does a GAN work?
What are GANs? / How do they work? → How do GANs work?
What are GANs? / How does it work? → How do GANs work?
What is a GAN? / Why are they hard to train? → Why is a GAN hard to train?
What is a GAN? / Is it hard to train? → Is a GAN hard to train?
How does dropout work? / Is it used at test time? → Is dropout used at test time?
What is the ELBO? / Why is it a lower bound? → Why is the ELBO a lower bound?
What is top-p sampling? / How does it differ from top-k? → How does top-p sampling differ from top-k?
Explain backpropagation. / Who invented it? → Who invented backpropagation?
What is GPT-3.5? / How many parameters does it have? → How many parameters does GPT-3.5 have?
What is a denoising autoencoder? / What loss does it use? → What loss does a denoising autoencoder use?
What is a VAE? / How long does it take to train? → How long does a VAE take to train?
What is the reparameterisation trick? / What is it good for? → What is the reparameterisation trick good for?
What does perplexity mean? / How is it computed? → How is perplexity computed?
Who is Ian Goodfellow? / What did he invent? → What did Ian Goodfellow invent?
Why do GANs suffer from mode collapse? / How is it detected? → How is mode collapse detected?
Why do GANs suffer from mode collapse? / Who invented them? → Who invented GANs?
How does attention work? / Is a transformer possible without it? → Is a transformer possible without attention?
What is a VAE? / Is a GAN better than it? → Is a GAN better than a VAE?
What is dropout? / Is it possible to use it in a CNN? → Is it possible to use dropout in a CNN?
What is attention? / In transformers, how does it work? → In transformers, how does attention work?
What is mode collapse? / What are its causes? → What are the causes of mode collapse?
What is mode collapse? / Can you list its main causes? → Can you list the main causes of mode collapse?
What is a GAN? / How is its loss computed? → How is a GAN's loss computed?
What are transformers? / What are their limitations? → What are the limitations of transformers?
What are GANs? / How are their samples judged? → How are GANs' samples judged?
What is StyleGAN? / What is its mapping network? → What is the mapping network of StyleGAN?
What is early stopping? / Is that the same as dropout? → Is early stopping the same as dropout?
What is overfitting? / How can that be prevented? → How can overfitting be prevented?
What is top-k sampling? / What does this mean? → What does top-k sampling mean?
What is SMOTE? / When should I use this method? → When should I use SMOTE?
What are autoencoders? / What are these models used for? → What are autoencoders used for?
What is the Huber loss? / Is this loss robust to outliers? → Is the Huber loss robust to outliers?
What is a VAE? / How is this loss computed? → How is a VAE's loss computed?
What is gradient clipping? / How do I do this in PyTorch? → How do I do gradient clipping in PyTorch?
How is a GAN trained? / What about VAEs? → How are VAEs trained?
What is a VAE? / And GANs? → What are GANs?
What is GPT-4? / and what about GPT-3.5 → What is GPT-3.5?
What is the loss of the discriminator? / And the generator? → What is the loss of the generator?
Which loss does a VAE use? / How about a GAN? → Which loss does a GAN use?
What is dropout used for? / What about early stopping? → What is early stopping used for?
Why is mode collapse a problem? / And overfitting? → Why is overfitting a problem?
How does a VAE differ from a GAN? / Why? → Why does a VAE differ from a GAN?
When is dropout used? / And why? → Why is dropout used?
Compare a VAE and a GAN. / What about a diffusion model? → Compare a VAE and a diffusion model.
How does attention work? / And in transformers? → How does attention work in transformers?
How is attention used in RNNs? / and in transformers? → How is attention used in transformers?
What are the advantages of k-means? / And the disadvantages? → What are the disadvantages of k-means?
What is a GAN? / What about its discriminator? → What is a GAN's discriminator?
How is a GAN trained? / And its discriminator? → How is a GAN's discriminator trained?
What is mode collapse? / Why? → What is the reason for mode collapse?
What is mode collapse? / but why is that? → What is the reason for mode collapse?
Is dropout used at test time? / Why not? → Why is dropout not used at test time?
Does dropout reduce overfitting? / How? → How does dropout reduce overfitting?
What is beam search? / How? → How does beam search work?
What are GANs? / When? → When are GANs used?
What is beam search? / Can you give an example? → Can you give an example of beam search?
What is beam search? / For example? → What is an example of beam search?
What is beam search? / Tell me more → Tell me more about beam search.
What is beam search? / Go on. → Tell me more about beam search.
What is beam search? / What are the advantages? → What are the advantages of beam search?
What is beam search? / What are the steps? → What are the steps of beam search?
What is beam search? / Any disadvantages? → Any disadvantages of beam search?
What are autoencoders? / What types are there? → What types of autoencoders are there?
What is mode collapse? / How to avoid? → How to avoid mode collapse?
What is a VAE? / What is a GAN? / What is the difference? → What is the difference between a VAE and a GAN?
What is a VAE? / What is a GAN? / How do they differ? → How do a VAE and a GAN differ?
What is precision? / What is recall? / How are they related? → How are precision and recall related?
What is an RNN? / What is an LSTM? / What do the two have in common? → What do an RNN and an LSTM have in common?
How do L1 and L2 regularisation differ? / Which one is better? → Which is better, L1 or L2 regularisation?
How do L1 and L2 regularisation differ? / When should I use the latter? → When should I use L2 regularisation?
How do BERT and GPT differ? / Is the former a decoder? → Is BERT a decoder?
How do BERT and GPT differ? / Can both generate text? → Can BERT and GPT generate text?
What is mode collapse? / How is it avoided? / What causes it? → What causes mode collapse?
What is BERT? / Thanks! / Who made it? → Who made BERT?
What is a VAE? / And a GAN? / How is it trained? → How is a GAN trained?
What is mode collapse? / explain it like I'm five → Explain mode collapse like I'm five
What is mode collapse? / What does the WGAN do about it? → What does the WGAN do about mode collapse?
What is mode collapse? / What's that? → What's mode collapse?
What is a variational autoencoder? / How do I train one? → How do I train a variational autoencoder?
What is a variational autoencoder? / When should it not be used? → When should a variational autoencoder not be used?
What is a VAE? / What's the difference to a GAN? → What's the difference between a VAE and a GAN?
What is a VAE? / What's the difference between it and a GAN? → What's the difference between a VAE and a GAN?
What is a VAE? / Which is better, it or a GAN? → Which is better, a VAE or a GAN?
What are embeddings? / What if two of them are close? → What if two of the embeddings are close?
What are embeddings? / How is similarity between them measured? → How is similarity between embeddings measured?
What are embeddings? / What is their dimension called? → What is embeddings' dimension called?
How do I choose the number of clusters in k-means? / Does it always converge? → Does k-means always converge?
How do I choose the threshold in Hyperband? / And in ASHA? → How do I choose the threshold in ASHA?
Is dropout used at test time? / What about during training? → Is dropout used during training?
What is mode collapse? / In VAEs too? → What is mode collapse in VAEs?
Compare BERT and GPT. / Which one should I use for search? → Which should I use for search, BERT or GPT?
Compare BERT and GPT. / What do they have in common? → What do BERT and GPT have in common?
Compare BERT and GPT. / And T5? → Compare BERT and T5.
""".strip().splitlines()

ALONE = """
What is top-p sampling?
How does attention work in transformers?
Is it possible to train a GAN on text?
What does it mean for a model to overfit?
What is a GAN and how does it work?
How does an autoencoder compress its input?
Why is it hard to train a GAN?
Is it true that GANs are unstable?
How long does it take to train GPT-4?
Does it matter which optimiser is used?
Does it make sense to normalise the labels?
What is IT?
What is the difference between a VAE and a GAN?
Which loss does a VAE use?
Why do language models hallucinate when they lack facts?
What is this course about?
What is a model that generates text called?
How do you know that a model overfits?
What is self-attention?
When was the transformer introduced?
And what is a transformer?
How does softmax turn logits into probabilities so that they sum to one?
What is the chain rule?
What is the mean?
What is mean squared error?
Define perplexity.
Compare BERT and GPT.
In GANs, what does the generator do?
What does RAG stand for?
What is an example of overfitting?
What are the types of generative models?
Is one layer enough for XOR?
What is training?
What is one-hot encoding?
Thanks!
Are you sure?
No.
Who are you?
What are your limitations?
What is F1?
Why is mode collapse called mode collapse?
What is the two-sample t-test?
Do both networks of a GAN need labels?
What is the bias–variance trade-off?
Why does a GAN need a discriminator, and how is it trained?
What is a score that lies between 0 and 1?
Which of the two networks of a GAN is the forger?
How does an LSTM preserve its gradients?
What are the four segments ES, SC, RC and PC?
How do transformers know the order of their tokens?
""".strip().splitlines()


@pytest.mark.parametrize("row", FOLLOW_UPS)
def test_a_follow_up_becomes_the_question_that_a_person_would_write(row):
    """The topic takes the place of the pronoun, or is added where the follow-up names nothing."""
    dialogue, expected = row.split(" → ")
    *earlier, question = dialogue.split(" / ")
    assert carry_topic(question, earlier) == expected


@pytest.mark.parametrize("question", ALONE)
@pytest.mark.parametrize("earlier", [["What is mode collapse?"], ["What is a VAE?", "What are transformers?"]])
def test_a_question_that_stands_alone_comes_back_unchanged(question, earlier):
    """A pronoun that the question explains itself, "it" that stands for nothing and small talk are left alone."""
    assert carry_topic(question, earlier) == question


@pytest.mark.parametrize("row", FOLLOW_UPS)
def test_a_resolved_follow_up_needs_no_further_resolving(row):
    """What was carried over stands alone, so a chat that keeps standalone questions does not change them again."""
    dialogue, expected = row.split(" → ")
    assert carry_topic(expected, dialogue.split(" / ")[:-1]) == expected


@pytest.mark.parametrize("row", FOLLOW_UPS[:10])
def test_without_a_topic_there_is_nothing_to_carry_over(row):
    """The first question of a conversation, or one after small talk alone, is returned as it is."""
    question = row.split(" → ")[0].split(" / ")[-1]
    assert carry_topic(question, []) == question
    assert carry_topic(question, ["Hello!", "OK, thanks"]) == question


def test_a_conversation_of_follow_ups_keeps_its_topic():
    """Each follow-up is understood through the ones before it, though only the first names the topic."""
    asked = ["What is mode collapse?", "Why?", "And how is it avoided?", "Can you give an example?"]
    said = [carry_topic(question, asked[:i]) for i, question in enumerate(asked)]
    assert said == [
        "What is mode collapse?",
        "What is the reason for mode collapse?",
        "How is mode collapse avoided?",
        "Can you give an example of mode collapse?",
    ]


@pytest.mark.parametrize("question", ["Why is it called mode collapse?", "What makes it mode collapse?"])
def test_a_question_that_names_the_topic_needs_no_second_mention(question):
    """A pronoun beside the very topic is left alone, as the question can be searched for as it is."""
    assert carry_topic(question, ["What is mode collapse?"]) == question


def test_the_topic_changes_with_the_conversation():
    """A pronoun refers to what was named last, not to what was named first."""
    earlier = ["What is mode collapse?", "How is it avoided?", "What is perplexity?"]
    assert carry_topic("How is it computed?", earlier) == "How is perplexity computed?"


def test_what_was_said_long_ago_is_forgotten():
    """Only the last six questions are read."""
    earlier = ["What is perplexity?", *["Thanks!"] * 6]
    assert carry_topic("How is it computed?", earlier) == "How is it computed?"
    assert carry_topic("How is it computed?", earlier[:-1]) == "How is perplexity computed?"


def test_a_long_question_says_itself_what_it_is_about():
    """A question of more than 300 characters is returned as it is, at once."""
    question = "Does it take " + "very " * 20_000 + "long to train it?"
    assert carry_topic(question, ["What is a GAN?"]) == question


@given(name=st.from_regex(r"\A[zZ][qQ][a-zA-Z]{1,4}(?:[-.+][a-zA-Z0-9]{1,3}){0,2}[0-9]?\Z"))
@settings(deadline=None, max_examples=100)
def test_a_name_that_nobody_has_heard_of_is_carried_over_as_it_is_written(name):
    """Hyphens, digits, dots and upper case of a name are kept."""
    assume(not name.lower().endswith(("s", "ed")))  # a plural or a participle is taken for one
    earlier = [f"What is {name}?"]
    assert carry_topic("How does it work?", earlier) == f"How does {name} work?"
    assert carry_topic(f"What is {name}?", ["What is mode collapse?"]) == f"What is {name}?"


@given(
    question=st.text(st.sampled_from(string.ascii_letters + string.digits + " ?.,'’-–$[](){}*\\äß日\n"), max_size=80)
    | st.lists(st.sampled_from("and how why is it its that the two what about of differ, works? one".split())).map(
        " ".join
    ),
    earlier=st.lists(st.sampled_from(["What is a GAN?", "How do BERT and GPT differ?", "", " ?"]), max_size=3),
)
@settings(deadline=None, max_examples=200)
def test_no_text_breaks_the_rules(question, earlier):
    """Whatever is typed comes back, unchanged or with something that the conversation was about."""
    carried = carry_topic(question, earlier)
    assert carried == question or "GAN" in carried or "BERT" in carried or "GPT" in carried
