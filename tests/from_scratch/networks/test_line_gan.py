"""The line y = 2x + 3, learnt from answers and learnt from a discriminator."""

from __future__ import annotations

import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.line_gan import line_generator


def test_answers_lead_to_the_line_exactly():
    """Supervised learning compares each y with the right one, and its loss falls to 0."""
    result = line_generator("answers", 400)
    assert result["slope"] == pytest.approx(2, abs=1e-9)
    assert result["intercept"] == pytest.approx(3, abs=1e-9)
    assert result["losses"][0] > 1
    assert result["losses"][-1] < 1e-12


def test_a_discriminator_leads_near_the_line():
    """It compares distributions only, so both numbers are within a tenth."""
    result = line_generator(n_steps=1500)
    assert result["slope"] == pytest.approx(2, abs=0.1)
    assert result["intercept"] == pytest.approx(3, abs=0.1)
    assert len(result["path"]) == len(result["losses"]) == 50
    assert result["path"][0] != result["path"][-1]


def test_a_single_step():
    """The path is one place."""
    for teacher in ("answers", "discriminator"):
        assert len(line_generator(teacher, 1)["path"]) == 1


def test_what_is_no_teacher_is_refused():
    """In one sentence."""
    with pytest.raises(InvalidInputError, match=r"^teacher must be one of discriminator, answers; got 'parrot'.$"):
        line_generator("parrot")
    with pytest.raises(InvalidInputError, match=r"^n_steps must be a whole number of at least 1; got 0.$"):
        line_generator("answers", 0)
