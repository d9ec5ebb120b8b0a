"""What holds for everything that can be called by name."""

from __future__ import annotations

import inspect
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.estimator_data import ESTIMATORS

from rag_app.errors import InvalidInputError, NotFittedError
from rag_app.from_scratch.estimators.estimator import Estimator, load_estimator, save_estimator
from rag_app.registry import Entry, entries
from rag_app.tools.adapter import arguments_model, call_tool
from rag_app.tools.estimators import plain

ENTRIES = list(entries())
KINDS = [e for e in ENTRIES if e.kind == "estimator"]
ROOT = Path(__file__).resolve().parents[2]
APPLIED = ("predict", "predict_proba", "transform", "score_samples")


def _ids(entry: Entry) -> str:
    return entry.name


def _catalogue() -> set[str]:
    chapters = tomllib.loads((ROOT / "knowledge" / "catalogue.toml").read_text(encoding="utf-8"))["chapter"]
    sections = [section for chapter in chapters for section in chapter["section"]]
    return {item for section in sections for item in (section["number"], *section["ids"])}


@pytest.mark.parametrize("entry", ENTRIES, ids=_ids)
def test_an_entry_is_documented(entry: Entry) -> None:
    """It says what it returns and shows an example, and every parameter has a type and a description."""
    text = inspect.getdoc(entry.target) or ""
    assert text.startswith("Return ")
    assert "Examples\n--------" in text
    assert arguments_model(entry).model_fields


# What they do is in no paper: bookkeeping of messages, the cells of a web page, invented pictures and customers.
WITHOUT_A_SOURCE = {"customers", "fit_to_token_limit", "html_to_records", "toy_images"}


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.name not in WITHOUT_A_SOURCE], ids=_ids)
def test_an_entry_names_its_source(entry: Entry) -> None:
    """Under Notes stand what it computes and a paper, a book or a standard with its year."""
    notes = re.search(
        r"Notes\n-----\n(.+?)\n\n(?:Attributes|Examples)\n", inspect.getdoc(entry.target) or "", re.DOTALL
    )
    assert notes, "no Notes"
    assert re.search(r"\b(?:17|18|19|20)\d\d\b", notes[1]), notes[1]


@pytest.mark.parametrize("entry", ENTRIES, ids=_ids)
def test_an_entry_names_what_it_demonstrates(entry: Entry) -> None:
    """At least one id or section of the catalogue, and none that is not there."""
    assert entry.items
    assert set(entry.items) <= _catalogue()


def test_every_model_metric_and_data_tool_of_the_course_can_be_called() -> None:
    """Each id of the catalogue that begins with M, X or D has an entry, but for three that are products."""
    products = {"M067", "M127", "M128"}
    wanted = {item for item in _catalogue() if item[0] in "MXD"} - products
    assert len(wanted) == 194
    assert wanted - {item for entry in ENTRIES for item in entry.items} == set()


def _state(estimator: Any) -> Any:
    return plain(estimator.learnt)


@pytest.mark.parametrize("entry", KINDS, ids=_ids)
def test_an_estimator_keeps_the_contract(entry: Entry, tmp_path: Path) -> None:
    """Keyword-only parameters that are stored as given; fitting twice equals once; a file keeps everything."""
    assert entry.name in ESTIMATORS, f"Add {entry.name} to tests/support/estimator_data.py."
    parameters, data = ESTIMATORS[entry.name]
    assert all(p.kind is p.KEYWORD_ONLY for p in inspect.signature(entry.target).parameters.values())
    estimator = entry.target(**parameters)
    assert isinstance(estimator, Estimator)
    assert estimator.learnt == {}
    assert parameters.items() <= estimator.parameters.items()
    for method in APPLIED:
        if hasattr(estimator, method):
            with pytest.raises(NotFittedError, match=f"{entry.name} must be fitted before this"):
                getattr(estimator, method)(data["X"])
    before = {k: np.array(v, copy=True) for k, v in data.items() if isinstance(v, np.ndarray)}
    assert estimator.fit(**data) is estimator
    once = _state(estimator)
    assert once
    assert _state(estimator.fit(**data)) == once
    assert _state(entry.target(**parameters).fit(**data)) == once
    assert all(np.array_equal(before[k], data[k]) for k in before)
    save_estimator(estimator, tmp_path / "kept.npz")
    restored = load_estimator(tmp_path / "kept.npz")
    assert (type(restored), restored.parameters, _state(restored)) == (entry.target, estimator.parameters, once)
    for method in APPLIED:
        if hasattr(estimator, method) and "X" in data:
            assert plain(getattr(restored, method)(data["X"])) == plain(getattr(estimator, method)(data["X"]))


@pytest.mark.parametrize("entry", [e for e in KINDS if "X" in ESTIMATORS.get(e.name, ({}, {}))[1]], ids=_ids)
def test_an_estimator_refuses_rows_that_are_none(entry: Entry) -> None:
    """NaN, no rows, ragged rows and one row too many are named in one sentence."""
    parameters, data = ESTIMATORS[entry.name]
    if not (isinstance(data["X"], np.ndarray) and data["X"].dtype.kind == "f"):
        pytest.skip("its rows are not numbers")
    broken = data["X"].copy()
    broken.flat[0] = np.nan
    wrong = [broken, data["X"][:0], [*data["X"][:-1].tolist(), [1.0]]]
    for rows in wrong:
        with pytest.raises(InvalidInputError, match=r"^X must "):
            entry.target(**parameters).fit(**{**data, "X": rows})
    if "y" in data:
        with pytest.raises(InvalidInputError, match=r"X and y must be of equal length"):
            entry.target(**parameters).fit(**{**data, "y": data["y"][:-1]})


@pytest.mark.parametrize("entry", KINDS, ids=_ids)
def test_an_estimator_is_a_tool(entry: Entry) -> None:
    """Its parameters and the data go in as JSON, what it learnt comes out as JSON."""
    parameters, data = ESTIMATORS[entry.name]
    result = call_tool(entry, {**plain(parameters), **plain(data)})
    assert result["learnt"] == _state(entry.target(**parameters).fit(**data))
