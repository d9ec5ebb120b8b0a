"""Which words tell that a sentence explains in the way that a question asks: a cause, a use, an effect, a contrast."""

from __future__ import annotations

import re
from collections.abc import Sequence

# For each way of explaining: what asks for it, and what tells it.
_WAYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "use": (
        (
            r"(?:when|where|why) (?:is|are|would|should|do|does|to)\b.*\b(?:used?|useful|choose|prefer|apply|need)",
            r"in (?:which|what) (?:situations?|cases?)",
            r"(?:used|good) for|useful|purpose|what (?:is|are) .* for(?=\W*$)",
        ),
        (
            r"used (?:when|where|for|to|in|as)|useful|suits?|suitable|serves?|appropriate|recommended|prefer(?:red)?",
            r"choose|appl(?:y|ies)|worth|fits",
        ),
    ),
    "computation": (
        (r"(?:calculat|comput|formula|equation|determin|measured|obtain)\w*",),
        (
            r"divid\w+|multipl\w+|sums?|squared?|subtract\w*|averaged?|averages|ratio|formula|equals?|times",
            r"number of|share of|mean of",
        ),
    ),
    "cause": (
        (r"why|what (?:caus|led|brought|explains|makes)\w*|reasons?|how come",),
        (
            r"because|since|due to|as a result|in order to|so that|caused?|causes|owing|therefore|reasons?|led to",
            r"thus|so|arises?|makes?|follows?",
            r"to (?:avoid|prevent|reduce|make|allow|protect|ensure|keep|help|increase|provide)",
        ),
    ),
    "effect": (
        (r"what happens?|(?:effect|consequence|influence)s?|impact|results? (?:of|in|from)",),
        (
            r"makes?|leads?|gives?|causes?|lower|higher|increases?|reduces?|decreases?|slow|fast|too|becomes?|loses?",
            r"grows?|shrinks?|so that|whereas|results?|raises?|disappears?",
        ),
    ),
    "remedy": (
        (
            r"avoid|prevent|against|reduce|fix|solve|counter|overcome|deal with|handle|keep .* from|kept from|stop",
            r"remedy|improve|mitigat\w+",
        ),
        (
            r"reduced by|prevent\w*|avoid\w*|counter\w*|against|helps?|remed\w+|fix\w*|solv\w+|mitigat\w+|limits?",
            r"restrain\w*|instead|overcome",
        ),
    ),
    "contrast": (
        (r"differ\w*|versus|vs|compar\w+|same (?:thing )?as|distinction|distinguish\w*|or",),
        (r"whereas|while|unlike|differ\w*|in contrast|but|not|instead|rather|compared|than",),
    ),
    "weakness": (
        (
            r"disadvantages?|drawbacks?|limit\w*|weakness\w*|problems?|fail\w*|wrong|risks?|bad at|criticis\w+",
            r"downsides?|biased?",
        ),
        (
            r"disadvantages?|drawbacks?|limit\w*|weakness\w*|problems?|fail\w*|cannot|risks?|hard|difficult|costly",
            r"poor\w*|however|but|bias\w*|because",
        ),
    ),
    "strength": (
        (r"advantages?|benefits?|strengths?|better|why use|improve\w*",),
        (
            r"advantages?|benefits?|strengths?|better|improve\w*|faster|cheaper|easier|stable|robust|allows?|because",
            r"without",
        ),
    ),
    "example": ((r"examples?|such as|instance",), (r"examples?|such as|e\.g|for instance|like",)),
    "manner": (
        (r"how(?! (?:many|much|long|large|big|far|old|tall|high|often|fast|deep|wide|heavy)\b)",),
        (r"by|through|using|with|via|means of|method|process|first|then|each|step|repeat\w*|until",),
    ),
}
_COMPILED = tuple(
    (re.compile(rf"\b(?:{'|'.join(asked)})\b", re.IGNORECASE), re.compile(rf"\b(?:{'|'.join(told)})\b", re.IGNORECASE))
    for asked, told in _WAYS.values()
)


def cues_of(question: str) -> tuple[re.Pattern[str], ...]:
    """Return for each way of explaining that a question asks for the words that tell it.

    Examples
    --------
    >>> [len(cues_of(q)) for q in ("Why does it fail?", "What is a GAN?")]
    [2, 0]
    """
    return tuple(told for asked, told in _COMPILED if asked.search(question))


def cue_share(cues: Sequence[re.Pattern[str]], sentence: str) -> float:
    """Return the share of ways of explaining whose words a sentence has, in [0, 1]; 0 where none is asked for.

    Examples
    --------
    >>> cue_share(cues_of("Why does it fail?"), "It stops because the power is cut.")
    1.0
    >>> cue_share(cues_of("When is dropout useful?"), "Dropout is useful in large networks.")
    1.0
    """
    return sum(cue.search(sentence) is not None for cue in cues) / len(cues) if cues else 0.0
