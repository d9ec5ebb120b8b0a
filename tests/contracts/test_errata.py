"""The course states what is right where its sources are wrong, in the chapters and in what can be called."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from rag_app.from_scratch.estimators.gaussian_process import GaussianProcess
from rag_app.from_scratch.estimators.mixture import GaussianMixture
from rag_app.from_scratch.estimators.perceptron import Perceptron
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.mode_collapse import ring_collapse

KNOWLEDGE = Path(__file__).resolve().parents[2] / "knowledge"
ERRATA = KNOWLEDGE / "99-errata.md"


@dataclass(frozen=True)
class Erratum:
    """What a chapter must say in one line, as patterns that all occur in it, and what no chapter may say.

    ``example`` is a sentence with the mistake: it shows that the pattern ``mistake`` can find one.
    """

    number: str
    chapter: str
    said: tuple[str, ...]
    mistake: str
    example: str


ERRATA_OF_THE_COURSE = (
    Erratum(
        "S01",
        "02-generative-vs-discriminative.md",
        ("65,284.80", "high", "low", "SC"),
        r"spend\D{0,20}65,284",
        "A customer with spend 65,284.80 is of class SC.",
    ),
    Erratum(
        "S02",
        "07-evaluation-metrics.md",
        ("Fréchet Inception Distance, abbreviated FID", "lower is better"),
        r"abbreviated FSD|0\.735\D{0,3}0\.935",
        "The Fréchet distance, abbreviated FSD, was 0.735/0.935.",
    ),
    Erratum(
        "S03",
        "14-tokens-decoding.md",
        ("sum to 0.90", "remaining 0.10", "not listed"),
        r"(?:four|listed) words sum to (?:1\b|exactly 1)",
        "The four words sum to 1.",
    ),
    Erratum(
        "S04",
        "14-tokens-decoding.md",
        ("smallest set", "cumulative probability reaches the threshold"),
        r"cumulative probability (?:exceeds|is (?:strictly )?(?:above|greater))",
        "Tokens are kept until the cumulative probability exceeds p.",
    ),
    Erratum(
        "S05",
        "14-tokens-decoding.md",
        ("sub-word tokeniser does not", '"bank" the same id in both senses', "no label for meaning or part of speech"),
        r"tokeniser (?:resolves|separates|distinguishes)|bank_river|light_verb",
        "The tokeniser distinguishes bank_river from bank_money.",
    ),
    Erratum(
        "S06",
        "25-model-catalogue.md",
        ("OpenLLaMA was made in 2023", "Berkeley", "not by Meta"),
        r"Meta's OpenLLaMA|OpenLLaMA \(Meta\)|OpenLLaMA (?:creates|generates) [^.;]*(?<!no )(?<!generate )images",
        "OpenLLaMA (Meta) generates text and images.",
    ),
    Erratum(
        "S07",
        "11-probabilistic-models.md",
        ("Gaussian process", "probability distribution over functions"),
        r"Gaussian process(?:es)? (?:is|are) (?:a |used for )?(?:clustering|mixture)",
        "Gaussian processes are used for clustering.",
    ),
    Erratum(
        "S08",
        "13-transformers.md",
        ("Query, key and value must not be confused with token, segment and position embeddings",),
        r"(?i)(?:query, key and value|queries, keys and values),? (?:are )?also (?:called|known as)[^.]*embedding",
        "Query, key and value are also called token, segment and position embeddings.",
    ),
    Erratum(
        "S09",
        "11-probabilistic-models.md",
        ("deep belief network are not all undirected", "only the top two layers", "lower layers are directed"),
        r"(?i)all (?:the )?(?:connections|layers) (?:of a deep belief network )?are undirected",
        "All connections of a deep belief network are undirected.",
    ),
    Erratum(
        "S10",
        "09-gans.md",
        ("main cause of mode collapse is the adversarial game itself",),
        r"(?i)(?:main|usual) cause of mode collapse is[^.]*normali[sz]",
        "The main cause of mode collapse is missing normalisation.",
    ),
    Erratum(
        "S11",
        "04-data-preparation.md",
        ("reserves id 0 for padding", "id 1 for unknown words", "from 2 by falling frequency"),
        r"SequentialString(?! layer\", which some notes use, is not)",
        "The SequentialString layer maps words to ids.",
    ),
    Erratum(
        "S12",
        "05-neural-networks.md",
        ("dropout rate and weight decay are hyperparameters", "not outputs of training"),
        r"(?i)parameters of (?:a|the) (?:model|network) (?:are|include)[^.]*(?:learning rate|dropout)",
        "The parameters of a model include weights, biases, learning rate and dropout.",
    ),
    Erratum(
        "S13",
        "05-neural-networks.md",
        ("bias parameter does not measure how far predictions are from their targets",),
        r"(?i)low (?:statistical )?bias makes (?:strong|more) assumptions|attention (?:was|is)[^.]*introduced in 2018",
        "A model with low bias makes strong assumptions.",
    ),
    Erratum(
        "S14",
        "16-adaptation.md",
        ("Continual learning", "not only fast updates from a stream", "preservation of what was learned"),
        r"(?i)continual learning is (?:the same as|another name for|simply) streaming",
        "Continual learning is another name for streaming.",
    ),
    Erratum(
        "S15",
        "20-prompting.md",
        ("Faithful reasoning is", "imitates worked reasoning", "every step of its answer is supported by evidence"),
        r"(?i)faithful reasoning is (?:only |just )?(?:few-shot|chain-of-thought) prompting",
        "Faithful reasoning is few-shot prompting.",
    ),
    Erratum(
        "S16",
        "17-moe-ensembles.md",
        ("often described as the first trillion-parameter model", "2021", "1.6 trillion"),
        r"(?i)switch transformer (?:is|was) the first (?:trillion|model)|7 times as fast as (?:any|all|every)",
        "The Switch Transformer was the first trillion-parameter model.",
    ),
    Erratum(
        "S17",
        "15-training-llms.md",
        ("15 % of the tokens as targets", "80 % are replaced by the token", "10 % by a random token", "unchanged"),
        r"BERT (?:removes|deletes|drops)|15 (?:%|per cent) of the (?:words|tokens) are (?:removed|deleted)[^.]*BERT",
        "BERT removes 15 % of the words.",
    ),
    Erratum(
        "S18",
        "24-tools.md",
        ("class constructor in Python is the mechanism that creates and initialises a new object",),
        r"(?i)constrictor",
        "Class Constrictors set up an object.",
    ),
    Erratum(
        "S19",
        "05-neural-networks.md",
        ("perceptron has two layers", "input layer with any number of inputs", "output layer"),
        r"(?i)perceptron (?:has|with|consists of) (?:only )?one input(?! layer)",
        "A perceptron has one input and one output.",
    ),
    Erratum(
        "S20",
        "02-generative-vs-discriminative.md",
        (
            "Generative models are used",
            "fill in missing data",
            "detect anomalies",
            "cluster data",
            "reduce its dimension",
        ),
        r"(?i)clustering,? and dimension(?:ality)?[.,;]",
        "They serve clustering, and dimension.",
    ),
    Erratum(
        "S21",
        "01-what-is-generative-ai.md",
        ("In February 2011 IBM's Watson won",),
        r"(?i)AGI \(2012|since 2012[^.]*artificial general|20(?:1[2-9]|2\d)[^.|]*Watson (?:won|win|beat)",
        "AGI (2012 to the present): in 2012 Watson won the quiz show.",
    ),
    Erratum(
        "S22",
        "06-losses-optimisation.md",
        ("learning rate", "dropout rate", "weight decay", "are hyperparameters"),
        r"(?i)(?<!hyper)parameters,? such as (?:the )?(?:learning rate|batch size)",
        "Tuning is the search for model parameters such as learning rate.",
    ),
    Erratum(
        "S23",
        "24-tools.md",
        ("`tf.placeholder` was removed from TensorFlow 2",),
        r"(?i)`(?:keras\.backend|K)\.set_backend\([^)]*\)` (?:sets|switches|chooses)",
        'The call `K.set_backend("jax")` sets the backend.',
    ),
    Erratum(
        "S24",
        "05-neural-networks.md",
        ("Sigmoid", "between 0 and 1, ends excluded"),
        r"(?i)(?:sigmoid|tanh)[^.|]*\[(?:0|-1|\N{MINUS SIGN}1),\s*1\]",
        "The range of the sigmoid is [0, 1].",
    ),
    Erratum(
        "S25",
        "22-responsible-ai.md",
        ("ratio of exactly 0.8 is not flagged", '"less than" 80 %'),
        r"(?i)at most (?:80 %|80 per cent|four fifths) of the (?:rate|highest)",
        "A group is flagged whose rate is at most 80 % of the rate of the best.",
    ),
    Erratum(
        "S26",
        "09-gans.md",
        ("line example", "supervised loss", "compares each generated $y$ with the true $y$"),
        r"(?i)\bGAN compares each generated (?:point|\$y\$|value) with (?:the|its) (?:true|right)",
        "A GAN compares each generated point with the true one.",
    ),
)
# Second facts of an erratum that has more than one.
ALSO_SAID = (
    ("S06", "19-rag.md", ("OpenLLaMA is an independent reproduction", "no images")),
    ("S08", "13-transformers.md", ("softmax", r"\sqrt{d")),
    ("S13", "12-sequence-models.md", ("Bahdanau, Cho and Bengio introduced attention for translation in 2014",)),
    ("S13", "05-neural-networks.md", ("low statistical bias makes fewer assumptions",)),
    ("S16", "17-moe-ensembles.md", ("Compared with T5 models at the same computational resources", "up to 7 times")),
    ("S21", "01-what-is-generative-ai.md", ("not generally accepted as AGI",)),
    ("S23", "24-tools.md", ("`K.set_backend`", "does not work in Keras 3")),
    ("S23", "24-tools.md", ("`keras.config.set_backend",)),
    ("S23", "24-tools.md", ("grad can be implicitly created only for scalar outputs",)),
    ("S24", "05-neural-networks.md", ("Tanh", "and 1, ends excluded")),
    ("S25", "22-responsible-ai.md", ("compares integers", r"5\,s_g n_h < 4\,s_h n_g")),
    ("S26", "09-gans.md", ("images of new faces no such target exists", "a GAN needs a discriminator")),
)
NUMBERS = [erratum.number for erratum in ERRATA_OF_THE_COURSE]
SAID = [(e.number, e.chapter, e.said) for e in ERRATA_OF_THE_COURSE] + list(ALSO_SAID)


def lines(path: Path) -> list[str]:
    """Return the lines of a chapter, of which each holds one sentence, one row of a table or one item."""
    return path.read_text(encoding="utf-8").splitlines()


def test_the_catalogue_lists_every_statement() -> None:
    """S01 to S26, under the section of corrected statements."""
    chapters = tomllib.loads((KNOWLEDGE / "catalogue.toml").read_text(encoding="utf-8"))["chapter"]
    sections = [s for chapter in chapters for s in chapter["section"] if s["heading"] == "Statements corrected"]
    assert [s["ids"] for s in sections] == [NUMBERS]
    assert [f"S{n:02}" for n in range(1, 27)] == NUMBERS


def test_the_chapter_of_errata_explains_every_statement() -> None:
    """Each has a subsection, in their order, that ends with what was changed."""
    text = ERRATA.read_text(encoding="utf-8").partition("## Answers lost")[0]
    subsections = text.split("\n### ")[1:]
    named = [re.findall(r"^What was \w+ \((S\d\d)\) is ", s, re.MULTILINE) for s in subsections]
    assert named == [[number] for number in NUMBERS]


@pytest.mark.parametrize(("number", "chapter", "said"), SAID, ids=[f"{n}-{c[:2]}" for n, c, _ in SAID])
def test_a_chapter_states_the_fact(number: str, chapter: str, said: tuple[str, ...]) -> None:
    """In one line of the chapter that explains it, so that a passage that is found holds the whole fact."""
    assert number in NUMBERS
    assert any(all(part in line for part in said) for line in lines(KNOWLEDGE / chapter)), said


@pytest.mark.parametrize("erratum", ERRATA_OF_THE_COURSE, ids=NUMBERS)
def test_no_chapter_repeats_the_mistake(erratum: Erratum) -> None:
    """In no line of the course but of the chapter of errata, which describes it."""
    assert re.search(erratum.mistake, erratum.example)
    chapters = [path for path in KNOWLEDGE.glob("*.md") if path != ERRATA]
    assert len(chapters) > 20
    found = [f"{p.name}: {line}" for p in chapters for line in lines(p) if re.search(erratum.mistake, line)]
    assert found == []


def test_gaussian_processes_predict_and_mixtures_cluster() -> None:
    """S07: the one is less sure far from what it saw, the other finds two clouds without being told."""
    process = GaussianProcess().fit([[0.0], [1.0]], [0.0, 1.0])
    near, far = process.predict_std([[0.5], [9.0]])
    assert near < far
    rows = np.concatenate([np.random.default_rng(0).normal(centre, 0.1, (20, 2)) for centre in (0, 5)])
    labels = GaussianMixture(k=2).fit(rows).predict(rows)
    assert len(set(labels[:20])) == len(set(labels[20:])) == 1
    assert labels[0] != labels[-1]


def test_modes_are_lost_on_normalised_data() -> None:
    """S10: the network standardises its columns, and still leaves modes of the ring out."""
    result = ring_collapse()
    assert min(result["real"]["shares"]) > 0.1
    assert min(result["generated"]["shares"]) < 0.05
    assert result["generated"]["entropy"] < result["real"]["entropy"] - 0.1


def test_a_perceptron_has_as_many_inputs_as_columns() -> None:
    """S19: here three, of which two decide."""
    X = [[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)]
    y = [int(a and b) for a, b, _ in X]
    fitted = Perceptron().fit(X, y)
    assert fitted.weights_.shape == (3,)
    assert fitted.predict(X).tolist() == y


def test_a_vector_has_no_single_gradient() -> None:
    """S23: torch refuses `backward` on a vector, and so does the engine of the course; of the sum it is (2, 4)."""
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for scalar outputs"):
        (x**2).backward()
    (x**2).sum().backward()
    ours = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(ValueError, match="backward starts from a single number"):
        (ours * ours).backward()
    (ours * ours).sum().backward()
    assert ours.grad.tolist() == x.grad.tolist() == [2, 4]
