"""A follow-up becomes standalone, with a language model and without one."""

from __future__ import annotations

import pytest
from support.openai_server import OpenAIServer

from rag_app.chains.condense import condense
from rag_app.chains.messages import Message
from rag_app.content import content_dir
from rag_app.llms.factory import load_llm
from rag_app.llms.scripted import ScriptedChat
from rag_app.llms.tally import Tally
from rag_app.settings import Settings

TALK = [Message("user", "What is mode collapse?"), Message("assistant", "A failure of GAN training.")]


def test_without_a_language_model_the_topic_is_carried_over():
    """The questions of the conversation are read, not its answers."""
    assert condense(" And how is it avoided? ", TALK, None) == "How is mode collapse avoided?"


@pytest.mark.parametrize("messages", [[], [Message("system", "Be kind.")], [Message("assistant", "Hello!")]])
def test_a_first_question_is_not_sent_to_the_language_model(messages):
    """Without an earlier question there is nothing to resolve, and nothing is spent on it."""
    llm = ScriptedChat(replies=["Something else?"])
    assert condense("  How is it avoided? ", messages, llm) == "How is it avoided?"
    assert llm.n_calls == 0


def test_the_language_model_reads_the_conversation_and_rewrites_the_question():
    """The prompt holds the messages without those of the system; the first line of the reply counts."""
    llm = ScriptedChat(replies=[" How is mode collapse avoided in GANs? \n\nI replaced the pronoun."])
    talk = [Message("user", "Question 1?"), Message("system", "Be kind."), *TALK]
    assert condense("How is it avoided?", talk, llm) == "How is mode collapse avoided in GANs?"
    prompt = llm.received[0][-1].text
    assert "user: Question 1?\nuser: What is mode collapse?\nassistant: A " in prompt
    assert "Be kind" not in prompt
    assert prompt.endswith("Last question: How is it avoided?")


def test_what_the_request_came_to_is_counted():
    """Tokens of the rewriting are a part of what a question takes."""
    tally = Tally()
    with OpenAIServer(["How is mode collapse avoided?"]) as server:
        llm = load_llm(Settings.load(environ={}, llm="openai:a", llm_base_url=server.url))
        assert condense("How is it avoided?", TALK, llm, tally=tally) == "How is mode collapse avoided?"
    assert (tally.llm, tally.usage["output_tokens"]) == ("openai:a", 8)


def test_the_prompt_may_be_ones_own(tmp_path):
    """A folder of the user's own comes before the package."""
    text = (content_dir("prompts") / "condense_question.md").read_text(encoding="utf-8")
    (tmp_path / "condense_question.md").write_text(text.replace("You rewrite", "In Latin, you rewrite"))
    llm = ScriptedChat(replies=["Quid?"])
    assert condense("How is it avoided?", TALK, llm, prompts_dir=tmp_path) == "Quid?"
    assert llm.received[0][0].text.startswith("In Latin, you rewrite")


@pytest.mark.parametrize("reply", ["", " \n "])
def test_an_empty_reply_leaves_the_question_as_it_is(reply):
    """A language model that says nothing does not cost the user the question."""
    assert condense("How is it avoided?", TALK, ScriptedChat(replies=[reply])) == "How is it avoided?"


def test_a_question_without_an_answer_is_not_gone_on_from():
    """After "No answer found." a follow-up refers to what was talked about before."""
    said = [
        Message("user", "What is the reparameterisation trick?"),
        Message("assistant", "A way to write a random code."),
        Message("user", "Who won the world cup in 1998?"),
        Message("assistant", "No answer found."),
    ]
    assert condense("Why is it needed?", said, None) == "Why is the reparameterisation trick needed?"


PLACED = [Message("user", 'What is mode collapse in file:09-gans.md under heading:"mode collapse"?'), TALK[1]]


def test_filters_of_an_earlier_question_held_for_it_alone():
    """Only its topic is carried over: where to look is said anew, or nowhere in particular."""
    assert condense("And how is it avoided?", PLACED, None) == "How is mode collapse avoided?"
    talk = [*TALK, Message("user", "file:09-gans.md"), Message("assistant", "Pardon?")]
    assert condense("And how is it avoided?", talk, None) == "How is mode collapse avoided?"


def test_the_language_model_reads_no_filters():
    """It could carry them over."""
    llm = ScriptedChat(replies=["How is mode collapse avoided?"])
    assert condense("And how is it avoided?", PLACED, llm) == "How is mode collapse avoided?"
    prompt = llm.received[0][-1].text
    assert "user: What is mode collapse?\n" in prompt
    assert "09-gans.md" not in prompt
