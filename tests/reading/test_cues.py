"""Which words tell that a sentence explains as asked."""

from __future__ import annotations

import pytest

from rag_app.reading.cues import cue_share, cues_of


@pytest.mark.parametrize(
    ("question", "telling", "mute"),
    [
        ("In which situations would you choose lasso?", "It is used when there are many features.", "It has a slope."),
        ("What is dropout for?", "It serves regularisation.", "It is a layer."),
        ("How is F1 calculated?", "Multiply precision by recall.", "F1 was named later."),
        ("What brought on the winter?", "It came because money ran out.", "It was cold."),
        ("What happens if the step is too big?", "The loss grows without bound.", "The step is a number."),
        ("What can I do against overfitting?", "It is reduced by more data.", "It is common."),
        ("How do a GAN and a VAE differ?", "A GAN is sharp, whereas a VAE is blurred.", "A GAN has two networks."),
        ("What are the limits of accuracy?", "It cannot see the classes apart.", "It is a share."),
        ("What are the advantages of RAG?", "It is cheaper.", "It is a method."),
        ("Is there an example?", "Names, such as Ada, are kept.", "Names are kept."),
        ("How does it learn?", "It learns by trial.", "It learns."),
    ],
)
def test_a_way_of_explaining_is_told_by_words(question, telling, mute):
    """One example of each way; the words of one do not stand in any sentence."""
    cues = cues_of(question)
    assert cue_share(cues, telling) > cue_share(cues, mute) == 0


@pytest.mark.parametrize("question", ["What is a GAN?", "Who invented GANs?", "How many heads are there?", ""])
def test_a_question_for_a_thing_asks_for_no_explanation(question):
    """Nothing is looked for, and nothing counts as found."""
    assert cues_of(question) == ()
    assert cue_share((), "It fails because of the wind.") == 0


def test_of_several_ways_the_share_counts():
    """A question for a cause of a weakness is half met by a cause."""
    cues = cues_of("Why is it a problem?")
    assert len(cues) == 2
    assert cue_share(cues, "It was done so that all see it.") == 0.5
