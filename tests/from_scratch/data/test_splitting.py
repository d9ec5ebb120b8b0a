"""Every row in exactly one part, in the wanted shares; and leaks that were planted are found."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.data.splitting import leakage_report, split_rows

CLASSES = ["rare"] * 100 + ["frequent"] * 900
GROUPS = np.random.default_rng(0).integers(60, size=1000)


@pytest.mark.parametrize("extra", [{}, {"stratify": CLASSES}, {"groups": GROUPS}, {"shuffle": False}])
@pytest.mark.parametrize("ratios", [(0.7, 0.15, 0.15), (80, 10, 10), (1, 0, 0), (1, 0, 1)])
def test_parts_are_disjoint_and_exhaustive(ratios, extra):
    """Together they are all the rows once; their sizes follow the ratios, with groups nearly."""
    parts = split_rows(1000, ratios, **extra)
    assert sorted(parts["train"] + parts["validation"] + parts["test"]) == list(range(1000))
    wanted = 1000 * np.array(ratios) / sum(ratios)
    sizes = [len(parts[name]) for name in ("train", "validation", "test")]
    assert sizes == pytest.approx(wanted.tolist(), abs=20 if "groups" in extra else 0)


def test_a_stratified_split_keeps_the_shares():
    """70, 15 and 15 of the 100 rare ones."""
    parts = split_rows(1000, stratify=CLASSES)
    assert [sum(i < 100 for i in rows) for rows in parts.values()] == [70, 15, 15]


@pytest.mark.parametrize("shuffle", [True, False])
def test_a_group_stays_together(shuffle):
    """No group has rows in two parts."""
    parts = split_rows(1000, groups=GROUPS, shuffle=shuffle)
    kinds = [set(GROUPS[rows].tolist()) for rows in parts.values()]
    assert sum(map(len, kinds)) == len(set.union(*kinds)) == 60


def test_in_order_the_past_trains():
    """And the future tests, with groups too."""
    assert split_rows(10, shuffle=False) == {"train": [0, 1, 2, 3, 4, 5, 6], "validation": [7, 8], "test": [9]}
    parts = split_rows(6, (1, 1, 1), groups=["b", "b", "a", "a", "c", "c"], shuffle=False)
    assert parts == {"train": [0, 1], "validation": [2, 3], "test": [4, 5]}


def test_a_seed_decides_the_split():
    """The same one gives the same parts, another one others."""
    assert split_rows(100, seed=1) == split_rows(100, seed=1) != split_rows(100, seed=2)


def test_one_row_trains():
    """The other parts are empty."""
    assert split_rows(1) == {"train": [0], "validation": [], "test": []}


def test_planted_leaks_are_found():
    """An exact copy, one with other case and punctuation, and a shared person."""
    train = ["A cat sat.", "Dogs bark.", "Birds sing."]
    test = ["Dogs bark.", "a cat SAT!", "Cows moo.", "Pigs oink."]
    found = leakage_report(train, test, ["ann", "bob", "cy"], ["dan", "dan", "ann", "eve"])
    assert found == {"exact": [[0, 1]], "near": [[1, 0]], "shared_groups": ["ann"], "share": 0.75}


def test_rows_of_any_kind_are_compared():
    """Numbers by value, dicts whatever the order of their names."""
    assert leakage_report([[1, 2]], [[1.0, 2.0], [1, 3]])["exact"] == [[0, 0]]
    assert leakage_report([{"a": 1, "b": "x"}], [{"b": "x", "a": 1.0}])["exact"] == [[0, 0]]
    assert leakage_report([{"a": 1, "b": "X"}], [{"b": "x", "a": 1.0}])["near"] == [[0, 0]]
    assert leakage_report(["a"], []) == {"exact": [], "near": [], "shared_groups": [], "share": 0}


def test_a_clean_split_leaks_nothing():
    """Rows that differ, from a split of ours."""
    rows = np.arange(50.0)[:, np.newaxis]
    parts = split_rows(50)
    assert leakage_report(rows[parts["train"]].tolist(), rows[parts["test"]].tolist())["share"] == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: split_rows(0), "n must be a whole number of at least 1; got 0."),
        (
            lambda: split_rows(5, (0.5, 0.5)),
            "ratios must be three numbers of at least 0, not all 0; got [0.5, 0.5].",
        ),
        (
            lambda: split_rows(5, (0, 0, 0)),
            "ratios must be three numbers of at least 0, not all 0; got [0.0, 0.0, 0.0].",
        ),
        (lambda: split_rows(2, stratify=[1]), "stratify must hold 2 labels, one for each row; got 1."),
        (lambda: split_rows(1, stratify=[1], groups=[1]), "stratify and groups must not be given together; got both."),
        (
            lambda: leakage_report(["a"], ["b"], ["g"]),
            "train_groups and test_groups must be given together; got one of them.",
        ),
        (
            lambda: leakage_report(["a"], ["b"], ["g"], []),
            "groups must be one for each row; got 1 and 0 for 1 and 1.",
        ),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
