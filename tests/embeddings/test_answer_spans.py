"""Any network that marks answers, tried on one whose marks are known and on one of random numbers."""

from __future__ import annotations

import json
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from support.reconfigured import changed
from support.span_network import N_PLACES, save_span_network

from rag_app.embeddings.answer_spans import SpanNetwork, load_span_network
from rag_app.embeddings.minilm import weights_path
from rag_app.errors import MissingExtraError, SettingsError
from rag_app.settings import Settings

QUESTION = "When was the tower of 1850 built?"
YEAR, NUMBER, NONE = 15.0, 5.0, -5.0  # of the network that knows numbers, less its score of no answer


def spans_of(text):
    """Return the sentences of a text, each of which ends in a full stop."""
    return [match.span() for match in re.finditer(r"[^. ][^.]*\.", text)]


@pytest.fixture(scope="module")
def span_folder(tmp_path_factory):
    """The folder of a network that knows numbers."""
    return save_span_network(tmp_path_factory.mktemp("span_network"))


@pytest.fixture(scope="module")
def network(span_folder):
    """A network that knows numbers."""
    return SpanNetwork(span_folder)


@pytest.fixture(scope="module")
def random_folder(span_folder, tmp_path_factory):
    """The folder of a network with two layers of random numbers: what it marks depends on everything around."""
    import torch
    import transformers

    folder = tmp_path_factory.mktemp("random_network")
    shutil.copytree(span_folder, folder, dirs_exist_ok=True)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16, initializer_range=1.0
    )
    transformers.BertForQuestionAnswering(config).save_pretrained(folder)
    return str(folder)


def test_spans_are_scored_by_their_best_answer(network, span_folder):
    """Log-odds against no answer: of sentences with a year, with another number, with neither."""
    text = "The lamp burns oil. It has 95 steps, built in 1861. Ann climbs 95 of them. 🗼"
    (found,) = network.score(QUESTION, [text], [[*spans_of(text), (0, len(text)), (0, 0), (len(text) - 1, len(text))]])
    assert found[:4] == pytest.approx([NONE, YEAR, NUMBER, YEAR], abs=1e-5)
    assert found[4] == -np.inf
    assert (found.dtype, network.name) == (np.float64, f"transformers:{span_folder}")


def test_texts_are_read_together_as_alone(network):
    """In one batch of different lengths; a text without spans, and an empty one, are in their place."""
    texts = ["Built in 1861.", "", "A lamp. " * 9 + "It has 95 steps.", "Nobody asks about 1861."]
    spans = [spans_of(texts[0]), [], spans_of(texts[2]), []]
    found = network.score(QUESTION, texts, spans)
    assert [len(scores) for scores in found] == [1, 0, 10, 0]
    for i in (0, 2):
        assert found[i] == pytest.approx(network.score(QUESTION, [texts[i]], [spans[i]])[0], abs=1e-5)
    assert network.score(QUESTION, [], []) == []


def test_a_start_is_not_behind_its_end(random_folder):
    """The best pair by the definition, computed slowly from the network's own numbers."""
    import torch
    import transformers

    text = "The lamp burns oil. The tower was built in 1861 of red brick. Ann keeps it."
    tokenizer = transformers.AutoTokenizer.from_pretrained(random_folder)
    reference = transformers.AutoModelForQuestionAnswering.from_pretrained(random_folder).eval()
    encoded = tokenizer(QUESTION, text, return_tensors="pt", return_offsets_mapping=True)
    places = encoded.pop("offset_mapping")[0].tolist()
    with torch.no_grad():
        logits = reference(**encoded)
    start, end = logits.start_logits[0].tolist(), logits.end_logits[0].tolist()
    of_text = [i for i, part in enumerate(encoded.sequence_ids(0)) if part == 1]
    expected = [
        max(
            start[i] + end[j] - start[0] - end[0]
            for i in of_text
            for j in of_text
            if a <= places[i][0] <= places[j][0] and places[j][1] <= b
        )
        for a, b in spans_of(text)
    ]
    found = SpanNetwork(random_folder).score(QUESTION, [text], [spans_of(text)])[0]
    assert found == pytest.approx(expected, abs=1e-4)
    assert len(set(found.round(3))) == 3


def test_a_long_text_is_read_in_windows(network):
    """An answer is found wherever it stands, in each text its own; the windows are as long as the network allows."""
    words = "The lamp burns oil. " * 40
    texts = [f"Built in 1861. {words}", f"{words}It has 95 steps.", f"{words}Built in 1861. {words}"]
    assert len(words.split()) > 2 * N_PLACES
    found = network.score(QUESTION, texts, [spans_of(text) for text in texts])
    for scores, place, best in zip(found, (0, 40, 40), (YEAR, NUMBER, YEAR), strict=True):
        assert scores.argmax() == place
        assert scores[place] == pytest.approx(best, abs=1e-5)
        assert np.delete(scores, place) == pytest.approx(np.full(len(scores) - 1, NONE), abs=1e-5)


def test_a_long_question_leaves_room_for_the_text(network):
    """What fills a quarter of the window is read, however much is asked; so is an empty one."""
    for question in ("why " * 5000, "", "🗼" * 3000, "\x00"):
        assert network.score(question, ["Built in 1861."], [[(0, 14)]])[0] == pytest.approx([YEAR], abs=1e-5)


def test_a_network_that_knows_no_none(tmp_path):
    """It finds an answer everywhere, but prefers the same."""
    network = SpanNetwork(save_span_network(tmp_path / "answers_all", knows_none=False))
    text = "The lamp burns oil. It has 95 steps. Built in 1861."
    (found,) = network.score(QUESTION, [text], [spans_of(text)])
    assert found == pytest.approx([5.0, 15.0, 25.0], abs=1e-5)


def test_a_tokenizer_without_a_token_for_none(span_folder, tmp_path):
    """The sum of start and end, less the lowest: an answer is found everywhere."""
    folder = changed(span_folder, tmp_path)
    for name, change in (
        ("tokenizer.json", {"post_processor": None}),
        ("tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast"}),  # Bert's own has one in any case
    ):
        stored = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps(stored | change))
    (found,) = SpanNetwork(str(folder)).score(QUESTION, ["Built in 1861. By Ann."], [[(0, 14), (15, 22)]])
    assert found == pytest.approx([20.0, 0.0], abs=1e-5)


def test_questions_of_several_threads(network):
    """Each gets its own answer: a service asks from many at a time."""
    texts = [f"{'A lamp. ' * i}Built in 1861." for i in range(24)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: network.score(QUESTION, [text], [spans_of(text)])[0], texts))
    assert [len(scores) for scores in found] == list(range(1, 25))
    assert [scores[-1] for scores in found] == pytest.approx([YEAR] * 24, abs=1e-5)


def test_nothing_is_written_while_weights_are_loaded(span_folder, tmp_path, capfd):
    """Neither a bar nor a table of what the file has besides."""
    from safetensors.numpy import load_file, save_file

    folder = changed(span_folder, tmp_path)
    weights = load_file(folder / "model.safetensors") | {"pooler.dense.bias": np.zeros(5, np.float32)}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    capfd.readouterr()
    assert SpanNetwork(str(folder)).score(QUESTION, ["1861"], [[(0, 4)]])[0] == pytest.approx([YEAR], abs=1e-5)
    assert tuple(capfd.readouterr()) == ("", "")


def refusal(name):
    """Return the error of loading a network; skip the test where torch is not installed."""
    for package in ("torch", "transformers"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    with pytest.raises(SettingsError) as caught:
        SpanNetwork(str(name))
    return str(caught.value)


@pytest.mark.parametrize("name", ["no-such-network", "nobody/no-such-network", "{tmp}/missing", "{tmp}"])
def test_name_that_cannot_be_loaded(tmp_path, name):
    """An unknown name, a missing path and an empty folder are one sentence, without asking a hub."""
    name = name.format(tmp=tmp_path)
    assert refusal(name) == (
        f"RAG_READER must name a question-answering network on this machine; {name!r} cannot be loaded. "
        "Give the path of its folder."
    )


def test_a_network_of_another_kind_cannot_be_loaded(span_folder, tmp_path):
    """Such as one for pictures."""
    folder = changed(span_folder, tmp_path, model_type="vit")
    assert refusal(folder) == (
        f"RAG_READER must name a question-answering network on this machine; {str(folder)!r} cannot be loaded. "
        "Give the path of its folder."
    )


def test_a_network_that_was_not_trained_to_mark_answers(capfd):
    """An embedder would get a head of random numbers."""
    folder = str(weights_path().parent)
    capfd.readouterr()
    assert refusal(folder) == (
        f"RAG_READER must name a network that was trained to mark answers; {folder!r} has no weights for that. "
        "Choose one that was trained on SQuAD 2.0 or the like."
    )
    assert tuple(capfd.readouterr()) == ("", "")


def test_a_network_that_marks_something_else(span_folder, tmp_path):
    """A head of three numbers a token, and a tokenizer that does not say where its tokens stand."""
    import transformers
    from safetensors.numpy import load_file, save_file

    three = changed(span_folder, tmp_path, id2label={str(i): str(i) for i in range(3)})
    weights = load_file(three / "model.safetensors")
    for name in ("qa_outputs.weight", "qa_outputs.bias"):
        weights[name] = np.concatenate([weights[name], weights[name][:1]])
    save_file(weights, three / "model.safetensors", metadata={"format": "pt"})
    silent = tmp_path / "silent"
    shutil.copytree(span_folder, silent)
    (silent / "tokenizer.json").unlink()
    transformers.ByT5Tokenizer().save_pretrained(silent)
    for folder in (three, silent):
        assert refusal(folder) == (
            f"RAG_READER must name a network that marks where an answer begins and ends; {str(folder)!r} does not. "
            "Choose one that was trained on SQuAD 2.0 or the like."
        )


@pytest.mark.parametrize("package", ["transformers", "torch"])
def test_missing_package_is_named(monkeypatch, package):
    """Without one of the packages the user is told to install both."""
    monkeypatch.setitem(sys.modules, package, None)
    message = 'The reader transformers:x needs the package transformers[torch]. Run: pip install "transformers[torch]"'
    with pytest.raises(MissingExtraError, match=f"^{re.escape(message)}$"):
        SpanNetwork("x")


def test_the_network_that_the_settings_name(span_folder):
    """None by default, and then neither torch nor transformers is looked for."""
    assert load_span_network(Settings.load(environ={}, file=Path("none.toml"))) is None
    named = load_span_network(Settings.load(environ={}, reader=f"transformers:{span_folder}"))
    assert named is not None
    assert named.name == f"transformers:{span_folder}"
