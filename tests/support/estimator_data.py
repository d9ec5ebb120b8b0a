"""Small data that every estimator of the register can be fitted on: the shared contract is tested with it."""

from __future__ import annotations

from typing import Any

import numpy as np

_rng = np.random.default_rng(0)
POINTS = np.concatenate([_rng.normal(-2, 0.5, (12, 2)), _rng.normal(2, 0.5, (12, 2))])
HEIGHTS = POINTS @ [1.5, -0.5] + 1
LABELS = np.repeat([0, 1], 12)

ROWS: dict[str, Any] = {"X": POINTS}
REGRESSION: dict[str, Any] = {"X": POINTS, "y": HEIGHTS}
CLASSES: dict[str, Any] = {"X": POINTS, "y": LABELS}
GROUPED: dict[str, Any] = {**CLASSES, "group": np.tile(["a", "b"], 12)}
BINARY: dict[str, Any] = {"X": (POINTS > 0).astype(float)}
BITS: dict[str, Any] = {"X": (POINTS > 0).astype(float), "y": LABELS}
MAILS: dict[str, Any] = {
    "X": ["win cash now", "cash prize", "meeting now", "lunch meeting today"],
    "y": ["spam", "spam", "ham", "ham"],
}
TAGGED: dict[str, Any] = {"X": [["he", "fishes"], ["fish", "swim"]], "y": [["N", "V"], ["N", "V"]]}
GAPPED: dict[str, Any] = {"X": [[1.0, 2.0, None], [2.0, 2.0, 10.0], [1.0, None, 20.0], [8.0, 9.0, 90.0]]}
TEXTS: dict[str, Any] = {"X": ["The cat sat.", "The cat ran.", "The dog sat."]}
OPINIONS: dict[str, Any] = {
    "X": ["great phone", "good camera", "bad battery", "bad camera"],
    "y": ["positive", "positive", "negative", "negative"],
}

# Name of an estimator: its parameters, chosen small, and what `fit` takes.
ESTIMATORS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "AdversarialDebiasing": ({"fairness": 1.0, "n_steps": 60}, GROUPED),
    "AnomalyDetector": ({"n_epochs": 5}, ROWS),
    "AttributeZeroShot": (
        {"signatures": {"a": [1, 0], "b": [0, 1], "c": [1, 1]}},
        {"X": POINTS, "y": np.repeat(["a", "b"], 12)},
    ),
    "Autoencoder": ({"code_size": 1, "hidden": [4], "noise": 0.1, "n_epochs": 5}, ROWS),
    "BernoulliNaiveBayes": ({}, BITS),
    "BytePairTokenizer": ({"vocabulary_size": 270}, TEXTS),
    "CanonicalCorrelation": ({}, {"X": POINTS, "second": HEIGHTS[:, None]}),
    "ConditionalGAN": ({"hidden": [4], "n_steps": 5}, CLASSES),
    "DDPM": ({"n_noise_steps": 5, "hidden": [4], "n_epochs": 5}, ROWS),
    "DecisionTreeClassifier": ({"max_depth": 3}, CLASSES),
    "DeepBeliefNetwork": ({"sizes": [3, 2], "n_epochs": 5}, BINARY),
    "EnergyBasedModel": ({"energy": "a * (x1**2 + x2**2) / 2", "start": {"a": 1.0}, "n_steps": 20}, ROWS),
    "FairLogisticRegression": ({"fairness": 1.0, "n_steps": 60}, GROUPED),
    "GaussianMixture": ({"k": 2}, ROWS),
    "GaussianNaiveBayes": ({}, CLASSES),
    "GaussianProcess": ({"length_scale": 2.0}, REGRESSION),
    "GenerativeAdversarialNetwork": ({"hidden": [4], "n_steps": 5}, ROWS),
    "GloVe": ({"dimension": 4, "n_epochs": 2}, {"X": ["the cow eats", "the sheep eats"]}),
    "HiddenMarkovTagger": ({}, TAGGED),
    "KMeans": ({"k": 2}, ROWS),
    "KNNImputer": ({"k": 2}, GAPPED),
    "KNeighborsClassifier": ({"k": 3}, CLASSES),
    "KNeighborsRegressor": ({"k": 3}, REGRESSION),
    "LassoRegression": ({"alpha": 0.1}, REGRESSION),
    "LinearRegression": ({}, REGRESSION),
    "LogisticRegression": ({"alpha": 0.1}, CLASSES),
    "MLPClassifier": ({"hidden": [4], "n_epochs": 5, "dropout": 0.2, "patience": 2}, CLASSES),
    "MLPRegressor": ({"hidden": [4], "n_epochs": 5, "l1": 0.01, "l2": 0.01}, REGRESSION),
    "MinMaxScaler": ({"low": -1.0}, ROWS),
    "MultinomialNaiveBayes": ({}, BITS),
    "NGramModel": ({"n": 3, "k": 0.5}, TEXTS),
    "NoiseContrastiveModel": ({"energy": "(x1**2 + x2**2) / 2"}, ROWS),
    "OnlineClassifier": ({"learning_rate": 0.05}, CLASSES),
    "OnlineRegressor": ({"learning_rate": 0.05}, REGRESSION),
    "PCA": ({"n_components": 1}, ROWS),
    "Perceptron": ({}, CLASSES),
    "PlattSupportVectorClassifier": ({"n_folds": 3}, CLASSES),
    "PrototypeClassifier": ({"distance": "cosine"}, CLASSES),
    "RegressionImputer": ({"n_rounds": 2}, GAPPED),
    "RestrictedBoltzmannMachine": ({"n_hidden": 3, "n_epochs": 5}, BINARY),
    "RewardModel": ({"alpha": 0.1}, {**ROWS, "rankings": [[0, 1, 2], [3, 4]]}),
    "RidgeRegression": ({"alpha": 0.1}, REGRESSION),
    "SegmentClassifier": ({"kind": "bayes"}, CLASSES),
    "SentimentClassifier": ({}, OPINIONS),
    "SimpleImputer": ({"strategy": "median"}, GAPPED),
    "SkipGram": ({"dimension": 4, "n_epochs": 2}, {"X": ["the cow eats", "the sheep eats"]}),
    "SpamDiscriminative": ({}, MAILS),
    "SpamGenerative": ({}, MAILS),
    "StackingClassifier": ({"n_folds": 3}, CLASSES),
    "StackingRegressor": ({"n_folds": 3}, REGRESSION),
    "StandardScaler": ({}, ROWS),
    "SupportVectorClassifier": ({}, CLASSES),
    "TextVectoriser": ({"mode": "tf_idf"}, TEXTS),
    "VAEGAN": ({"hidden": [4], "n_steps": 5}, ROWS),
    "VariationalAutoencoder": ({"code_size": 1, "hidden": [4], "n_epochs": 5}, ROWS),
    "VectorQuantiser": ({"k": 3}, ROWS),
}
