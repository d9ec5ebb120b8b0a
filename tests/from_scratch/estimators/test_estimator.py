"""What every estimator shares: its state, and the file that keeps it."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag_app.errors import InvalidInputError, NotFittedError
from rag_app.from_scratch.estimators.estimator import Estimator, load_estimator, save_estimator
from rag_app.from_scratch.estimators.kmeans import KMeans
from rag_app.from_scratch.estimators.linear import LinearRegression
from rag_app.from_scratch.estimators.segmentation import SegmentClassifier
from rag_app.from_scratch.estimators.stacking import StackingRegressor

X, Y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]


def refused(path: Path) -> None:
    message = f"path must be a file that save_estimator wrote; got {str(path)!r}."
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        load_estimator(path)


def described(path: Path) -> dict[str, Any]:
    with np.load(path) as archive:
        text: dict[str, Any] = json.loads(str(archive["estimator"]))
        return text


def test_an_estimator_shows_its_parameters() -> None:
    """As the call that makes it."""
    assert repr(SegmentClassifier(kind="svm")) == "SegmentClassifier(kind='svm')"


def test_nothing_is_learnt_before_fit() -> None:
    """And the error is one of Python's own kind too."""
    with pytest.raises(NotFittedError, match=r"^LinearRegression must be fitted before this") as caught:
        LinearRegression().predict(X)
    assert isinstance(caught.value, ValueError)


def test_estimators_inside_an_estimator_are_kept(tmp_path: Path) -> None:
    """The classifier and the scaler of a segment classifier, and every member of a stack."""
    path = tmp_path / "kept.npz"
    rows = [[1_000, 2_000], [90_000, 2_000], [1_000, 90_000], [90_000, 90_000]]
    segments = SegmentClassifier(kind="neighbours").fit(rows * 2, ["ES", "SC", "RC", "PC"] * 2)
    save_estimator(segments, path)
    assert load_estimator(path).predict(rows).tolist() == segments.predict(rows).tolist()  # type: ignore[attr-defined]
    line = np.linspace(0, 3, 20)[:, None]
    stack = StackingRegressor(n_folds=2).fit(line, 2 * line[:, 0])
    save_estimator(stack, path)
    assert load_estimator(path).predict(line).tolist() == stack.predict(line).tolist()  # type: ignore[attr-defined]


def test_an_estimator_that_is_not_fitted_is_kept(tmp_path: Path) -> None:
    """With its parameters alone."""
    path = tmp_path / "kept.npz"
    save_estimator(SegmentClassifier(kind="svm"), path)
    restored = load_estimator(path)
    assert (repr(restored), restored.learnt) == ("SegmentClassifier(kind='svm')", {})


def test_numbers_of_numpy_are_kept(tmp_path: Path) -> None:
    """A count that came out of an array is a number in the file."""
    path = tmp_path / "kept.npz"
    save_estimator(KMeans(k=np.int64(2)), path)  # type: ignore[arg-type]
    assert load_estimator(path).parameters["k"] == 2


def test_the_file_is_json_and_arrays(tmp_path: Path) -> None:
    """As documented; nothing in it is pickled."""
    path = tmp_path / "kept.npz"
    save_estimator(LinearRegression().fit(X, Y), path)
    text = described(path)
    assert (text["estimator"], text["format"], text["parameters"]) == ("LinearRegression", 1, {})
    assert text["learnt"]["weights_"] == {"array": "a0"}
    with np.load(path, allow_pickle=False) as archive:
        assert archive["a0"].tolist() == pytest.approx([2.0])


@pytest.mark.parametrize("name", ["kept", "kept.json", "kept.npz.bak"])
def test_a_name_with_another_ending_is_refused(tmp_path: Path, name: str) -> None:
    """NumPy would add the right one, and the file would not be where it was asked for."""
    path = tmp_path / name
    with pytest.raises(InvalidInputError, match=f"^{re.escape(f'path must end in .npz; got {str(path)!r}.')}$"):
        save_estimator(LinearRegression(), path)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """One sentence, with the reason."""
    path = tmp_path / "no" / "kept.npz"
    message = f"path must be a file that can be written; got {str(path)!r}: No such file or directory."
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        save_estimator(LinearRegression(), path)


def test_learnt_state_of_another_kind_is_a_mistake_of_the_programmer(tmp_path: Path) -> None:
    """A set is neither JSON nor an array."""
    estimator = LinearRegression().fit(X, Y)
    estimator.seen_ = {1, 2}  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match=r"^set$"):
        save_estimator(estimator, tmp_path / "kept.npz")


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    """Nothing, a folder, text, an empty file, another archive, and arrays of another program."""
    refused(tmp_path / "no.npz")
    refused(tmp_path)
    path = tmp_path / "kept.npz"
    for content in (b"", b"some text", b"PK\x03\x04 cut off"):
        path.write_bytes(content)
        refused(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "hello")
    refused(path)
    np.savez(path, weights=np.ones(3))
    refused(path)
    with path.open("wb") as file:
        np.save(file, np.ones(3))
    refused(path)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    """Whichever of its bytes has changed, it is read as it was or not at all."""
    path = tmp_path / "kept.npz"
    save_estimator(LinearRegression().fit(X, Y), path)
    content = path.read_bytes()
    n_refused = 0
    for place in range(0, len(content), 7):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        try:
            assert load_estimator(path).predict(X).tolist() == pytest.approx(Y)  # type: ignore[attr-defined]
        except InvalidInputError:
            n_refused += 1
    assert n_refused > 20


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"estimator": "no_such_estimator"},
        {"estimator": "recall"},
        {"parameters": {"depth": 3}},
        {"parameters": None},
        {"learnt": {"weights_": {"array": "a7"}}},
        {"learnt": None},
    ],
)
def test_a_description_that_does_not_fit_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    """Another format, an unknown name, a metric, an unknown parameter, and an array that is not there."""
    path = tmp_path / "kept.npz"
    save_estimator(LinearRegression().fit(X, Y), path)
    np.savez(path, allow_pickle=False, estimator=np.array(json.dumps(described(path) | change)), a0=np.ones(1))
    refused(path)


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    """A file with a pickled array is refused."""
    path = tmp_path / "kept.npz"
    save_estimator(LinearRegression().fit(X, Y), path)
    text = json.dumps(described(path))
    np.savez(path, allow_pickle=True, estimator=np.array(text), a0=np.array([{"a": 1}], dtype=object))
    refused(path)


def test_the_base_has_no_parameters() -> None:
    """They are those of the class that an estimator is."""
    assert Estimator().parameters == Estimator().learnt == {}
