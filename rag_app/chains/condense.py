"""A follow-up question becomes a standalone one: by the language model, or by carrying the topic over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag_app.chains.messages import Message
from rag_app.from_scratch.language.words import content_words, words
from rag_app.llms.factory import translated_errors
from rag_app.prompting.templates import load_prompt

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_POSSESSIVE = re.compile(r"\b(?:its|their|his|her)\b", re.IGNORECASE)
_PRONOUN = re.compile(
    r"\b(?:it|they|them|this|these|those|that one|this one|the former|the latter|the two|both of them)\b"
    r"(?!\s+(?:is|was|does|has|seems)?\s*(?:possible|necessary|important|true|mean)\b)",
    re.IGNORECASE,
)
_DEMONSTRATIVE_NOUN = re.compile(r"\b(?:this|these|those)\s+(?=[a-z])", re.IGNORECASE)
_LEAD_IN = re.compile(r"^(?:and|so|but|also|ok(?:ay)?|then|now)\b[\s,]*", re.IGNORECASE)
_ELLIPSIS = re.compile(
    r"^(?:(?:and|but|so)\b|(?:what|how) about\b|why(?: not)?\W*$|how(?: so)?\W*$|when\W*$|where\W*$|who\W*$|"
    r"(?:for example|example|examples|more|go on|tell me more|and)\W*$)",
    re.IGNORECASE,
)
_WHAT_ABOUT = re.compile(r"^(?:and\s+)?(?:what|how) about\s+", re.IGNORECASE)
_FRAME = frozenset(
    "work works working used use uses using happen happens avoided avoid prevented prevent important difference "
    "differ different compare compared type types kind kinds example examples step steps advantage advantages "
    "disadvantage disadvantages problem problems need needed help helps make makes made people know mean many "
    "much often good bad better best trained train cause causes caused does name list show give".split()
)
_JOINING = frozenset(("of", "in", "and", "vs", "for", "between", "to", "by"))
_MAX_TURNS = 6


def condense(question: str, messages: Sequence[Message], llm: BaseChatModel | None, *, llm_name: str = "") -> str:
    """Return a question that is understood without the conversation.

    Parameters
    ----------
    question : str
        What the user typed.
    messages : sequence of Message
        The conversation so far, oldest first.
    llm : BaseChatModel or None
        Rewrites the question; without one the topic is carried over.
    llm_name : str
        The setting, for error messages.

    Returns
    -------
    str
        The question itself where there is nothing to resolve.
    """
    question = question.strip()
    if not any(m.role == "user" for m in messages):
        return question
    if llm is None:
        return carry_topic(question, [m.text for m in messages if m.role == "user"])
    conversation = "\n".join(f"{m.role}: {m.text}" for m in messages[-_MAX_TURNS:] if m.role != "system")
    prompt = load_prompt("condense_question").render(conversation=conversation, question=question)
    with translated_errors(llm_name):
        lines = llm.invoke(prompt).text.strip().splitlines()
    return lines[0].strip() if lines and lines[0].strip() else question


def carry_topic(question: str, earlier: Sequence[str]) -> str:
    """Return a follow-up with the topic of the conversation in place of its pronoun, or after it.

    Parameters
    ----------
    question : str
        What the user typed.
    earlier : sequence of str
        The standalone questions before it, oldest first.

    Examples
    --------
    >>> carry_topic("And how is it avoided?", ["What is mode collapse?"])
    'How is mode collapse avoided?'
    >>> carry_topic("What are its causes?", ["What is mode collapse?"])
    'What are the causes of mode collapse?'
    >>> carry_topic("Why?", ["What is mode collapse?"])
    'Why: mode collapse?'
    >>> carry_topic("What is a VAE?", ["What is mode collapse?"])
    'What is a VAE?'
    """
    topic = next((t for t in map(topic_of, reversed(earlier)) if t), "")
    if not topic:
        return question
    bare = _LEAD_IN.sub("", question).strip() or question
    if _WHAT_ABOUT.match(question):
        return _resolve_what_about(question, earlier[-1], topic)
    resolved = _replace_pronoun(bare, topic)
    if resolved != bare:
        return _capitalised(resolved)
    if _ELLIPSIS.match(question) and not _names_a_thing(bare):
        return f"{_capitalised(bare.rstrip(' ?.!'))}: {topic}?"
    if not content_words(bare) or all(w in _FRAME for w in content_words(bare)):
        return f"{_capitalised(bare.rstrip(' ?.!'))}: {topic}?"
    return question


def topic_of(question: str) -> str:
    """Return the longest run of words of a question that name what it is about.

    Examples
    --------
    >>> topic_of("How does a variational autoencoder work?"), topic_of("What is top-p sampling?")
    ('variational autoencoder', 'top-p sampling')
    """
    tokens = re.findall(r"[\w$^*+#./-]*\w[\w'+#*-]*", question)
    runs: list[list[str]] = [[]]
    for token in tokens:
        lower = token.lower()
        names_it = lower not in _FRAME and content_words(lower)
        if names_it or (runs[-1] and lower in _JOINING):
            runs[-1].append(token)
        elif runs[-1]:
            runs.append([])
    longest: list[str] = max((_trim(run) for run in runs), key=len)
    return " ".join(longest)


def _trim(run: list[str]) -> list[str]:
    while run and not content_words(run[-1]):
        run = run[:-1]
    return run


def _replace_pronoun(question: str, topic: str) -> str:
    match = _POSSESSIVE.search(question)
    if match:
        rest = re.match(r"\s*([\w-]+(?:\s+[\w-]+)?)", question[match.end() :])
        noun = rest.group(1) if rest else ""
        tail = question[match.end() + (rest.end() if rest else 0) :]
        return f"{question[: match.start()]}the {noun} of {topic}{tail}"
    match = _PRONOUN.search(question)
    if match is None or (_DEMONSTRATIVE_NOUN.match(question, match.start()) and _names_a_thing(question)):
        return question
    return question[: match.start()] + topic + question[match.end() :]


def _resolve_what_about(question: str, before: str, topic: str) -> str:
    """Ask the earlier question about the new thing: "and what about VAEs?" after "How is a GAN trained?"."""
    new = _WHAT_ABOUT.sub("", question).strip(" ?.!")
    if _PRONOUN.fullmatch(new) or not new:
        return before
    replaced = before.replace(topic, new) if topic in before else f"{before.rstrip(' ?.!')}: {new}?"
    return _capitalised(replaced)


def _names_a_thing(question: str) -> bool:
    return any(w not in _FRAME for w in content_words(question)) and len(words(question)) > 1


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
