"""How a language model chooses the next token: presets with names, and settings of one's own on top of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rag_app.settings import Settings


@dataclass(frozen=True, slots=True)
class Preset:
    """A named choice of decoding settings.

    Parameters
    ----------
    temperature : float
        0 is greedy decoding; 1 leaves the distribution as the language model gives it.
    top_p : float or None
        None keeps every token.
    use, why : str
        What it is for, and what it does, in the terms of the course's chapter on decoding.
    """

    temperature: float
    top_p: float | None
    use: str
    why: str


PRESETS = {
    "precise": Preset(
        temperature=0.0,
        top_p=None,
        use="facts, extraction, classification",
        why="greedy decoding: the most probable token, every time",
    ),
    "balanced": Preset(
        temperature=0.5,
        top_p=None,
        use="explanations, summaries",
        why="a low temperature sharpens the distribution, then a token is sampled",
    ),
    "creative": Preset(
        temperature=1.0,
        top_p=0.95,
        use="drafts, stories, brainstorming",
        why="top-p sampling from the nucleus: the most probable tokens whose probabilities reach 0.95",
    ),
}


def load_decoding(settings: Settings) -> dict[str, Any]:
    """Return the decoding settings to send: the preset's, and over them what is set by name.

    Parameters
    ----------
    settings : Settings
        Temperature and top-p where they are set are used in place of the preset's; the preset's top-p belongs to its
        temperature, and goes where another temperature is set.

    Examples
    --------
    >>> load_decoding(Settings.load(environ={}, llm_preset="creative", llm_max_tokens=99))
    {'temperature': 1.0, 'max_tokens': 99, 'top_p': 0.95}
    >>> load_decoding(Settings.load(environ={}, llm_preset="creative", llm_temperature=0.2, llm_seed=7))
    {'temperature': 0.2, 'max_tokens': 512, 'seed': 7}
    """
    preset = PRESETS[settings.llm_preset]
    own = settings.llm_temperature is not None
    optional = {
        "top_p": settings.llm_top_p if settings.llm_top_p is not None or own else preset.top_p,
        "stop": list(settings.llm_stop) or None,
        "seed": settings.llm_seed,
    }
    temperature = settings.llm_temperature if own else preset.temperature
    sent = {"temperature": temperature, "max_tokens": settings.llm_max_tokens}
    return {**sent, **{name: value for name, value in optional.items() if value is not None}}
