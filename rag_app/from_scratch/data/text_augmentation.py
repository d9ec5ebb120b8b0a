"""Texts with other words but the same meaning: more examples from each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from rag_app.from_scratch.arrays import as_generator, check_choice, check_range
from rag_app.registry import register

_METHODS = ("synonyms", "noise", "paraphrase", "back_translation")
_GROUPS = (
    "quick fast rapid",
    "big large huge",
    "small little tiny",
    "helpful useful handy",
    "begin start commence",
    "buy purchase",
    "error mistake",
    "answer reply response",
    "show display",
    "happy glad pleased",
    "good fine",
    "bad poor",
    "film movie",
    "photo picture image",
)
SYNONYMS: dict[str, list[str]] = {
    word: [other for other in group.split() if other != word] for group in _GROUPS for word in group.split()
}
# From English to German and back; several English words may meet in one German word and come back as another one.
_TO_GERMAN = {"quick": "schnell", "fast": "schnell", "answer": "Antwort", "reply": "Antwort", "large": "groß"}
_TO_GERMAN |= {"big": "groß", "film": "Film", "movie": "Film", "error": "Fehler", "mistake": "Fehler", "buy": "kaufen"}
_TO_GERMAN |= {"purchase": "kaufen", "small": "klein", "little": "klein", "begin": "anfangen", "start": "anfangen"}
_TO_ENGLISH = {"schnell": "fast", "Antwort": "answer", "groß": "large", "Film": "film", "Fehler": "error"}
_TO_ENGLISH |= {"kaufen": "buy", "klein": "small", "anfangen": "begin"}
_PROTECTED = frozenset("not no never none nothing nobody neither nor without cannot hardly".split())
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_MIN_LETTERS = 4  # a shorter word with a letter less or in another place is often another word
_LOOK_BACK = 40  # characters in which the end of the sentence before is looked for
_TURNED = re.compile(
    r"^(?P<claim>[^.;:!?]+?),? (?P<link>because|although|when|if) (?P<reason>[^.;:!?]+)(?P<end>[.!]?)$"
)
_Rewrite = Callable[[str, np.random.Generator], str]


@register("tool", "D014")
def augment_text(
    text: str,
    method: Literal["synonyms", "noise", "paraphrase", "back_translation"] = "synonyms",
    share: float = 0.1,
    synonyms: Mapping[str, Sequence[str]] = SYNONYMS,
    seed: int = 0,
) -> dict[str, Any]:
    """Return a text with some words changed: to synonyms, with typing errors, turned round, or translated and back.

    Parameters
    ----------
    text : str
        A text; names, numbers and negations are protected.
    method : {"synonyms", "noise", "paraphrase", "back_translation"}, default="synonyms"
        Words of like meaning; two letters swapped or one left out; a sentence with because, although, when or if begun
        with it; or word by word to German and back by a small dictionary.
    share : float, default=0.1
        Share of the words that synonyms and noise change, at least one where any can be, in [0, 1].
    synonyms : dict, optional
        Words of like meaning for each word in lower case; default: some forty English words.
    seed : int, default=0
        Start of the drawing.

    Returns
    -------
    dict
        ``text``, and ``changed``: pairs of words before and after. The text comes back as it is where nothing fits.

    Raises
    ------
    InvalidInputError
        If the method is not known or the share out of range.

    Notes
    -----
    The label must stay true: read a sample. Language models paraphrase and translate better; these rules show the
    principle. Wei & Zou, "EDA: easy data augmentation techniques for boosting performance on text classification
    tasks", EMNLP (2019); Sennrich, Haddow & Birch, "Improving neural machine translation models with monolingual data",
    ACL (2016), for back-translation.

    Examples
    --------
    >>> augment_text("The purchase helped.", synonyms={"purchase": ["buy"]})
    {'text': 'The buy helped.', 'changed': [['purchase', 'buy']]}
    >>> augment_text("It works because we tested it.", "paraphrase")["text"]
    'Because we tested it, it works.'
    """
    check_choice("method", method, _METHODS)
    check_range("share", share, 0, 1)
    rng = as_generator(seed)
    if method == "paraphrase":
        turned = _turned(text)
        return {"text": turned, "changed": [] if turned == text else [[text, turned]]}
    if method == "back_translation":
        return _rewritten(
            text, lambda word: word in _TO_GERMAN, lambda word, _: _TO_ENGLISH[_TO_GERMAN[word]], 1.0, rng
        )
    if method == "noise":
        return _rewritten(text, lambda word: len(word) >= _MIN_LETTERS, _mistyped, share, rng)

    def other(word: str, rng: np.random.Generator) -> str:
        return str(rng.choice(list(synonyms[word])))

    return _rewritten(text, lambda word: bool(synonyms.get(word)), other, share, rng)


def _rewritten(
    text: str, fits: Callable[[str], bool], rewrite: _Rewrite, share: float, rng: np.random.Generator
) -> dict[str, Any]:
    found = list(_WORD.finditer(text))
    open_to = [n for n, m in enumerate(found) if not _is_protected(text, m) and fits(m.group().lower())]
    wanted = min(len(open_to), max(1, round(share * len(found)))) if share else 0
    changed, parts, end = [], [], 0
    for n in sorted(rng.permutation(open_to)[:wanted].tolist()):
        word = found[n].group()
        new = rewrite(word.lower(), rng)
        new = new[:1].upper() + new[1:] if word[0].isupper() else new
        if new != word:
            changed.append([word, new])
        parts += [text[end : found[n].start()], new]
        end = found[n].end()
    return {"text": "".join(parts) + text[end:], "changed": changed}


def _is_protected(text: str, match: re.Match[str]) -> bool:
    """Say whether a word is a negation, or a name: a capital letter that does not begin a sentence."""
    word = match.group()
    before = text[max(0, match.start() - _LOOK_BACK) : match.start()].rstrip(" \"'(\n")
    is_name = word[0].isupper() and bool(before) and before[-1] not in ".!?:"
    return word.lower() in _PROTECTED or "n't" in word.lower() or "n’t" in word.lower() or is_name


def _mistyped(word: str, rng: np.random.Generator) -> str:
    place = int(rng.integers(1, len(word) - 1))  # not the first letter, which readers need most
    if rng.random() < 0.5:  # noqa: PLR2004  (one in two)
        return word[:place] + word[place + 1 :]
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _turned(text: str) -> str:
    match = _TURNED.match(text)
    if match is None:
        return text
    claim = match["claim"]
    first = claim.split(" ", 1)[0]
    lowered = (
        first.lower() if first.lower() in {"it", "the", "a", "an", "we", "you", "they", "he", "she", "this"} else first
    )
    return f"{match['link'].capitalize()} {match['reason']}, {lowered}{claim[len(first) :]}{match['end']}"
