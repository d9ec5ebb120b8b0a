"""A follow-up question becomes a standalone one by rules: the topic of the conversation takes its pronoun's place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag_app.chains.topics import Topic, relation_in, topics_of

_MAX_TURNS = 6
_MAX_CHARACTERS = 300  # a longer question says what it is about
_VERB = r"(?:is|are|was|were|does|do|did|has|have|can|could|should|will|would|must)"
_LEAD_IN = re.compile(r"^(?:(?:and|so|but|also|ok(?:ay)?|then|now)\b[\s,]*)+", re.IGNORECASE)
_ASKED = re.compile(rf"(?:(?:why|how|when|where)\s+)?({_VERB})\b", re.IGNORECASE)
_INVERTED = re.compile(r"(why|how|when|where)( not)?", re.IGNORECASE)
_MORE = (
    r"(?:(?:can|could) you )?(?:please )?(?:(?:tell me|say|explain|give me) )?(?:(?:some|a bit) )?"
    r"(?:more(?: details?)?|details|anything else|what else|go on|continue|elaborate)(?: please)?"
)
_EXAMPLE = r"(?:(?:for|an?|any|some|another) )?examples?|for instance|like what|such as what"
_BARE = tuple(  # questions that name nothing, and what a person would say in full
    (re.compile(pattern, re.IGNORECASE), full)
    for pattern, full in (
        (r"why not", "Why not {topic}?"),
        (r"why(?: so)?(?:,? (?:is|was) (?:that|this|it))?(?: so)?|how come", "What is the reason for {topic}?"),
        (r"how(?: so| exactly)?", "How {does} {topic} work?"),
        (r"when", "When {is} {topic} used?"),
        (r"where", "Where {is} {topic} used?"),
        (r"who", "Who introduced {topic}?"),
        (_EXAMPLE, "What is an example of {topic}?"),
        (_MORE, "Tell me more about {topic}."),
        (r"what do you mean(?: by (?:that|this|it))?", "What do you mean by {topic}?"),
    )
)
_ABOUT = re.compile(
    r"(?:(?:and|but|so|or)\s+)*(?:what|how) about\s+(.+)|(?:and|or|but)\s+(.+)|"
    r"((?:in|for|with|without|on|at|during)\s.+) (?:too|as well)\W*$",
    re.IGNORECASE,
)
_OWNED = re.compile(r"(its|their)\s+", re.IGNORECASE)
_PREPOSITION = re.compile(r"(in|for|with|without|on|by|at|during|under)\s+", re.IGNORECASE)
_SAME_PLACE = {"at": "(?:at|during)", "during": "(?:at|during)"}
_RELATION = re.compile(r"(?:(?:its|their|the|any|some|main)\s+)*([\w-]+)", re.IGNORECASE)
_PREPOSITION_OF = {"reason": "for", "remedy": "for", "requirement": "for", "alternative": "to", "problem": "with"}
_BETWEEN = frozenset(("difference", "relation", "relationship", "similarity", "similaritie"))
_COMPARING = re.compile(
    r"\b(?:compar\w+|differ\w*|similar\w*|relat\w+|in common|between|better|versus|vs)\b", re.IGNORECASE
)
_COMPARED_TO = re.compile(r"(?<=difference|similarity) (?:to|from|with)\b(?=\s+\w)", re.IGNORECASE)
_CONJUNCTION = re.compile(r"\s+(?:and|or|vs|versus)\s+")
_WHICH = re.compile(r"which(?: one\b|(?= (?:is|are) (?:better|worse|more|less|\w+er)\b))", re.IGNORECASE)
_IMPERATIVE = re.compile(r"how (?:to|(?:do|can|could|should) (?:i|you|we|one)) \w+", re.IGNORECASE)

_THING = (
    r"(?:model|method|technique|approach|algorithm|architecture|concept|idea|phenomenon|process|strategy|trick|one)s?"
)
_ALONE = (  # what may follow "the two" or "the latter" where no noun does
    rf"(?=\W*$|[,;]|\s+(?:{_VERB}|an?|the|in|for|to|better|"
    r"compare|differ|generate|learn|need|produce|relate|require|share|use|work)\b)"
)
_THAT = r"[Tt]h(?:is|at|ese|ose)"
_REFERENCE = re.compile(  # upper case is told apart: IT is no pronoun
    rf"(?<![\w'’-])(?:(?P<pair>(?:[Bb]oth(?: of them)?|[Tt]he two|[Tt]hese two)){_ALONE}"
    rf"|(?P<first>[Tt]he (?:former|first one)){_ALONE}|(?P<last>[Tt]he (?:latter|second one)){_ALONE}"
    r"|(?P<owner>[Ii]ts|[Tt]heir|[Hh]is|[Hh]er)"
    rf"|(?P<thing>(?:{_THAT}|[Ss]uch(?: an?)?) (?:(?:kind|type)s? of )?{_THING})|(?P<that>{_THAT})"
    r"|(?P<it>[Ii]t|[Tt]hey|[Tt]hem|[Hh]e|[Ss]he|[Hh]im)|(?P<one>one))(?![\w'’-])"
)
_SEVERAL = frozenset(("they", "them", "their", "these", "those"))
_OBJECT = r"(?: (?:really|actually|even|ever))? \w[\w-]* (?!(?:on|in|with|for|by|at|from|without|as)\b)\w"
_DUMMY = re.compile(  # "it" that stands for nothing, and "this" that points at the course itself
    r"it (?:(?:is|was|be|really|always|often|ever|so|then|still|also|not|more|a good idea|too)\s+)*(?:"
    r"(?:possible|true)\b|"
    r"(?:impossible|necessary|better|best|common|worth|enough|important|useful|clear|likely|recommended|known|sensible)"
    r" (?:to|that|for|if|when)\b|(?:to|that|if) \w|"
    rf"(?:hard|harder|difficult|easy|easier|cheap|cheaper|expensive|simple) (?:for [\w ]+ )?to{_OBJECT}|"
    rf"(?:take|cost)s? (?:[\w ]+ )?to{_OBJECT}|means? (?:for|to|if|when|that)\b|makes? (?:sense|a difference)\b|"
    r"matters? (?:if|whether|which|how|what|that|when)\b|(?:that|about|like to|called when)\b)|"
    rf"{_THAT} (?:case|chapter|course|book|section|lesson|lecture|page|document|text|way|time|year|context|point|"
    rf"program|app|chat|of|that|who|which)s?\b|{_THAT} (?:kind|type|sort)s? of (?!{_THING}\b)",
    re.IGNORECASE,
)
_BEFORE = {  # what must stand before a word that is not always a pronoun
    "one": re.compile(r"\b(?:i|you|we|to)\s+\w+\s+$", re.IGNORECASE),
    "that": re.compile(
        rf"(?:^|[,;]|['’]s|\b(?:{_VERB}|about|of|for|with|by|to|from|in|on|why|how|like|than|as|and|or|use|using|avoid|"
        r"prevent|explain|causes?))\s*$",
        re.IGNORECASE,
    ),
}
_CLAUSE = re.compile(
    r"[,;:]|\b(?:and|but|or|when|if|because|while|so|which|that|before|after|since|until|although|though|where|why|how|"
    r"what|unless|whether|once|as)\b",
    re.IGNORECASE,
)
_INVERSION = re.compile(rf"\s+{_VERB}\s+", re.IGNORECASE)
_WHAT_IS = re.compile(r"\b(?:what|which|who)(?:'s| is| are| was| were)\s+$", re.IGNORECASE)
_PLURAL_FORM = {"is": "are", "was": "were", "does": "do", "has": "have"}
_SINGULAR_FORM = {several: one for one, several in _PLURAL_FORM.items()}
_AGREEING_BEFORE = re.compile(r"(?<!\bI )(?<!you )(?<!we )(?<!to )\b(is|are|was|were|does|do)(\s+)$", re.IGNORECASE)
_AGREEING_AFTER = re.compile(r"^(\s+)(is|are|was|were|does|do|has|have)\b", re.IGNORECASE)


def carry_topic(question: str, earlier: Sequence[str]) -> str:
    """Return a follow-up with the topic of the conversation in place of its pronoun, or added to it.

    Parameters
    ----------
    question : str
        What the user typed.
    earlier : sequence of str
        The user's questions before it, oldest first; follow-ups among them are resolved in turn.

    Returns
    -------
    str
        The question itself where it stands alone, or where there is nothing to carry over.

    Examples
    --------
    >>> carry_topic("And how is it avoided?", ["What is mode collapse?"])
    'How is mode collapse avoided?'
    >>> carry_topic("What are its causes?", ["What is mode collapse?"])
    'What are the causes of mode collapse?'
    >>> carry_topic("And VAEs?", ["How is a GAN trained?"])
    'How are VAEs trained?'
    >>> carry_topic("What is a VAE and how does it work?", ["What is mode collapse?"])
    'What is a VAE and how does it work?'
    """
    standalone: list[str] = []
    for asked in [*earlier[-_MAX_TURNS:], question]:
        standalone.append(_resolve(asked, standalone))
    return standalone[-1]


@dataclass(frozen=True, slots=True)
class _Context:
    """What the conversation was about last: a question, its topics, and the two things that it compares, if any."""

    question: str
    topics: tuple[Topic, ...]
    pair: tuple[str, ...]

    def topic(self, word: str) -> Topic:
        """Return the topic that a pronoun agrees with in number, or else the most prominent one."""
        plural = word.lower().split()[0] in _SEVERAL
        return next((t for t in self.topics if t.plural == plural), self.topics[0])


def _resolve(question: str, standalone: Sequence[str]) -> str:
    context = _context_of(standalone)
    if context is None or len(question) > _MAX_CHARACTERS:
        return question
    for rule in (_fill, _ask_about, _choose, _refer, _complete):
        resolved = rule(question if rule is _ask_about else _LEAD_IN.sub("", question), context)
        if resolved:
            return resolved[:1].upper() + resolved[1:]
    return question


def _context_of(questions: Sequence[str]) -> _Context | None:
    named = [(q, topics) for q in questions if (topics := tuple(topics_of(q)))]
    if not named:
        return None
    question, topics = named[-1]
    compared = next((t.text for t in topics if _CONJUNCTION.search(t.text)), "")
    others = [ts[0].text for _, ts in named if ts[0].text != topics[0].text]
    pair = _CONJUNCTION.split(compared)[:2] if compared else [*others[-1:], topics[0].text]
    return _Context(question, topics, tuple(pair) if len(pair) > 1 else ())


def _fill(question: str, context: _Context) -> str:
    """Say a bare "why?" or "for example?" in full."""
    said, topic = question.strip(" ?.!"), context.topics[0]
    inverted = _INVERTED.fullmatch(said)
    asked = _ASKED.match(context.question)
    if inverted and asked:
        negation = " not" if inverted[2] else ""
        before, after = context.question[asked.start(1) : topic.end], context.question[topic.end :]
        return f"{inverted[1]} {before[:1].lower()}{before[1:]}{negation}{after}"
    for pattern, full in _BARE:
        if pattern.fullmatch(said):
            forms = {"is": "are", "does": "do"} if topic.plural else {"is": "is", "does": "does"}
            return full.format(topic=topic.text, **forms)
    return ""


def _ask_about(question: str, context: _Context) -> str:
    """Ask the last question about something else: "and VAEs?", "what about images?", "and in transformers?"."""
    match = _ABOUT.match(question)
    if match is None:
        return ""
    new = str(match[match.lastindex or 0]).strip(" ?.!")
    owned = _OWNED.match(new)
    if owned and relation_in(new) is None:
        new = f"{_owner(context.topic(owned[1]))} {new[owned.end() :]}"
    preposition = _PREPOSITION.match(new)
    skipped = preposition.end() if preposition else 0
    named = [t for t in topics_of(new) if t.start == skipped and t.end == len(new)]
    if not named:
        return _ask_relation(new, context)
    if preposition:
        return _ask_where(preposition[1].lower(), new[skipped:], context.question)
    slot = context.topics[0]
    start = slot.start + _kept(slot.text, new, context.question)
    before, after = _agree(context.question[:start], context.question[slot.end :], plural=named[0].plural)
    return before + new + after


def _ask_relation(new: str, context: _Context) -> str:
    """Ask for the disadvantages after the advantages: "and its disadvantages?"."""
    said = _RELATION.fullmatch(new)
    if said is None or relation_in(said[1]) is None:
        return ""
    tail = _of(said[1], context)
    return f"What {'are' if said[1].endswith('s') else 'is'} the {said[1]}{tail}?" if tail else ""


def _ask_where(preposition: str, place: str, question: str) -> str:
    """Ask the same about another place: "and in transformers?"."""
    same = _SAME_PLACE.get(preposition, preposition)
    old = re.search(rf"\b{same}\s+[^?.!]+", question, re.IGNORECASE)
    before, after = (question[: old.start()], question[old.end() :]) if old else (question.rstrip("?.! "), "?")
    return f"{before.rstrip()} {preposition} {place}{after}"


def _kept(slot: str, new: str, question: str) -> int:
    """Return how much of a slot stays: "the loss of" the discriminator, or the first of two things compared."""
    owner = re.match(r"the [\w-]+ of (?=the )", slot)
    if owner and new.startswith("the "):
        return owner.end()
    joint = _CONJUNCTION.search(slot)
    return joint.end() if joint and _COMPARING.search(question) else 0


def _choose(question: str, context: _Context) -> str:
    """Name the two things of "which one is better?"."""
    match = _WHICH.match(question)
    if match is None or not context.pair or re.search(r"\bor\b", question):
        return ""
    return f"Which{question[match.end() :].rstrip(' ?.!')}, {' or '.join(context.pair)}?"


def _refer(question: str, context: _Context) -> str:
    """Put the topic in the place of the first pronoun that refers to the conversation."""
    for match in _REFERENCE.finditer(question):
        before, after = question[: match.start()], question[match.end() :]
        if not _refers(match, before, after):
            continue
        kind, topic = match.lastgroup, context.topic(match.group())
        if topic.text.split(maxsplit=1)[-1].lower() in (before + after).lower():
            return ""  # "why is it called dropout?"
        noun = _noun_after(match) if kind == "that" else ""
        if noun and noun in topic.text.split():
            after = after.removeprefix(f" {noun}")  # "this loss", of the Huber loss
        elif noun or kind == "owner":
            return _possessed(before, after, topic)
        text, plural = _named(match, context)
        before, after = _agree(before, after, plural=plural)
        return before + text + after
    return ""


def _refers(match: re.Match[str], before: str, after: str) -> bool:
    """Return whether a word is a pronoun that its own question does not explain."""
    if _DUMMY.match(match.string, match.start()) or _is_bound(before, match, after):
        return False
    needed = _BEFORE.get(match.group().lower())
    return needed is None or bool(needed.search(before))


def _noun_after(match: re.Match[str]) -> str:
    """Return the word after "this" if a noun phrase begins there."""
    phrase = next((t.text for t in topics_of(match.string) if t.start == match.end() + 1), "")
    word = phrase.split(" ")[0]
    return "" if word in {"a", "an", "the"} else word


def _named(match: re.Match[str], context: _Context) -> tuple[str, bool]:
    """Return what a pronoun stands for, and whether that is plural."""
    kind, word = match.lastgroup, match.group().lower()
    if context.pair and kind in {"first", "last"}:
        return context.pair[0 if kind == "first" else -1], False
    if context.pair and (kind == "pair" or (word in _SEVERAL and _COMPARING.search(match.string))):
        return " and ".join(context.pair), True
    topic = context.topic(word)
    some_of = word == "them" and topic.plural and match.string[: match.start()].endswith(" of ")
    return f"the {topic.text}" if some_of and not _CONJUNCTION.search(topic.text) else topic.text, topic.plural


def _is_bound(before: str, match: re.Match[str], after: str) -> bool:
    """Return whether a pronoun refers to something that its own question names before it."""
    if match["it"] and not after.strip(" ?.!"):
        before = re.sub(r"\b(?:and|or|as)\s+$", "", before)  # "as good as it", "between dropout and it"
    singular = match.group().lower() in {"it", "its"}
    named = [(before[t.end :], t) for t in topics_of(before) if not (singular and t.plural)]
    if any(_CLAUSE.search(gap) for gap, _ in named):
        return True
    # In "what loss does it use?" the loss is what is asked for, not what "it" stands for.
    own = [t for gap, t in named if not (t.asked and _INVERSION.fullmatch(gap))]
    return match.lastgroup in {"owner", "pair"} and bool(own)


def _possessed(before: str, after: str, topic: Topic) -> str:
    """Return a noun with its owner: "the causes of mode collapse", "a GAN's loss computed"."""
    near = re.match(r"\s*(?:[\w-]+ ){0,2}[\w-]+", after)
    relation = relation_in(near.group()) if near else None
    phrase = next((t for t in topics_of(after) if t.start == 1), None)
    end = relation.end() if relation else phrase.end if phrase and _WHAT_IS.search(before) else 0
    if end and (relation or not after[end:].strip(" ?.!")):
        return f"{before}the{after[:end]} of {topic.text}{after[end:]}"
    return f"{before}{_owner(topic)}{after}"


def _owner(topic: Topic) -> str:
    return f"{topic.text}'" if topic.plural and topic.text.endswith("s") else f"{topic.text}'s"


def _complete(question: str, context: _Context) -> str:
    """Add the topic to a question without one: "what are the advantages?", "how to avoid?"."""
    compared = _COMPARED_TO.search(question)
    if compared:
        return f"{question[: compared.start()]} between {context.topics[0].text} and{question[compared.end() :]}"
    if topics_of(question) or re.search(r"\byours?\b", question, re.IGNORECASE):
        return ""
    said = question.rstrip(" ?.!")
    if _IMPERATIVE.fullmatch(said):
        return f"{said} {context.topics[0].text}?"
    relation = relation_in(said)
    if relation is None or re.match(r"\s+(?:of|between|for|to|with)\b", said[relation.end() :]):
        return ""
    tail = _of(relation.group(), context)
    return f"{said[: relation.end()]}{tail}{said[relation.end() :]}?" if tail else ""


def _of(relation: str, context: _Context) -> str:
    """Return " of mode collapse", or " between a VAE and a GAN"; nothing where only one thing is known."""
    noun = relation.lower().removesuffix("s")
    if noun in _BETWEEN:
        return f" between {' and '.join(context.pair)}" if context.pair else ""
    return f" {_PREPOSITION_OF.get(noun, 'of')} {context.topics[0].text}"


def _agree(before: str, after: str, *, plural: bool) -> tuple[str, str]:
    """Make the auxiliary beside a topic agree with it in number."""
    forms = _PLURAL_FORM if plural else _SINGULAR_FORM

    def agreed(word: str) -> str:
        form = forms.get(word.lower(), word)
        return form.capitalize() if word[0].isupper() else form

    if _AGREEING_BEFORE.search(before):
        return _AGREEING_BEFORE.sub(lambda m: agreed(m[1]) + m[2], before), after
    return before, _AGREEING_AFTER.sub(lambda m: m[1] + agreed(m[2]), after)
