"""Numbers that nothing accounts for."""

from __future__ import annotations

import pytest

from rag_app.chains.figures import unaccounted_numbers


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("F1 is 0.667.", ["0.6666666666"]),
        ("F1 is 0.67, or 66.7 %.", ["[0.6666666666]"]),
        ("About 67%.", ['{"f1": 0.6666}']),
        ("It has 1,234,567 weights.", ["1234567"]),
        ("It has 1234567 weights.", ["1,234,567"]),
        ("The loss fell to -0.35.", ["-0.3466"]),
        ("The loss fell by 0.35.", ["-0.3466"]),
        ("The mean is 200.", ["mean of 100,200,300"]),
        ("1.5e-3 it is", ["0.0015"]),
        ("Two of 3 steps, see [12] and [3, 14].", []),
        ("F1 of v2 is in GPT-4o and y_10.", []),
        ("", []),
    ],
)
def test_a_number_that_rounds_from_an_origin_is_accounted_for(text: str, origins: list[str]) -> None:
    """As a share or a percentage; small whole numbers, markers and parts of names are left alone."""
    assert unaccounted_numbers(text, origins) == []


@pytest.mark.parametrize(
    ("text", "origins", "odd"),
    [
        ("F1 is 0.68.", ["0.6666666666"], ["0.68"]),
        ("F1 is 0.667, recall 0.9 and 0.9.", ["0.6666666666"], ["0.9"]),
        ("It is 12 and 13.", ["12"], ["13"]),
        ("It is 5 %.", ["0.5"], ["5 %"]),
        ("67 of them.", ["0.67"], ["67"]),
        ("0.5 and 7.25", [], ["0.5", "7.25"]),
    ],
)
def test_another_number_is_named_as_it_is_written(text: str, origins: list[str], odd: list[str]) -> None:
    """Each once."""
    assert unaccounted_numbers(text, origins) == odd


def test_small_whole_numbers_can_be_counted_too() -> None:
    """For arguments, none of which may be made up."""
    assert unaccounted_numbers('{"k": 3, "y": [1, 0]}', ["f1 of 1,0"], counted=0) == ["3"]
