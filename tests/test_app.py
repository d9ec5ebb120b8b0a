"""The application: parts wired together, and the way through a language model behind the OpenAI protocol."""

from __future__ import annotations

import re
import shutil
import time
from contextlib import closing

import pytest
from langchain_core.documents import Document
from support.answers import app_on, check_citations, merged, text_of
from support.cross_encoder import save_cross_encoder
from support.openai_server import OpenAIServer, _n_tokens

from rag_app import build
from rag_app.app import App
from rag_app.chains.conversations import Conversations
from rag_app.errors import (
    InvalidInputError,
    LLMError,
    LLMResponseError,
    PromptError,
    SettingsError,
    StoreError,
    UnknownNameError,
)
from rag_app.llms.scripted import ScriptedChat
from rag_app.prompting.templates import load_prompt
from rag_app.settings import Settings
from rag_app.types import AnswerEvent, Classification, TokenEvent

QUESTION = "What is mode collapse?"
REPLY = "Mode collapse is a failure of GAN training [1]. Dogs bark [1]. More [9]."


# -- settings and parts ------------------------------------------------------------------------------------------------


def test_settings_are_keywords_of_build(tmp_path, monkeypatch):
    """A keyword wins over a variable."""
    monkeypatch.setenv("RAG_K", "7")
    monkeypatch.setenv("RAG_MIN_EVIDENCE", "0.9")
    app = build(k=3, data_dir=tmp_path)
    assert (app.settings.k, app.settings.min_evidence, app.settings.data_dir) == (3, 0.9, tmp_path)


def test_an_unknown_setting_is_refused():
    """The error suggests the close name."""
    with pytest.raises(SettingsError, match=r"^There is no setting named llm_url\. Did you mean "):
        build(llm_url="http://127.0.0.1")


@pytest.mark.parametrize("use", [lambda app: app.search("x"), lambda app: app.ask("x"), lambda app: app.ask(" x ", [])])
def test_without_an_index_the_error_says_what_to_run(tmp_path, use):
    """Nothing is created by asking."""
    message = f"There is no index in {tmp_path / 'data'}. Run: rag ingest"
    with pytest.raises(StoreError, match=f"^{re.escape(message)}$"):
        use(app_on(tmp_path / "data"))
    assert not (tmp_path / "data").exists()


def test_an_index_that_was_ingested_can_be_asked_by_the_same_application(tmp_path):
    """Ingest, search, ask, ingest more, and ask again, without making a new application."""
    app = app_on(tmp_path / "data")
    (tmp_path / "waltz.md").write_text("# Dances\n\nThe waltz is a dance in triple time.\n", encoding="utf-8")
    progress = []
    receipt = app.ingest([tmp_path / "waltz.md"], progress=lambda *step: progress.append(step))
    assert (receipt.count("new"), receipt.n_chunks) == (1, 1)
    assert progress[-1][1:] == (1, 1)
    answer = app.ask("What is the waltz?")
    assert answer.text == "The waltz is a dance in triple time. [1]"
    check_citations(app, answer)
    (tmp_path / "tango.md").write_text("# Tango\n\nThe tango is a dance from Buenos Aires.\n", encoding="utf-8")
    app.ingest([str(tmp_path / "tango.md")])
    assert app.ask("What is the tango?").citations[0].source == "tango.md"
    app._vectors.reopen()


def test_evidence_is_what_the_gate_looks_at(app):
    """Of the passages that `search` finds, with its filter; weaker where the right document is filtered away."""
    evidence = app.evidence(QUESTION)
    assert {s.passage.chunk_id for s in evidence.sentences} <= {p.chunk_id for p in app.search(QUESTION)}
    assert evidence.strength >= app.threshold.value
    elsewhere = app.evidence(QUESTION, where={"source": "08-autoencoders.md"})
    assert {s.passage.source for s in elsewhere.sentences} == {"08-autoencoders.md"}
    assert elsewhere.strength < evidence.strength
    with pytest.raises(InvalidInputError, match=r"^The question must not be empty\."):
        app.evidence(" ")


def test_another_embedder_builds_its_own_index(tmp_path):
    """Embeddings of a server are used where the setting says so, and its index is not read by another embedder."""
    (tmp_path / "waltz.md").write_text("# Dances\n\nThe waltz is a dance in triple time.\n", encoding="utf-8")
    with OpenAIServer() as server:
        app = app_on(tmp_path / "data", embeddings="openai:any-name", embeddings_base_url=server.url)
        app.ingest([tmp_path / "waltz.md"])
        answer = app.ask("What is the waltz?")
        check_citations(app, answer)
        assert {r.path for r in server.requests} == {"/v1/embeddings"}
    assert answer.text == "The waltz is a dance in triple time. [1]"
    with pytest.raises(StoreError, match=r"was built by openai:any-name .* the settings ask for minilm "):
        app_on(tmp_path / "data").search("waltz")


# -- search ------------------------------------------------------------------------------------------------------------


def test_search_returns_as_many_passages_as_asked_for(app):
    """By default as many as the setting says, best first."""
    assert len(app.search(QUESTION)) == app.settings.k == 5
    passages = app.search(QUESTION, k=8)
    assert len(passages) == 8
    assert [p.score for p in passages] == sorted((p.score for p in passages), reverse=True)
    assert passages[0].source == "09-gans.md"


def test_search_obeys_a_filter(app):
    """Only passages of the source that was asked for."""
    assert {p.source for p in app.search(QUESTION, where={"source": "08-autoencoders.md"})} == {"08-autoencoders.md"}


def test_words_of_a_question_say_where_to_look(app):
    """In a search, and in what an answer rests on; they hold with a filter that is given."""
    found = app.search("file:08-autoencoders.md What is mode collapse?")
    assert {p.source for p in found} == {"08-autoencoders.md"}
    assert app.search("file:08-autoencoders.md What is mode collapse?", where={"source": "09-gans.md"}) == []
    assert {p.source for p in app.search(QUESTION, where={"file": "08-*"})} == {"08-autoencoders.md"}
    evidence, anywhere = app.evidence("What is a VAE? file:08-autoencoders.md"), app.evidence("What is a VAE?")
    assert {s.passage.source for s in evidence.sentences} == {"08-autoencoders.md"}
    assert evidence.sentences[0].text == anywhere.sentences[0].text
    rule = "There is no file in the index named '09-gan.md'. Did you mean 09-gans.md?"
    with pytest.raises(UnknownNameError, match=f"^{re.escape(rule)}$"):
        app.ask("file:09-gan.md What is mode collapse?")


def test_a_reranker_that_the_settings_name_orders_the_passages(course_dir, tmp_path):
    """By its own score; the fused one is kept. A name that cannot be loaded is an error of one sentence."""
    folder = save_cross_encoder(tmp_path / "cross_encoder")
    found = app_on(course_dir, reranker=f"sentence-transformers:{folder}").search(QUESTION, k=3)
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)
    fused = {p.chunk_id: p.score for p in app_on(course_dir).search(QUESTION, k=20)}
    assert {p.chunk_id: p.fused_score for p in found}.items() <= fused.items()
    with pytest.raises(SettingsError, match=r"^RAG_RERANKER must name a cross-encoder on this machine; 'none-such' "):
        app_on(course_dir, reranker="sentence-transformers:none-such").search(QUESTION)


def test_search_refuses_a_k_below_one(app):
    """Zero passages are no search, and do not mean the default."""
    with pytest.raises(InvalidInputError, match=r"^k must be at least 1; got 0\.$"):
        app.search(QUESTION, k=0)


def test_a_source_is_returned_with_the_text_that_offsets_refer_to(app, knowledge):
    """Every passage is a span of it."""
    source = app.source("09-gans.md")
    assert source.title == "Generative adversarial networks"
    for passage in app.search(QUESTION, where={"source": "09-gans.md"}):
        assert source.text[passage.start : passage.end] == passage.text
        assert source.sha256 == passage.sha256
    assert source.uri.endswith("09-gans.md")
    assert (knowledge / "09-gans.md").is_file()


def test_an_unknown_source_is_an_error_with_close_names(app):
    """The names that exist are suggested."""
    rule = "There is no source named '09-gan.md'. Did you mean 09-gans.md?"
    with pytest.raises(UnknownNameError, match=f"^{re.escape(rule)}$"):
        app.source("09-gan.md")


def test_the_retriever_returns_documents_with_their_places(app):
    """LangChain's retriever finds what the search finds."""
    documents = app.retriever.invoke(QUESTION)
    passages = app.search(QUESTION)
    assert [d.page_content for d in documents] == [p.text for p in passages]
    first = documents[0]
    assert isinstance(first, Document)
    assert (first.id, first.metadata["source"]) == (passages[0].chunk_id, "09-gans.md")
    text = app.source("09-gans.md").text
    assert text[first.metadata["start"] : first.metadata["end"]] == first.page_content
    assert app.retriever is app.retriever


# -- answers -----------------------------------------------------------------------------------------------------------


def test_ask_returns_the_answer_at_the_end_of_the_stream(app):
    """The two differ in nothing but seconds."""
    events = list(app.stream(QUESTION))
    asked, streamed = app.ask(QUESTION), events[-1].answer
    assert (asked.text, asked.citations, asked.retrieved) == (streamed.text, streamed.citations, streamed.retrieved)
    assert text_of(events) == asked.text


def test_a_chat_model_can_be_given(course_dir):
    """Any LangChain chat model takes the place of the one that the settings name."""
    llm = ScriptedChat(replies=[REPLY])
    app = App(Settings.load(environ={}, data_dir=course_dir), llm=llm)
    app.check_settings()
    answer = app.ask(QUESTION)
    assert (llm.n_calls, answer.llm, len(answer.citations)) == (1, "ScriptedChat", 1)


def test_the_chain_is_a_runnable_of_the_same_answers(app):
    """It is made once, and its answer is ask's."""
    assert app.chain is app.chain
    assert app.chain.invoke(QUESTION).text == app.ask(QUESTION).text


def test_the_classifier_is_a_runnable(app):
    """One text or many, labels with or without a description or examples; every option reaches it."""
    classifier = app.classifier({"GAN": "a generator and a discriminator", "VAE": "an encoder and a decoder"})
    found = classifier.invoke("The discriminator tells fakes from real samples.")
    assert isinstance(found, Classification)
    assert found.label == "GAN"
    labels = [c.label for c in app.classifier(["cooking", "football"]).batch(["Stir the soup.", "He shot a goal."])]
    assert labels == ["cooking", "football"]
    taught = [{"name": "x", "examples": ["Stir the soup."]}, {"name": "y", "examples": ["He shot a goal."]}]
    assert app.classifier(taught).invoke("She scored twice.").label == "y"
    options = {"templates": ["about {}", "{}"], "threshold": 0.9, "multi_label": True, "adapt": True}
    one, two = app.classifier(["cooking", "football"], **options).batch(["Stir the soup.", "He shot a goal."])
    assert (one.label, two.label) == (None, None)
    assert one.reason.endswith("below the threshold of 0.900.")
    assert "adapted to the 2 texts" in one.notes[0]


def test_the_tools_are_the_search_and_the_register(app):
    """Names are unique, and the search comes first."""
    names = [tool.name for tool in app.tools]
    assert names[0] == "search_knowledge"
    assert {"ndcg", "recall_at_k", "cosine_similarity"} <= set(names)
    assert len(set(names)) == len(names)
    assert app.tools[0].invoke({"question": QUESTION, "k": 1}).startswith("[1] 09-gans.md, ")


# -- a language model that cannot be used ------------------------------------------------------------------------------


def test_a_language_model_without_a_key_is_refused_before_it_is_asked(course_dir):
    """The setting is checked when it is made, with the way out."""
    app = app_on(course_dir, llm="openai:gpt-4o-mini")
    rule = (
        "The language model openai:gpt-4o-mini needs a key in OPENAI_API_KEY. "
        "Export it, or set RAG_LLM_BASE_URL to a server of your own."
    )
    for use in (app.check_settings, lambda: app.ask(QUESTION)):
        with pytest.raises(SettingsError, match=f"^{re.escape(rule)}$"):
            use()


def test_quoting_needs_no_language_model(app):
    """The default passes the check, and search needs none whatever the setting."""
    app.check_settings()
    assert build(data_dir=app.settings.data_dir, llm="openai:gpt-4o-mini").search(QUESTION)


# -- a language model behind the OpenAI protocol -----------------------------------------------------------------------


def app_of(server, folder, **settings):
    """Return an application whose language model is the scripted server."""
    return app_on(folder, llm="openai:any-name", llm_base_url=server.url, **settings)


def test_a_server_streams_an_answer_with_verified_citations(course_dir):
    """Prompt, stream, markers and usage, through LangChain's client and HTTP."""
    with OpenAIServer(replies=[REPLY]) as server:
        app = app_of(server, course_dir, llm_temperature=0.5, llm_max_tokens=200)
        first, *middle, last = app.stream(QUESTION)
        request = server.last
    answer = last.answer
    assert isinstance(last, AnswerEvent)
    assert first.passages == answer.retrieved
    assert answer.text == text_of(middle) == "Mode collapse is a failure of GAN training [1]. Dogs bark. More."
    check_citations(app, answer)
    shown = merged(middle)
    assert [shown[0], shown[2][:4]] == ["Mode collapse is a failure of GAN training", " [1]"]
    assert answer.notes == (
        "1 citation marker was removed: no passage supports what was said.",
        "1 citation marker was removed: there is no passage of that number.",
    )
    assert (answer.llm, answer.prompt) == ("openai:any-name", "answer@1")
    assert answer.usage["input_tokens"] > 500
    assert answer.usage["output_tokens"] == _n_tokens(REPLY)
    assert (request.path, request.body["model"], request.body["stream"]) == ("/v1/chat/completions", "any-name", True)
    assert (request.body["temperature"], request.body["max_tokens"]) == (0.5, 200)
    assert [m["role"] for m in request.body["messages"]] == ["system", "user"]
    assert answer.retrieved[0].text.splitlines()[-1] in request.body["messages"][1]["content"]


def test_a_follow_up_is_rewritten_by_the_server(course_dir):
    """Two requests: one that rewrites the question, one that answers it."""
    with OpenAIServer(replies=["How is mode collapse prevented?", "By methods that show variety [1]."]) as server:
        answer = app_of(server, course_dir).ask("And how is it prevented?", [("user", QUESTION), ("assistant", "Bad.")])
        assert len(server.requests) == 2
    assert answer.question == "How is mode collapse prevented?"


def test_a_question_from_another_field_sends_nothing(course_dir):
    """No answer is found before a token is spent."""
    with OpenAIServer() as server:
        answer = app_of(server, course_dir).ask("How do I cook rice?")
        assert server.requests == []
    assert (answer.text, answer.answered) == ("No answer found.", False)


def test_a_server_that_reads_far_too_few_tokens_is_noted(course_dir):
    """A prompt that was cut silently is reported; a server that counts a little differently is not."""
    with OpenAIServer(replies=["Mode collapse is a failure of GAN training [1]."], prompt_tokens=100) as server:
        app = app_of(server, course_dir)
        cut = app.ask(QUESTION)
        server.prompt_tokens = None
        whole = app.ask(QUESTION)
    (note,) = cut.notes
    found = re.fullmatch(r"The server read 100 tokens of a prompt of about (\d+): it may have cut the prompt\.", note)
    assert found
    assert int(found[1]) > 300
    assert cut.usage["input_tokens"] == 100
    assert whole.notes == ()


def test_what_all_requests_came_to_is_in_the_answer(course_dir, tmp_path):
    """Tokens of rewriting and answering together, and their price."""
    prices = tmp_path / "prices.toml"
    prices.write_text('["openai:any-name"]\ninput = 0\noutput = 1000000\n')
    replies = ["How is mode collapse prevented?", "By methods that show variety [1]."]
    with OpenAIServer(replies=replies) as server:
        app = app_of(server, course_dir, llm_prices=prices)
        answer = app.ask("And how is it prevented?", [("user", QUESTION), ("assistant", "Bad.")])
    n_written = sum(map(_n_tokens, replies))
    assert answer.usage["output_tokens"] == n_written
    assert answer.cost_usd == pytest.approx(n_written)


def test_the_cost_of_an_answer_without_a_price_is_not_known(course_dir):
    """Nothing asked costs nothing; a request without a price costs an unknown sum."""
    with OpenAIServer(replies=["Mode collapse is a failure of GAN training [1]."]) as server:
        app = app_of(server, course_dir)
        assert app.ask(QUESTION).cost_usd is None
        assert app.ask("How do I cook rice?").cost_usd == 0.0


def test_a_fallback_is_named_in_the_answer(course_dir):
    """The answer says who gave it, and why it was not the first one."""
    with OpenAIServer(status=401) as first, OpenAIServer(["Mode collapse is a failure of GAN training [1]."]) as second:
        answer = app_of(first, course_dir, llm_fallbacks=[f"openai:b@{second.url}"]).ask(QUESTION)
    assert answer.llm == "openai:b"
    assert answer.notes == (
        "The language model openai:any-name refused the request with status 401. openai:b answered in its place.",
    )


def test_an_answer_that_was_cut_says_so(course_dir):
    """A limit on the length is no end of a thought."""
    with OpenAIServer(["Mode collapse is a failure of GAN training [1]."], ending="length") as server:
        answer = app_of(server, course_dir).ask(QUESTION)
    assert answer.notes == ("The reply was cut off at its greatest length: raise RAG_LLM_MAX_TOKENS for a whole one.",)


def test_a_kept_reply_is_shown_as_such_and_forgotten_with_a_source(course_dir, tmp_path):
    """The same question is sent once; after a source is forgotten, no kept reply is left that may rest on it."""
    shutil.copytree(course_dir, tmp_path / "data")
    with OpenAIServer(["Mode collapse is a failure of GAN training [1]."]) as server:
        app = app_of(server, tmp_path / "data", llm_cache=True)
        first, again = app.ask(QUESTION), app.ask(QUESTION)
        assert len(server.requests) == 1
        assert (again.text, again.citations, again.usage) == (first.text, first.citations, first.usage)
        assert (first.notes, again.notes) == ((), ("The reply was kept from an earlier request (RAG_LLM_CACHE).",))
        app.forget(["08-autoencoders.md"])
        assert b"failure of GAN" not in (tmp_path / "data" / "replies.sqlite").read_bytes()
        app.ask(QUESTION)
        assert len(server.requests) == 2


def test_a_reader_who_goes_away_ends_the_request(course_dir):
    """Closing the stream of an answer closes the connection to the language model."""
    with OpenAIServer(["Mode collapse is a failure of GAN training [1]. " * 60], delay_s=0.005) as server:
        events = app_of(server, course_dir).stream(QUESTION)
        next(event for event in events if isinstance(event, TokenEvent))
        events.close()
        for _ in range(1000):
            if server.n_disconnected:
                break
            time.sleep(0.005)
        assert server.n_disconnected == 1


@pytest.mark.parametrize("name", ["answer_concise", "faithful_reasoning"])
def test_questions_can_be_answered_with_another_prompt(course_dir, name):
    """Another prompt with the same variables is sent, and named in the answer."""
    with OpenAIServer(["Mode collapse is a failure of GAN training [1]."]) as server:
        answer = app_of(server, course_dir, answer_prompt=name).ask(QUESTION)
        sent = server.last.body["messages"]
    prompt = load_prompt(name)
    assert answer.prompt == prompt.label
    assert sent[0]["content"] == prompt.sections[0][1]
    assert len(answer.citations) == 1


def test_a_prompt_that_is_not_for_answers_is_refused(course_dir):
    """Its variables are others: that is seen before anything is sent."""
    with (
        OpenAIServer() as server,
        pytest.raises(PromptError, match="The prompt summarise needs the variable limit, text"),
    ):
        app_of(server, course_dir, answer_prompt="summarise").ask(QUESTION)
    assert server.requests == []


ERRORS = [
    (401, "refused the request with status 401. Check the key.", False),
    (404, "refused the request with status 404. Check the model's name and RAG_LLM_BASE_URL.", False),
    (429, "refused the request with status 429.", True),
    (500, "refused the request with status 500.", True),
    (503, "refused the request with status 503.", True),
]


@pytest.mark.parametrize(("status", "sentence", "retryable"), ERRORS)
def test_a_server_that_refuses_is_an_error_of_one_sentence(course_dir, monkeypatch, status, sentence, retryable):
    """The status, a hint where there is one, whether to try again, and never the key."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-1234567890")
    with OpenAIServer(status=status) as server, pytest.raises(LLMError) as caught:
        app_of(server, course_dir).ask(QUESTION)
    assert str(caught.value) == f"The language model openai:any-name {sentence}"
    assert caught.value.retryable is retryable
    assert "secret" not in str(caught.value)


def test_a_server_that_fails_once_is_asked_again(course_dir):
    """The client retries what may succeed, and the user sees an answer."""
    with OpenAIServer(replies=[REPLY], status=503, n_failures=1) as server:
        assert app_of(server, course_dir).ask(QUESTION).answered
        assert len(server.requests) == 2


def test_a_server_that_says_nothing_is_an_error_in_time(course_dir):
    """The time-out is a setting, before the first word and between two words."""
    rule = "The language model openai:any-name did not answer in time. Raise RAG_LLM_TIMEOUT_S or use a smaller model."
    for behaviour in ({"hang": True}, {"hang_after": 3}):
        with OpenAIServer(replies=[REPLY], **behaviour) as server, pytest.raises(LLMError) as caught:
            app_of(server, course_dir, llm_timeout_s=0.2).ask(QUESTION)
        assert str(caught.value) == rule
        assert caught.value.retryable


def test_a_connection_that_breaks_in_the_middle_is_an_error(course_dir):
    """What was streamed before stays with the reader, and the end is no answer."""
    with OpenAIServer(replies=["Mode collapse is a failure of GAN training [1]."], cut_after=3) as server:
        events = app_of(server, course_dir).stream(QUESTION)
        seen = []
        with pytest.raises(
            LLMError, match=r"^The language model openai:any-name cannot be reached\. Check RAG_LLM_BASE"
        ):
            seen.extend(events)
    assert text_of(seen) == "Mode collapse is"
    assert not any(isinstance(e, AnswerEvent) for e in seen)


def test_a_server_that_is_not_there_is_an_error(course_dir):
    """The address is what to check."""
    with OpenAIServer() as server:
        app = app_of(server, course_dir)
    with pytest.raises(
        LLMError, match=r"^The language model openai:any-name cannot be reached\. Check RAG_LLM_BASE_URL"
    ):
        app.ask(QUESTION)


@pytest.mark.parametrize("body", ["<html>Welcome</html>", "{}", "data: {not json}\n\n"])
def test_an_address_that_is_no_language_model_is_an_error(course_dir, body):
    """A web page, or JSON of another kind, is not shown as an answer."""
    with OpenAIServer(raw_body=body) as server, pytest.raises(LLMError, match=r"^The language model openai:any-name "):
        app_of(server, course_dir).ask(QUESTION)


def test_an_empty_reply_of_a_server_is_an_error(course_dir):
    """An answer without words is not shown as one."""
    with (
        OpenAIServer(replies=[""]) as server,
        pytest.raises(LLMResponseError, match=r"any-name gave an empty reply\. "),
    ):
        app_of(server, course_dir).ask(QUESTION)


# -- feedback and tools ------------------------------------------------------------------------------------------------


def test_feedback_keeps_the_answer_with_its_rating(tmp_path):
    """Each answer is an exchange of its own; another word than good or bad is refused, and nothing is kept."""
    app = app_on(tmp_path)
    answer = app.ask("logit of 0.5")
    first, second = app.feedback(answer, "good"), app.feedback(answer, "bad", "I meant the log-odds")
    with pytest.raises(InvalidInputError, match=r"^rating must be good or bad; got 'fine'\.$"):
        app.feedback(answer, "fine")
    with closing(Conversations(tmp_path / "conversations.sqlite")) as kept:
        assert [(r.id, r.rating, r.why) for r in kept.rated()] == [
            (first, "good", ""),
            (second, "bad", "I meant the log-odds"),
        ]


def test_a_request_needs_no_index(tmp_path):
    """It is computed before anything is searched for."""
    answer = app_on(tmp_path).ask("f1 of 1,0,1 vs 1,1,1")
    assert (answer.text, answer.llm) == ("f1_score(y_true=[1, 0, 1], y_pred=[1, 1, 1]) = 0.8", "tools")
