"""Settings: where they come from, what they may be, and what a wrong one is told."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from rag_app.errors import SettingsError
from rag_app.settings import Settings


def _load(environ=None, **overrides):
    return Settings.load(environ=environ or {}, **overrides)


@pytest.fixture
def toml(tmp_path):
    """Writes a settings file and returns its path."""

    def write(text: str | bytes) -> Path:
        path = tmp_path / "rag.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_defaults_need_nothing():
    """Without environment, file or keyword, the program answers extractively with MiniLM."""
    settings = _load()
    assert (settings.llm, settings.embeddings, settings.k) == ("extractive", "minilm", 5)
    assert settings.data_dir.is_absolute()
    assert settings.data_dir.name == "rag_app"


def test_documented_defaults_are_the_real_ones():
    """The docstring states the default of every setting that has one, in the order of the fields."""
    documented = dict(re.findall(r"^    (\w+) : \w+, default=(.+)$", Settings.__doc__, re.MULTILINE))
    defaults = _load(data_dir="x")
    real = {f.name: getattr(defaults, f.name) for f in fields(Settings) if f.name != "data_dir"}
    assert list(documented) == list(real)
    assert {k: v.strip('"') for k, v in documented.items()} == {k: str(v) for k, v in real.items()}


def test_keyword_beats_environment_beats_file_beats_default(toml):
    """Each source overrides the ones below it, setting by setting."""
    file = toml("k = 2\nllm_max_tokens = 22\nllm_timeout_s = 2.5\n")
    settings = Settings.load(environ={"RAG_K": "3", "RAG_LLM_MAX_TOKENS": "33"}, file=file, k=4)
    assert (settings.k, settings.llm_max_tokens, settings.llm_timeout_s, settings.llm_temperature) == (4, 33, 2.5, None)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("k", " 50 ", 50),
        ("k", "1", 1),
        ("llm", "  openai:gpt-4o-mini\n", "openai:gpt-4o-mini"),
        ("llm", "ollama:llama3:8b", "ollama:llama3:8b"),
        ("llm_base_url", "", ""),
        ("llm_base_url", "https://x/v1", "https://x/v1"),
        ("embeddings", "sentence-transformers:/a/b", "sentence-transformers:/a/b"),
        ("embeddings", "openai:text-embedding-3-small", "openai:text-embedding-3-small"),
        ("reranker", "sentence-transformers:/a/b", "sentence-transformers:/a/b"),
        ("reader", "learnt", "learnt"),
        ("reader", "transformers:/a/b", "transformers:/a/b"),
        ("llm_temperature", "2", 2.0),
        ("llm_top_p", "0.9", 0.9),
        ("llm_seed", "0", 0),
        ("llm_stop", "", ()),
        ("llm_stop", "END, STOP", ("END", "STOP")),
        ("llm_stop", '["\\n\\n", "a,b"]', ("\n\n", "a,b")),
        ("llm_fallbacks", "openai:a, ollama:b:7b@http://h/v1", ("openai:a", "ollama:b:7b@http://h/v1")),
        ("llm_cache", "on", True),
        ("llm_requests_per_minute", "60", 60),
        ("llm_preset", "creative", "creative"),
        ("llm_prices", "a/prices.toml", Path("a/prices.toml")),
        ("prompts_dir", "a b", Path("a b")),
        ("answer_prompt", "answer_concise", "answer_concise"),
        ("min_evidence", "1e-2", 0.01),
        ("llm_timeout_s", ".1", 0.1),
        ("late_interaction", " Off ", False),
        ("late_interaction", "ON", True),
        ("late_interaction", "0", False),
        ("late_interaction", "true", True),
        ("data_dir", "a b/é", Path("a b/é")),
    ],
)
def test_environment_values_are_converted(name, text, value):
    """A variable's text becomes the setting's type; surrounding space does not matter."""
    assert getattr(_load({f"RAG_{name.upper()}": text}), name) == value


def test_lists_stand_in_a_file_as_lists(toml):
    """TOML has lists of its own."""
    file = toml('llm_stop = ["\\n", "END"]\nllm_fallbacks = ["openai:a"]\n')
    settings = Settings.load(environ={}, file=file)
    assert (settings.llm_stop, settings.llm_fallbacks) == (("\n", "END"), ("openai:a",))


def test_home_is_expanded(monkeypatch, tmp_path):
    """``~`` in the data folder is the home folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert _load(data_dir="~/rag").data_dir == tmp_path / "rag"


def test_process_environment_and_current_folder_are_the_default(monkeypatch, tmp_path):
    """Without arguments, RAG_* variables of the process and rag.toml of the current folder count."""
    (tmp_path / "rag.toml").write_text("k = 7\nmin_evidence = 0.25\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAG_K", "8")
    settings = Settings.load()
    assert (settings.k, settings.min_evidence) == (8, 0.25)


def test_the_threshold_may_be_left_open():
    """By saying nothing or by None: it is what was calibrated then, or the gate's own default."""
    assert _load().min_evidence is None
    assert _load(min_evidence=None) == _load()


def test_other_variables_are_ignored():
    """Only RAG_* is read; keys of providers are none of the settings' business."""
    assert _load({"OPENAI_API_KEY": "sk-1", "K": "3", "rag_k": "3"}) == _load()


def _out_of_range(variable, low, high, got):
    return f"{variable} must be between {low} and {high}; got {got}."


PRESET_RULE = "RAG_LLM_PRESET must be precise or balanced or creative; got "
STOP_RULE = "RAG_LLM_STOP must be 4 texts at most, none of them empty; got "
LLM_RULE = "RAG_LLM must be extractive or provider:NAME; got "
RERANKER_RULE = "RAG_RERANKER must be none or sentence-transformers:NAME; got "
READER_RULE = "RAG_READER must be learnt or transformers:NAME; got "
EMBEDDINGS_RULE = "RAG_EMBEDDINGS must be minilm or sentence-transformers:NAME or openai:NAME; got "


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"k": 0}, _out_of_range("RAG_K", 1, 50, 0)),
        ({"k": 51}, _out_of_range("RAG_K", 1, 50, 51)),
        ({"k": "five"}, "k must be a whole number; got 'five'."),
        ({"k": 3.7}, "k must be a whole number; got 3.7."),
        ({"k": True}, "k must be a whole number; got True."),
        ({"k": None}, "k must be a whole number; got None."),
        ({"k": ""}, "k must be a whole number; got ''."),
        ({"min_evidence": -0.01}, _out_of_range("RAG_MIN_EVIDENCE", 0, 1, -0.01)),
        ({"min_evidence": 1.01}, _out_of_range("RAG_MIN_EVIDENCE", 0, 1, 1.01)),
        ({"min_evidence": "nan"}, _out_of_range("RAG_MIN_EVIDENCE", 0, 1, "nan")),
        ({"late_interaction": "maybe"}, "late_interaction must be on or off; got 'maybe'."),
        ({"late_interaction": None}, "late_interaction must be on or off; got None."),
        ({"late_interaction": ""}, "late_interaction must be on or off; got ''."),
        ({"min_evidence": False}, "min_evidence must be a number; got False."),
        (
            {"unsupported_answer": "refuze"},
            "RAG_UNSUPPORTED_ANSWER must be flag or extractive or refuse; got 'refuze'. Did you mean refuse?",
        ),
        ({"llm_temperature": 2.5}, _out_of_range("RAG_LLM_TEMPERATURE", 0, 2, 2.5)),
        ({"llm_temperature": -0.1}, _out_of_range("RAG_LLM_TEMPERATURE", 0, 2, -0.1)),
        ({"llm_top_p": 0}, _out_of_range("RAG_LLM_TOP_P", 0.001, 1, 0.0)),
        ({"llm_top_p": 1.1}, _out_of_range("RAG_LLM_TOP_P", 0.001, 1, 1.1)),
        ({"llm_seed": -1}, _out_of_range("RAG_LLM_SEED", 0, 2**31 - 1, -1)),
        ({"llm_seed": 1.5}, "llm_seed must be a whole number; got 1.5."),
        ({"llm_requests_per_minute": 0}, _out_of_range("RAG_LLM_REQUESTS_PER_MINUTE", 1, 1_000_000, 0)),
        ({"llm_preset": "precis"}, PRESET_RULE + "'precis'. Did you mean precise?"),
        ({"llm_preset": "wild"}, PRESET_RULE + "'wild'."),
        ({"llm_stop": list("abcde")}, STOP_RULE + "['a', 'b', 'c', 'd', 'e']."),
        ({"llm_stop": ["a", ""]}, STOP_RULE + "['a', '']."),
        ({"llm_stop": [1]}, "llm_stop must be a list of texts; got [1]."),
        ({"llm_stop": '["a"'}, "llm_stop must be a list of texts; got '[\"a\"'."),
        ({"llm_stop": 7}, "llm_stop must be a list of texts; got 7."),
        ({"llm_fallbacks": "gpt-4"}, "RAG_LLM_FALLBACKS must be provider:NAME; got 'gpt-4'."),
        ({"prompts_dir": " "}, "prompts_dir must be a path; got ' '."),
        ({"llm_max_tokens": 0}, _out_of_range("RAG_LLM_MAX_TOKENS", 1, 1_000_000, 0)),
        (
            {"llm_context_tokens": 512, "llm_max_tokens": 512},
            _out_of_range("RAG_LLM_CONTEXT_TOKENS", 513, 10_000_000, 512),
        ),
        ({"llm_timeout_s": 0}, _out_of_range("RAG_LLM_TIMEOUT_S", 0.1, 86_400, 0.0)),
        ({"llm_timeout_s": "inf"}, _out_of_range("RAG_LLM_TIMEOUT_S", 0.1, 86_400, "inf")),
        ({"llm_timeout_s": "1 min"}, "llm_timeout_s must be a number; got '1 min'."),
        ({"data_dir": ""}, "data_dir must be a path; got ''."),
        ({"data_dir": " "}, "data_dir must be a path; got ' '."),
        ({"data_dir": 3}, "data_dir must be a path; got 3."),
        ({"data_dir": "~no-such-user-here/x"}, "data_dir must be a path; got '~no-such-user-here/x'."),
        (
            {"llm_base_url": "localhost:8000"},
            "RAG_LLM_BASE_URL must start with http:// or https://; got 'localhost:8000'.",
        ),
        (
            {"chroma_url": "127.0.0.1:8000"},
            "RAG_CHROMA_URL must start with http:// or https://; got '127.0.0.1:8000'.",
        ),
        (
            {"embeddings_base_url": "ftp://x"},
            "RAG_EMBEDDINGS_BASE_URL must start with http:// or https://; got 'ftp://x'.",
        ),
        ({"llm": "gpt-4"}, LLM_RULE + "'gpt-4'."),
        ({"llm": ""}, LLM_RULE + "''."),
        ({"llm": ":x"}, LLM_RULE + "':x'."),
        ({"llm": "openai:"}, LLM_RULE + "'openai:'."),
        ({"llm": "extractiv"}, LLM_RULE + "'extractiv'. Did you mean extractive?"),
        ({"embeddings": "bert"}, EMBEDDINGS_RULE + "'bert'."),
        ({"embeddings": "cohere:x"}, EMBEDDINGS_RULE + "'cohere:x'."),
        ({"embeddings": "minilm:x"}, EMBEDDINGS_RULE + "'minilm:x'. Did you mean minilm?"),
        ({"embeddings": "openai:"}, EMBEDDINGS_RULE + "'openai:'."),
        ({"reranker": "bge"}, RERANKER_RULE + "'bge'."),
        ({"reranker": ""}, RERANKER_RULE + "''."),
        ({"reranker": "openai:x"}, RERANKER_RULE + "'openai:x'."),
        ({"reader": "learned"}, READER_RULE + "'learned'. Did you mean learnt?"),
        ({"reader": "transformers:"}, READER_RULE + "'transformers:'."),
        ({"reader": "sentence-transformers:x"}, READER_RULE + "'sentence-transformers:x'."),
        ({"lm": "x"}, "There is no setting named lm. Did you mean llm?"),
    ],
)
def test_wrong_keyword_names_setting_rule_and_value(overrides, message):
    """A wrong value is refused with one sentence that names the setting, its rule and the value."""
    with pytest.raises(SettingsError, match=f"^{re.escape(message)}$"):
        _load(**overrides)


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"RAG_K": "many"}, "RAG_K must be a whole number; got 'many'."),
        ({"RAG_DATA_DIR": ""}, "RAG_DATA_DIR must be a path; got ''."),
        ({"RAG_LMM": "x"}, "There is no setting named RAG_LMM. Did you mean RAG_LLM?"),
    ],
)
def test_wrong_variable_is_named_as_the_user_wrote_it(environ, message):
    """What came from the environment is called by the variable's name."""
    with pytest.raises(SettingsError, match=f"^{re.escape(message)}$"):
        _load(environ)


def test_unknown_setting_lists_the_known_ones_if_none_is_close():
    """Where nothing is similar, every setting is listed."""
    known = ", ".join(sorted(f.name for f in fields(Settings)))
    with pytest.raises(SettingsError, match=re.escape(f"There is no setting named RAG_QQQQ. Known: {known}.")):
        _load({"RAG_QQQQ": "1"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "k = ",
            r"{file} must be a TOML file; it does not parse: .+\. Write lines such as: llm = \"openai:gpt-4o-mini\"",
        ),
        (b"k = \xff", r"{file} must be a TOML file; it does not parse: .+ Write lines such as: .+"),
        ("[rag]\nk = 3", r"There is no setting named rag in {file}\..*"),
        ("kk = 3", r"There is no setting named kk in {file}\. Did you mean k in {file}\?"),
        ("k = 2.5", r"k in {file} must be a whole number; got 2\.5\."),
        ("k = [3]", r"k in {file} must be a whole number; got \[3\]\."),
        ("data_dir = 3", r"data_dir in {file} must be a path; got 3\."),
    ],
)
def test_wrong_file_is_named(toml, text, message):
    """What came from a file is called by its key and the file."""
    file = toml(text)
    with pytest.raises(SettingsError, match=f"^{message.format(file=re.escape(str(file)))}$"):
        Settings.load(environ={}, file=file)


@pytest.mark.parametrize("make", [Path.exists, Path.mkdir, Path.touch])
def test_file_need_not_exist(tmp_path, make):
    """No file, a folder of that name or an empty file mean the defaults."""
    make(tmp_path / "rag.toml")
    assert Settings.load(environ={}, file=tmp_path / "rag.toml") == _load()


def test_settings_cannot_change():
    """Settings are a value: frozen and comparable."""
    with pytest.raises(AttributeError):
        _load().k = 3
    assert _load(k=3) == _load({"RAG_K": "3"}) != _load(k=4)
