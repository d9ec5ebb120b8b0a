"""Decision trees against scikit-learn, an exhaustive search and the rule of the four segments."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier as TheirTree

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.trees import DecisionTreeClassifier


def _impurity(labels, criterion):
    shares = np.unique(labels, return_counts=True)[1] / len(labels)
    return 1 - (shares**2).sum() if criterion == "gini" else -(shares * np.log2(shares)).sum()


def _best_split(X, y, criterion):
    """Return the lowest weighted impurity of any question, by trying all."""
    found = []
    for column in X.T:
        for t in np.unique(column)[:-1]:
            left = column <= t
            found.append(sum(_impurity(y[part], criterion) * part.mean() for part in (left, ~left)))
    return min(found)


@pytest.mark.parametrize("criterion", ["gini", "entropy"])
@pytest.mark.parametrize("seed", range(5))
def test_the_first_question_is_the_best_of_all(criterion, seed):
    """No column and no threshold makes the two groups purer."""
    rng = np.random.default_rng(seed)
    X, y = rng.integers(6, size=(40, 3)).astype(float), rng.integers(3, size=40)
    tree = DecisionTreeClassifier(max_depth=1, criterion=criterion).fit(X, y)
    left = X[:, tree.features_[0]] <= tree.thresholds_[0]
    impurity = sum(_impurity(y[part], criterion) * part.mean() for part in (left, ~left))
    assert impurity == pytest.approx(_best_split(X, y, criterion))


@pytest.mark.parametrize("criterion", ["gini", "entropy"])
@pytest.mark.parametrize(("depth", "least"), [(1, 1), (3, 1), (3, 7), (4, 20), (None, 1)])
def test_trees_agree_with_scikit_learn(criterion, depth, least):
    """Probabilities, depth and thresholds, where no two questions are equally good."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 4)).astype(np.float32).astype(float)  # the precision of scikit-learn's trees
    y = (X[:, 0] + X[:, 1] ** 2 + 0.5 * rng.normal(size=300) > 0.7).astype(int) + (X[:, 2] > 1)
    ours = DecisionTreeClassifier(max_depth=depth, criterion=criterion, min_samples_leaf=least).fit(X, y)
    theirs = TheirTree(max_depth=depth, criterion=criterion, min_samples_leaf=least, random_state=0).fit(X, y)
    if depth is None:  # small groups have ties, which scikit-learn breaks at random
        assert ours.predict(X).tolist() == y.tolist() == theirs.predict(X).tolist()
        return
    assert ours.predict_proba(X) == pytest.approx(theirs.predict_proba(X))
    assert ours.depth_ == theirs.get_depth()
    inner = ours.features_ >= 0
    assert sorted(ours.thresholds_[inner]) == pytest.approx(sorted(theirs.tree_.threshold[theirs.tree_.feature >= 0]))


def test_the_split_of_the_chapter():
    """Income at 50,500 brings Gini impurity from 22/36 to 0.25; a cut on spend in the low half ends it."""
    X = np.array([[90165], [65285], [25389], [14324], [8402], [7620]])
    y = ["SC", "SC", "RC", "RC", "ES", "RC"]
    tree = DecisionTreeClassifier(max_depth=1).fit(X, y)
    assert tree.thresholds_[0] == (65285 + 25389) / 2
    assert tree.counts_.tolist() == [[1, 3, 2], [1, 3, 0], [0, 0, 2]]  # ES, RC, SC
    assert tree.rules() == ["x0 <= 45337: RC", "x0 > 45337: SC"]


def test_four_segments_are_a_tree_of_depth_two():
    """Labels without noise, a row on every side of both thresholds: four leaves and no mistake."""
    grid = np.array([[i, s] for i in range(1000, 100_001, 3000) for s in range(1000, 100_001, 3000)], float)
    y = (grid >= 50_500) @ [1, 2]
    tree = DecisionTreeClassifier(max_depth=2).fit(grid, y)
    assert (tree.predict(grid) == y).all()
    assert (tree.depth_, len(tree.features_)) == (2, 7)
    assert set(tree.thresholds_[tree.features_ >= 0]) == {50_500.0}


def test_exclusive_or_needs_two_questions():
    """The first does not help at once and is asked all the same."""
    X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    assert DecisionTreeClassifier().fit(X, y).predict(X).tolist() == y


@pytest.mark.parametrize(
    ("X", "y", "rules"),
    [
        ([[1], [2]], ["a", "a"], ["always: a"]),  # one class
        ([[1]], ["a"], ["always: a"]),  # one row
        ([[3], [3], [3]], ["a", "b", "b"], ["always: b"]),  # nothing to ask
        ([[1], [1], [2]], ["a", "b", "b"], ["x0 <= 1.5: a", "x0 > 1.5: b"]),  # rows that cannot be told apart
        ([[0, 1], [1, 0]], ["a", "b"], ["x0 <= 0.5: a", "x0 > 0.5: b"]),  # equally good: the first column
    ],
)
def test_degenerate_data(X, y, rules):
    """What cannot be divided is a leaf with the most frequent class, of equally frequent ones the first."""
    assert DecisionTreeClassifier().fit(X, y).rules() == rules


def test_neighbouring_numbers_are_divided():
    """Where their middle rounds to the larger, the smaller is the threshold; huge values do not overflow."""
    low = 1.0
    high = np.nextafter(low, 2)
    assert DecisionTreeClassifier().fit([[low], [high]], [0, 1]).predict([[low], [high]]).tolist() == [0, 1]
    huge = [[-9.8e99], [9.8e99], [1e100]]
    assert DecisionTreeClassifier().fit(huge, [0, 1, 0]).predict(huge).tolist() == [0, 1, 0]


def test_the_order_of_rows_changes_nothing():
    """Shuffled data grow the same tree."""
    rng = np.random.default_rng(2)
    X, y, order = rng.integers(9, size=(60, 3)), rng.integers(2, size=60), rng.permutation(60)
    assert DecisionTreeClassifier().fit(X, y).rules() == DecisionTreeClassifier().fit(X[order], y[order]).rules()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"max_depth": 0}, "max_depth must be a whole number of at least 1; got 0."),
        ({"criterion": "mse"}, "criterion must be one of gini, entropy; got 'mse'."),
        ({"min_samples_leaf": 0}, "min_samples_leaf must be a whole number of at least 1; got 0."),
    ],
)
def test_what_is_refused(parameters, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        DecisionTreeClassifier(**parameters).fit([[1]], [0])
    assert str(caught.value) == message
