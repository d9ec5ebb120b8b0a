"""From a setting to a chat model, and from a provider's failure to a sentence."""

from __future__ import annotations

import importlib.util
import re
import socket
import sys
import traceback

import pytest
from support.openai_server import OpenAIServer

from rag_app.errors import LLMError, LLMResponseError, MissingExtraError, SettingsError
from rag_app.llms.factory import _Named, _options, load_llm
from rag_app.llms.resilience import ResilientChat
from rag_app.llms.scripted import ScriptedChat
from rag_app.settings import Settings

KEY = "sk-very-secret-0123456789"


def _load(llm: str, **settings):
    return load_llm(Settings.load(environ={}, llm=llm, **settings))


def _ask(server: OpenAIServer | str, *, stream: bool = True, **settings):
    """One call as the chains make it."""
    url = server if isinstance(server, str) else server.url
    llm = _load("openai:tiny", llm_base_url=url, **settings)
    if stream:
        return "".join(chunk.text for chunk in llm.stream([("system", "Be brief."), ("user", "Hello")]))
    return llm.invoke([("system", "Be brief."), ("user", "Hello")]).text


def _first(llm: ResilientChat):
    """The chat model that is asked first."""
    return llm.attempts.members[0].llm


@pytest.fixture
def server():
    """A server with one reply."""
    with OpenAIServer(["Hello to you, too."]) as running:
        yield running


def test_extractive_needs_no_llm():
    """The default answers without a language model."""
    assert _load("extractive") is None


def test_scripted_reads_its_file(tmp_path):
    """``scripted:FILE`` replies from the file."""
    (tmp_path / "replies.txt").write_text("One.\n\nTwo.")
    llm = _first(_load(f"scripted:{tmp_path / 'replies.txt'}"))
    assert isinstance(llm, ScriptedChat)
    assert llm.replies == ["One.", "Two."]


@pytest.mark.parametrize("stream", [True, False])
def test_request_carries_the_settings(server, stream):
    """A compatible server gets model, messages, temperature and the limit under the name that every server knows."""
    assert _ask(server, stream=stream, llm_temperature=0.25, llm_max_tokens=77) == "Hello to you, too."
    body = server.last.body
    assert server.last.path == "/v1/chat/completions"
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("tiny", 0.25, 77)
    assert [(m["role"], m["content"]) for m in body["messages"]] == [("system", "Be brief."), ("user", "Hello")]
    assert "max_completion_tokens" not in body
    assert body["stream"] is stream


def test_stream_reports_usage(server):
    """Usage is asked for and arrives with the stream's last pieces."""
    server.prompt_tokens = 123
    chunks = list(_load("openai:tiny", llm_base_url=server.url).stream("Hello"))
    usages = [c.usage_metadata for c in chunks if c.usage_metadata]
    assert [(u["input_tokens"], u["output_tokens"]) for u in usages] == [(123, 6)]
    assert len([c for c in chunks if c.text]) == 4


def test_decoding_settings_are_sent(server):
    """Top-p, seed and stop texts are in the request where they are set, beside the preset's temperature."""
    _ask(server, llm_preset="creative", llm_seed=7, llm_stop=["\n\n", "END"])
    body = server.last.body
    assert (body["temperature"], body["top_p"], body["seed"], body["stop"]) == (1.0, 0.95, 7, ["\n\n", "END"])
    _ask(server)
    assert {"top_p", "seed", "stop"} & set(server.last.body) == set()


@pytest.mark.parametrize(("setting", "value"), [("llm_seed", 7), ("llm_top_p", 0.9)])
def test_decoding_setting_that_a_provider_does_not_know(monkeypatch, setting, value):
    """A setting that LangChain would pass over is refused: the user would believe that it holds."""

    class Plain(ScriptedChat):
        """A provider's chat model without such fields."""

    monkeypatch.setattr("langchain.chat_models.init_chat_model", lambda *_, **__: Plain(replies=["x"]))
    message = f"RAG_{setting.upper()} is not known to the provider plain. Leave it out"
    with pytest.raises(SettingsError, match=f"^{re.escape(message)}"):
        _load("plain:x", **{setting: value})


def test_ollama_gets_its_own_names():
    """Its server would cut a prompt at its own default, and pass over a limit of another name."""
    settings = Settings.load(environ={}, llm="ollama:llama3", llm_max_tokens=99, llm_context_tokens=5000)
    assert _options(_Named("ollama:llama3", "http://h:11434"), settings) == {
        "temperature": 0.0,
        "num_predict": 99,
        "num_ctx": 5000,
        "client_kwargs": {"timeout": 60.0},
        "base_url": "http://h:11434",
    }


def test_fallback_has_its_own_address(server):
    """A fallback's address stands after @; the first language model's address is not a fallback's."""
    llm = _load(
        "openai:a",
        llm_base_url="http://127.0.0.1:9/v1",
        llm_fallbacks=[f"openai:b@{server.url}", "openai:c@home@http://h/v1"],
    )
    assert [member.name for member in llm.attempts.members] == ["openai:a", "openai:b", "openai:c@home"]
    assert [member.llm.openai_api_base for member in llm.attempts.members] == [
        "http://127.0.0.1:9/v1",
        server.url,
        "http://h/v1",
    ]


@pytest.mark.parametrize(("key", "sent"), [(None, "Bearer none"), (KEY, f"Bearer {KEY}")])
def test_key_is_sent_if_there_is_one(server, monkeypatch, key, sent):
    """A server of the user's own works without a key; one that is set is sent."""
    if key:
        monkeypatch.setenv("OPENAI_API_KEY", key)
    _ask(server)
    assert server.last.headers["authorization"] == sent


def test_openai_itself_is_set_up_without_network(monkeypatch):
    """With a key and no base URL, the model is OpenAI's own; nothing is sent before the first question."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    llm = _first(_load("openai:gpt-4o-mini", llm_timeout_s=7, llm_max_tokens=9))
    assert (llm.model_name, llm.max_tokens, llm.request_timeout, llm.stream_usage) == ("gpt-4o-mini", 9, 7.0, True)
    assert KEY not in repr(llm)
    assert llm.max_retries == 0  # ours are made in one place


@pytest.mark.parametrize("key", [None, ""])
def test_missing_key_of_openai(monkeypatch, key):
    """Without a key the user is told which variable it belongs into."""
    if key is not None:
        monkeypatch.setenv("OPENAI_API_KEY", key)
    message = (
        "The language model openai:gpt-4o-mini needs a key in OPENAI_API_KEY. "
        "Export it, or set RAG_LLM_BASE_URL to a server of your own."
    )
    with pytest.raises(SettingsError, match=f"^{re.escape(message)}$"):
        _load("openai:gpt-4o-mini")


@pytest.mark.parametrize(
    ("llm", "package"),
    [
        ("anthropic:claude-x", "langchain-anthropic"),
        ("google_genai:gemini-x", "langchain-google-genai"),
        ("ollama:llama3:8b", "langchain-ollama"),
        ("cohere:command", "langchain-cohere"),  # known to LangChain, not to our table
        ("bedrock:titan", "langchain-aws"),  # whose package is named otherwise
    ],
)
def test_missing_package_is_named(llm, package):
    """A provider whose package is not installed says which one to install."""
    if importlib.util.find_spec(package.replace("-", "_")):
        pytest.skip(f"{package} is installed here")
    message = f'The language model {llm} needs the package {package}. Run: pip install "{package}"'
    with pytest.raises(MissingExtraError, match=f"^{re.escape(message)}$") as caught:
        _load(llm)
    assert caught.value.package == package


def test_missing_package_of_the_default_provider(monkeypatch):
    """The same holds for langchain-openai, which an installation could have lost."""
    monkeypatch.setitem(sys.modules, "langchain_openai", None)
    with pytest.raises(MissingExtraError, match=re.escape('Run: pip install "langchain-openai"')):
        _load("openai:gpt-4o-mini", llm_base_url="http://127.0.0.1:1/v1")


def test_unknown_provider():
    """A provider that LangChain does not know is named, with some that it does."""
    message = (
        "RAG_LLM names the provider 'nonsense', which LangChain does not know. "
        "Known: anthropic, google_genai, groq, mistralai, ollama, openai and others of init_chat_model."
    )
    with pytest.raises(SettingsError, match=f"^{re.escape(message)}$"):
        _load("nonsense:x")


@pytest.mark.parametrize("base_url", ["", "http://127.0.0.1:1/v1"])
def test_known_provider_that_cannot_be_set_up(monkeypatch, base_url):
    """A known provider that misses its key is not called unknown, and no traceback is shown."""
    monkeypatch.delenv("AZURE_OPENAI_API_KEY", raising=False)
    message = r"The language model azure_openai:x cannot be set up \(\w+\)\. Check its name and the provider's key\."
    with pytest.raises(SettingsError, match=f"^{message}$"):
        _load("azure_openai:x", llm_base_url=base_url)


BAD_REQUEST = " Check the model's name, that its context holds RAG_LLM_CONTEXT_TOKENS, and its decoding settings."
REFUSED = "The language model openai:tiny refused the request with status {}."


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("status", "hint", "retryable"),
    [
        (400, BAD_REQUEST, False),
        (401, " Check the key.", False),
        (403, "", False),
        (404, " Check the model's name and RAG_LLM_BASE_URL.", False),
        (422, "", False),
        (429, "", True),
        (500, "", True),
        (503, "", True),
    ],
)
def test_status_becomes_a_sentence(server, monkeypatch, stream, status, hint, retryable):
    """Each status is one sentence without the key that the server quoted; only passing troubles are tried again."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server.status = status
    with pytest.raises(LLMError, match=f"^{re.escape(REFUSED.format(status) + hint)}$") as caught:
        _ask(server, stream=stream)
    assert caught.value.retryable is retryable
    assert KEY not in f"{caught.value}{caught.value!r}{caught.value.hint}"
    assert "Hello" not in str(caught.value)
    assert len(server.requests) == (3 if retryable else 1)


def test_wrong_key_is_told_from_other_troubles(monkeypatch):
    """A server that checks keys leads to the hint about the key."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    message = re.escape(REFUSED.format(401) + " Check the key.")
    with OpenAIServer(api_key="sk-another") as server, pytest.raises(LLMError, match=message) as caught:
        _ask(server)
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_passing_trouble_is_overcome(server):
    """After two refusals for load, the third try is answered."""
    server.status, server.n_failures = 429, 2
    assert _ask(server) == "Hello to you, too."
    assert len(server.requests) == 3


UNREACHABLE = "The language model openai:tiny cannot be reached. Check RAG_LLM_BASE_URL and that the server runs."
LATE = "The language model openai:tiny did not answer in time. Raise RAG_LLM_TIMEOUT_S or use a smaller model."
UNREADABLE = (
    "The language model openai:tiny sent a reply that cannot be read. "
    "Check RAG_LLM_BASE_URL; the address often ends in /v1."
)


def test_unreachable_server():
    """Where nothing listens, the user is sent to the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        with pytest.raises(LLMError, match=f"^{re.escape(UNREACHABLE)}$") as caught:
            _ask(f"http://127.0.0.1:{free.getsockname()[1]}/v1")
    assert caught.value.retryable


def test_server_that_hangs(server):
    """A server that says nothing is given up after the time that the settings allow."""
    server.hang = True
    with pytest.raises(LLMError, match=f"^{re.escape(LATE)}$") as caught:
        _ask(server, llm_timeout_s=0.1)
    assert caught.value.retryable


@pytest.mark.parametrize(("trouble", "message"), [("hang_after", LATE), ("cut_after", UNREACHABLE)])
def test_stream_that_breaks_off(server, trouble, message):
    """A stream that stops or is cut in the middle is an error, not a short answer."""
    setattr(server, trouble, 2)
    with pytest.raises(LLMError, match=f"^{re.escape(message)}$"):
        _ask(server, llm_timeout_s=0.3)
    assert len(server.requests) == 1


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    "body",
    [
        "<html>It works!</html>",
        '{"error": "Unexpected endpoint"}',
        '{"choices": []}',
        "",
        'data: {"error": {"message": "no memory for sk-very-secret-0123456789"}}\n\n',
        "data: {nonsense\n\n",
    ],
)
def test_reply_that_cannot_be_read(server, monkeypatch, stream, body):
    """A page, an error inside a reply and broken JSON are one sentence: often the address lacks its /v1."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server.raw_body = body
    with pytest.raises(LLMResponseError, match=f"^{re.escape(UNREADABLE)}$"):
        _ask(server, stream=stream)


def test_wrong_path_is_a_status():
    """An address without /v1 at a server that says 404 leads to the name or the address."""
    with OpenAIServer() as server, pytest.raises(LLMError, match=re.escape(REFUSED.format(404))):
        _ask(server.url.removesuffix("/v1"))
