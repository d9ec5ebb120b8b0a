"""Presets and what overrides them."""

from __future__ import annotations

import pytest

from rag_app import settings as settings_module
from rag_app.llms.decoding import PRESETS, load_decoding
from rag_app.settings import Settings


def _decoding(**given):
    return load_decoding(Settings.load(environ={}, **given))


@pytest.mark.parametrize(
    ("preset", "sent"),
    [
        ("precise", {"temperature": 0.0, "max_tokens": 512}),
        ("balanced", {"temperature": 0.5, "max_tokens": 512}),
        ("creative", {"temperature": 1.0, "max_tokens": 512, "top_p": 0.95}),
    ],
)
def test_presets(preset, sent):
    """Each preset has a temperature; only the creative one cuts off the tail of the distribution."""
    assert _decoding(llm_preset=preset) == sent


@pytest.mark.parametrize(
    ("given", "changed"),
    [
        ({"llm_temperature": 0.2}, {"temperature": 0.2}),  # the preset's top-p belonged to its temperature
        ({"llm_top_p": 0.5}, {"temperature": 1.0, "top_p": 0.5}),
        ({"llm_temperature": 0.2, "llm_top_p": 0.5}, {"temperature": 0.2, "top_p": 0.5}),
        ({"llm_seed": 0}, {"temperature": 1.0, "top_p": 0.95, "seed": 0}),
        ({"llm_stop": ["END"]}, {"temperature": 1.0, "top_p": 0.95, "stop": ["END"]}),
    ],
)
def test_settings_by_name_come_first(given, changed):
    """What is set by name is sent in place of the preset's."""
    assert _decoding(llm_preset="creative", **given) == {"max_tokens": 512, **changed}


def test_presets_are_those_of_the_settings():
    """A preset that the settings take exists, and the other way round."""
    assert tuple(PRESETS) == settings_module.PRESETS
