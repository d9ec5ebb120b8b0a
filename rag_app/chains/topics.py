"""What a question is about: its noun phrases, found with lists of words rather than with a tagger."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag_app.from_scratch.language.words import STOP_WORDS

_TOKEN = re.compile(r"\w(?:[\w'’+#*^/.&–-]*[\w+#*])?(?:(?<=s)['’](?=\s\w))?|[^\w\s]")
_ARTICLES = frozenset(("a", "an", "the", "my", "our"))
_PREPOSITIONS = frozenset(("of", "in", "for"))
_JOINING = _PREPOSITIONS | {"and", "or", "vs", "versus"}
_ASKING = frozenset(("which", "what", "whose", "many", "much"))
_ONE = frozenset(("is", "was", "does", "has"))
_SEVERAL = frozenset(("are", "were", "do", "have"))
_VERBS = frozenset(
    form
    for verb in (
        "add affect allow apply avoid build calculate call cause change choose classify combine compare compress "
        "compute contain converge create deal decrease define depend detect develop differ discover evaluate exist "
        "fail find fine-tune fix generate get give go hallucinate handle happen help implement improve include "
        "increase influence interpret introduce invent involve judge know lead learn list make matter measure name "
        "need occur overfit perform predict prefer prevent produce propose publish rank reconstruct reduce relate "
        "remove replace represent require return say show solve stand suffer take tell think train try turn "
        "understand use want work"
    ).split()
    for form in (verb, f"{verb}s", f"{verb}es", f"{verb}d", f"{verb}ed")
) | frozenset("applied built chosen done found gave given got knew known led made said took taken trying using".split())
_RELATIONAL = frozenset(
    "advantage aim alternative application benefit cause con consequence definition difference disadvantage "
    "drawback effect example formula goal history impact importance kind limit limitation meaning number origin pro "
    "purpose reason relation relationship remedy requirement result role similarity strength symptom type uses variant "
    "weakness".split()
)
_PLAIN = frozenset(
    "able another available bad best better cheap common different difficult easy exactly expensive fast good hard "
    "important like long lot main many much often one popular possible related relevant robust same similar simple "
    "slow typical useful usually worse worst bye cool great hello hi ok okay please sorry sure thank thanks yes".split()
)
_WEAK = frozenset("basic first idea last new part point problem second step three two way".split())
_STAGES = frozenset(("idea", "part", "problem", "step"))
_NOT_PLURAL = re.compile(r"(?:ss|us|is|ics|['’]s)$|^(?:bias|k-means|series|bayes|keras|pandas)$")

# One letter for each token: Content, W(eak noun), D (a participle, if it ends a phrase), Joining, Article,
# V (a frame around the topic) and "." for everything else.
_NOUN = r"(?:W|D(?=[WCD]))*C(?:[CW]|D(?=[CW]))*"
_PHRASE = re.compile(rf"(?:A?W+J)*(?P<topic>A?{_NOUN}(?:JA?{_NOUN})*)")


@dataclass(frozen=True, slots=True)
class Topic:
    """A noun phrase of a question: ``question[start:end] == text``, with its article."""

    text: str
    start: int
    end: int
    plural: bool
    asked: bool  # after "which" or "how many"


def topics_of(question: str) -> list[Topic]:
    """Return the noun phrases of a question that name what it is about, the most prominent first.

    A phrase after *which* or *how many* is asked for rather than talked about, and comes later; so does a phrase
    inside another one.

    Examples
    --------
    >>> [t.text for t in topics_of("Which loss does a variational autoencoder use?")]
    ['a variational autoencoder', 'loss']
    >>> [t.text for t in topics_of("What are the main causes of mode collapse in GANs?")]
    ['mode collapse in GANs', 'GANs']
    >>> topics_of("Who won the Turing Award?")[0].text
    'the Turing Award'
    """
    tokens = list(_TOKEN.finditer(question))
    words = [_bare(t.group()) for t in tokens]
    tags = "".join(_tag(words, i) for i in range(len(words)))
    topics: list[Topic] = []
    inner: list[Topic] = []
    for match in _PHRASE.finditer(tags):
        first, last = match.span("topic")
        before = words[match.start() - 1] if match.start() else ""
        joints = [i + 1 for i in range(first, last) if words[i] in _PREPOSITIONS]
        for begin in (first, *joints):
            start, end = tokens[begin].start(), tokens[last - 1].end()
            plural = _is_plural(words[begin:last], tags[begin:last], before if begin == match.start() else "")
            topic = Topic(question[start:end], start, end, plural=plural, asked=before in _ASKING)
            (topics if begin == first else inner).append(topic)
    return sorted(topics, key=lambda t: t.asked) + inner


def relation_in(question: str) -> re.Match[str] | None:
    """Return the last word of a question that names a relation to its topic, such as "advantages" or "steps".

    Examples
    --------
    >>> relation_in("Can you give an example?").group()
    'example'
    """
    tokens = [t for t in _TOKEN.finditer(question) if _singular(_bare(t.group())) in _RELATIONAL | _STAGES]
    return tokens[-1] if tokens else None


def _bare(token: str) -> str:
    return re.sub(r"['’]s?$", "", token.lower())


def _singular(word: str) -> str:
    if word in _RELATIONAL:
        return word
    return f"{word[:-3]}y" if word.endswith("ies") else word.removesuffix("s")


def _tag(words: list[str], i: int) -> str:
    word = words[i]
    if i and words[i - 1] == "who":
        return "V"  # "who won the prize": whatever it is, it is done
    if word == "mean" and not {"do", "does", "did"} & set(words[:i]):
        return "C"
    for tag, known in (("J", _JOINING), ("A", _ARTICLES), ("W", _WEAK), ("V", _VERBS), ("V", _PLAIN)):
        if word in known:
            return tag
    if not word[:1].isalnum() or word in STOP_WORDS:
        return "."
    for tag, known in (("W", _WEAK), ("V", _RELATIONAL)):
        if _singular(word) in known:
            return tag
    return "D" if re.search(r"\w\w[^e]ed$", word) else "C"


def _is_plural(words: list[str], tags: str, before: str) -> bool:
    joint = tags.find("J")
    if joint > 0 and words[joint] == "and":
        return True
    if before in _ONE | _SEVERAL:
        return before in _SEVERAL
    head = words[joint - 1 if joint > 0 else -1]
    return head.endswith("s") and not _NOT_PLURAL.search(head)
