"""Long conversations."""

from __future__ import annotations

from rag_app.chains.memory import SUMMARY, Memory, load_recall
from rag_app.chains.messages import Message
from rag_app.llms.scripted import ScriptedChat
from rag_app.settings import Settings


def words(text: str) -> int:
    """Count a text's words, in place of tokens."""
    return len(text.split())


def talk(n: int, n_words: int = 9) -> list[Message]:
    """Return messages of a role and nine words each, which makes ten."""
    return [
        Message("user" if i % 2 == 0 else "assistant", " ".join([f"m{i}"] + ["w"] * (n_words - 1))) for i in range(n)
    ]


def memory_of(room: int, *replies: str) -> tuple[Memory, ScriptedChat]:
    """Return a memory with a scripted language model."""
    llm = ScriptedChat(replies=list(replies) or ["They spoke."])
    return Memory(llm, "scripted", room, words), llm


def test_a_conversation_that_fits_is_left_alone() -> None:
    """Up to a quarter of the room; nothing is asked of the language model."""
    memory, llm = memory_of(400)
    found = memory.recall(talk(10))
    assert (list(found.messages), found.notes, llm.n_calls) == (talk(10), (), 0)


def test_a_longer_one_begins_with_a_summary() -> None:
    """The latest messages stay as they are, and the reader is told what happened."""
    memory, llm = memory_of(400, "They spoke of m0 and m1.")
    found = memory.recall(talk(12))
    summary, *latest = found.messages
    assert summary == Message(SUMMARY, "They spoke of m0 and m1.")
    assert latest == talk(12)[len(talk(12)) - len(latest) :]
    assert sum(words(f"{m.role}: {m.text}") for m in latest) <= 75
    n_old = 12 - len(latest)
    assert found.notes == (
        f"The conversation is long: its first {n_old} messages are known to the language model by a summary.",
    )
    prompt = llm.received[0][-1].text
    assert "user: m0 w" in prompt
    assert f"m{n_old - 1} " in prompt
    assert f"m{n_old} " not in prompt


def test_a_summary_serves_for_several_questions() -> None:
    """As the conversation grows, the cut moves by steps, and each summary is written once, from the one before it."""
    memory, llm = memory_of(400, "first", "second", "third", "fourth", "fifth")
    for n in range(11, 41):
        memory.recall(talk(n))
        memory.recall(talk(n))
    assert 3 <= llm.n_calls <= 10
    assert "summary: first" in llm.received[1][-1].text
    assert "m0 " not in llm.received[1][-1].text


def test_conversations_are_not_mixed_up() -> None:
    """A summary belongs to the very messages that it is of."""
    memory, _ = memory_of(400, "of one", "of the other")
    one, other = talk(12), [Message(m.role, m.text.upper()) for m in talk(12)]
    assert [memory.recall(m).messages[0].text for m in (one, other, one)] == ["of one", "of the other", "of one"]


def test_a_conversation_that_does_not_fit_into_a_prompt_is_summarised_in_pieces() -> None:
    """Each of them half of the room at most, with the summary so far in front."""
    memory, llm = memory_of(400, "s0", "s1", "s2")
    memory.recall(talk(60))
    prompts = [messages[-1].text for messages in llm.received]
    assert len(prompts) > 1
    assert "summary: s0\n" in prompts[1]
    assert all(words(p) < 250 for p in prompts)
    for i in range(50):
        assert sum(f"m{i} " in p for p in prompts) == 1


def test_a_summary_that_is_too_long_is_cut() -> None:
    """A language model need not keep to the limit that it is told."""
    memory, _ = memory_of(400, "word " * 500)
    assert words(memory.recall(talk(12)).messages[0].text) <= 27


def test_a_single_message_that_is_too_long_is_cut() -> None:
    """There is nothing to summarise before it."""
    memory, llm = memory_of(400)
    found = memory.recall(talk(1, 1000))
    assert words(found.messages[0].text) <= 76
    assert found.messages[0].text.endswith(" …")
    assert found.notes == ("The last message was cut: it is longer than the prompt may be.",)
    assert llm.n_calls == 0


def test_one_message_is_said_to_be_one() -> None:
    """In the note."""
    memory, _ = memory_of(400)
    messages = [Message("user", "w " * 80), Message("assistant", "w " * 40)]
    assert memory.recall(messages).notes[0].startswith("The conversation is long: its first message is known")


def test_without_a_language_model_everything_is_remembered() -> None:
    """The topic of a follow-up is carried over from any question."""
    recall = load_recall(None, Settings.load(environ={}, data_dir="x"))
    assert list(recall(talk(500)).messages) == talk(500)


def test_the_room_comes_from_the_settings() -> None:
    """What the answer may have is taken off."""
    settings = Settings.load(environ={}, data_dir="x", llm="scripted:x", llm_context_tokens=1000, llm_max_tokens=200)
    recall = load_recall(ScriptedChat(replies=["s"]), settings)
    assert recall(talk(10, 20)).messages[0].role == "user"
    assert recall(talk(60, 20)).messages[0].role == SUMMARY
