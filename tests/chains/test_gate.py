"""The threshold of the gate: who says so, and when what was recorded does not hold."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from support.answers import app_on

from rag_app.chains.gate import DEFAULT, Calibration, Threshold
from rag_app.errors import StoreError

QUESTION = "What is mode collapse?"


@pytest.fixture
def found():
    """A threshold that lets nothing pass."""
    return Calibration(
        threshold=0.99999, low=0.9999, high=1.0, n_answerable=40, n_unanswerable=30, max_false_refusals=0.03
    )


@pytest.fixture
def data_dir(course_dir, tmp_path):
    """A copy of the index of two chapters, to be written to."""
    return shutil.copytree(course_dir, tmp_path / "data")


def test_without_a_setting_or_a_calibration_it_is_the_default(course_dir, tmp_path):
    """With an index and without one."""
    for folder in (course_dir, tmp_path / "none"):
        threshold = app_on(folder).threshold
        assert threshold == Threshold(DEFAULT, "default")
        assert str(threshold) == "0.5, the default"


def test_what_is_calibrated_is_in_use_at_once(data_dir, found):
    """By an application that was asked before, though another one recorded it."""
    app = app_on(data_dir)
    assert app.ask(QUESTION).answered
    app_on(data_dir).set_calibration(found)
    assert not app.ask(QUESTION).answered
    threshold = app.threshold
    assert (threshold.value, threshold.origin, threshold.stale) == (0.99999, "calibrated", "")
    today = datetime.now(UTC).date().isoformat()
    assert str(threshold) == f"1, calibrated on {today} with 40 answerable and 30 unanswerable questions"
    recorded = json.loads(json.dumps(threshold.to_json()))["calibration"]
    assert Calibration(**recorded) == threshold.calibration
    assert recorded["fingerprint"] == app.library.get_meta("fingerprint")


def test_a_calibration_takes_the_place_of_the_one_before(data_dir, found):
    """There is one at a time."""
    app = app_on(data_dir)
    app.set_calibration(found)
    app.set_calibration(replace(found, threshold=0.1))
    assert app.threshold.value == 0.1


def test_a_setting_goes_before_it(data_dir, found):
    """And the calibration stays recorded."""
    app_on(data_dir).set_calibration(found)
    app = app_on(data_dir, min_evidence=0.25)
    assert app.ask(QUESTION).answered
    assert (app.threshold.value, app.threshold.origin) == (0.25, "setting")
    assert str(app.threshold) == "0.25, as the settings say"
    assert app.threshold.calibration.threshold == 0.99999
    assert app_on(data_dir, min_evidence=0.5).threshold.origin == "setting"  # though it is the default's value


def test_it_is_stale_when_another_embedder_has_built_the_index(data_dir, found):
    """The default is in use then; the sentence says why."""
    app = app_on(data_dir)
    app.set_calibration(found)
    other = json.loads(app.library.get_meta("fingerprint")) | {"embedder": "openai:words"}
    app.library.set_meta("fingerprint", json.dumps(other, sort_keys=True))
    threshold = app.threshold
    assert (threshold.value, threshold.origin) == (DEFAULT, "default")
    assert threshold.stale.startswith("The threshold 1, calibrated on 20")
    assert "is not used: another embedder" in threshold.stale


def test_it_is_stale_when_evidence_was_measured_differently(data_dir, found):
    """A threshold of one scale means nothing on another; calibrating anew helps."""
    app = app_on(data_dir)
    app.set_calibration(found)
    recorded = json.loads(app.library.get_meta("calibration"))
    app.library.set_meta("calibration", json.dumps(recorded | {"scale": recorded["scale"] - 1}))
    assert app.threshold.origin == "default"
    assert app.threshold.stale.endswith("is not used: evidence is measured differently now.")
    app.set_calibration(found)
    assert app.threshold.origin == "calibrated"


def test_it_outlives_what_leaves_the_embedder_as_it_is(tmp_path, found):
    """Building the index anew from its texts, and compacting it."""
    (tmp_path / "note.md").write_text("Mode collapse is a failure of GAN training.\n")
    app = app_on(data_dir := tmp_path / "data")
    app.ingest([tmp_path / "note.md"])
    app.set_calibration(found)
    app.reindex()
    assert app.threshold.value == 0.99999
    app.compact()
    assert app_on(data_dir).threshold.value == 0.99999


def test_without_an_index_nothing_can_be_recorded(tmp_path, found):
    """And no folder is made."""
    with pytest.raises(StoreError, match="There is no index in"):
        app_on(tmp_path / "data").set_calibration(found)
    assert not (tmp_path / "data").exists()
