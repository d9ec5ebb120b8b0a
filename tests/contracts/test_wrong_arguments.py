"""Whatever JSON a tool is called with: it answers in JSON, or says in one sentence what is wrong."""

from __future__ import annotations

import json
import math
import random
import re
from typing import Any

import pytest
from support.estimator_data import ESTIMATORS

from rag_app.errors import InvalidInputError, RagAppError
from rag_app.registry import Entry, entries
from rag_app.tools.adapter import arguments_model, call_tool
from rag_app.tools.estimators import plain

ENTRIES = list(entries())
N_CALLS = 12
WHOLE = (-1, 0, 1, 2, 3)
NUMBERS = (math.nan, math.inf, -math.inf, -1.0, 0.0, 0.5, 1.0, 1e-320, 1e200)
SENTENCE = r"^The arguments do not fit\. |^There is no .+ named |must .*; got "  # of ours, or of the schema
TEXTS = ("", " ", "a", "the cat", "x", "-x**2 / 2", "1/0", "é☕", "LogisticRegression", "\x00")
SIZES = (0, 1, 2, 2, 3)


def drawn(schema: dict[str, Any], rng: random.Random) -> Any:
    """Return a value that a schema allows, and that is as often as not one that makes no sense."""
    if "anyOf" in schema:
        return drawn(rng.choice(schema["anyOf"]), rng)
    if "enum" in schema:
        return rng.choice(schema["enum"])
    kind = schema.get("type")
    if kind == "array":
        return [drawn(schema.get("items", {}), rng) for _ in range(rng.choice(SIZES))]
    if kind == "object":
        inner = schema.get("additionalProperties")
        return {
            name: drawn(inner if isinstance(inner, dict) else {}, rng) for name in rng.sample("axk", rng.choice(SIZES))
        }
    pools = {"integer": WHOLE, "number": NUMBERS, "string": TEXTS, "boolean": (True, False), "null": (None,)}
    return rng.choice(pools.get(str(kind), (1, "a", [1], {}, None)))


def calls(entry: Entry) -> list[dict[str, Any]]:
    """Return calls of an entry with its required arguments and some of the others."""
    rng = random.Random(entry.name)
    schema = arguments_model(entry).model_json_schema()
    required = schema.get("required", [])

    properties = schema["properties"]

    def call() -> dict[str, Any]:
        odd = rng.choice([*properties])
        return {
            name: drawn(rule, rng)
            for name, rule in properties.items()
            if name in required or name == odd or rule.get("type") == "integer" or rng.random() < 0.3
        }  # counts among them, so that no network learns for long

    return [call() for _ in range(N_CALLS)]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_odd_arguments_never_end_in_a_traceback(entry: Entry) -> None:
    """Numbers that are none, empty lists, rows of different length, texts without a word: one line, or JSON."""
    said: list[str] = []
    for arguments in calls(entry):
        try:
            json.dumps(call_tool(entry, arguments), allow_nan=False)
        except RagAppError as exc:
            said.append(str(exc))
    assert [text for text in said if "\n" in text or not re.search(SENTENCE, text)] == []


def test_most_odd_arguments_are_refused() -> None:
    """The test above would pass on calls that are all in order."""
    refused = 0
    for entry in ENTRIES[::10]:
        for arguments in calls(entry):
            try:
                call_tool(entry, arguments)
            except RagAppError:
                refused += 1
    assert refused > len(ENTRIES[::10]) * N_CALLS / 2


SEEDED = [
    entry
    for entry in ENTRIES
    if "seed" in arguments_model(entry).model_fields
    and (entry.name in ESTIMATORS or not arguments_model(entry).model_json_schema().get("required"))
]


@pytest.mark.parametrize("entry", SEEDED, ids=lambda entry: entry.name)
def test_a_seed_below_zero_is_refused(entry: Entry) -> None:
    """In the same words everywhere."""
    parameters, data = ESTIMATORS.get(entry.name, ({}, {}))
    with pytest.raises(InvalidInputError, match=r"^seed must be a whole number of at least 0; got -1\."):
        call_tool(entry, {**plain(parameters), **plain(data), "seed": -1})
