"""The chain as a LangChain Runnable, over the real application."""

from __future__ import annotations

import asyncio
import functools
import operator
import re
import threading
import time
from dataclasses import replace

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableLambda, RunnableParallel, RunnablePassthrough
from langchain_core.tracers.context import collect_runs
from support.answers import check_citations

from rag_app.chains.runnable import answer_chain
from rag_app.errors import InvalidInputError, LLMError, LLMResponseError, UnknownNameError
from rag_app.types import Answer, AnswerEvent, RetrievedEvent, TokenEvent

QUESTION = "What is mode collapse?"
REPLY = "Mode collapse is a failure of GAN training [1]. Cats sleep [2]."


def same(answer, other):
    """Whether two answers differ in nothing but the seconds they took."""
    return replace(answer, timings_s={}) == replace(other, timings_s={})


# -- six ways to call it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", [QUESTION, "How do I cook rice?"])
def test_every_way_of_calling_gives_the_answer_of_ask(quoting, question):
    """invoke, stream, batch and their async twins agree, and stream's parts add up to the answer."""
    chain, expected = quoting.chain, quoting.ask(question)

    async def astream():
        return [part async for part in chain.astream(question)]

    answers = [
        chain.invoke(question),
        functools.reduce(operator.add, chain.stream(question)),
        *chain.batch([question, question]),
        asyncio.run(chain.ainvoke(question)),
        functools.reduce(operator.add, asyncio.run(astream())),
        *asyncio.run(chain.abatch([question, question])),
    ]
    for answer in answers:
        assert same(answer, expected)
        check_citations(quoting, answer)
    assert set(answers[0].timings_s) == set(expected.timings_s)


@pytest.mark.parametrize("reply", [REPLY, "No answer found. Mode collapse is a failure of GAN training [1]."])
def test_every_way_of_calling_gives_the_reply_of_a_language_model(talking, reply):
    """The same holds with markers, notes and the name of the prompt."""
    app, _ = talking(reply)
    expected = app.ask(QUESTION)

    async def astream():
        return [part async for part in app.chain.astream(QUESTION)]

    assert same(app.chain.invoke(QUESTION), expected)
    assert same(functools.reduce(operator.add, app.chain.stream(QUESTION)), expected)
    assert same(functools.reduce(operator.add, asyncio.run(astream())), expected)
    assert expected.prompt == "answer@1"


def test_a_batch_keeps_the_order_of_its_questions(quoting, answer_to):
    """Questions are answered side by side, each with its own answer."""
    questions = [QUESTION, "What is StyleGAN?", "How do I cook rice?", "What is an autoencoder?", "What is CycleGAN?"]
    answers = quoting.chain.batch(questions)
    assert [a.question for a in answers] == questions
    for question, answer in zip(questions, answers, strict=True):
        assert same(answer, answer_to(question))


def test_parts_are_what_happened_since_the_last_one(quoting):
    """First the passages, then text and citations as they come, at last notes and figures."""
    first, *middle, last = quoting.chain.stream(QUESTION)
    assert first == Answer(QUESTION, retrieved=quoting.ask(QUESTION).retrieved)
    assert all(bool(part.text) != bool(part.citations) for part in middle)
    assert (last.text, last.citations, last.retrieved) == ("", (), ())
    assert (last.llm, last.answered) == ("extractive", True)


# -- what goes in ------------------------------------------------------------------------------------------------------

TALK = [HumanMessage(QUESTION), AIMessage("A failure.")]


@pytest.mark.parametrize(
    "messages",
    [
        TALK,
        [("user", QUESTION), ("assistant", "A failure.")],
        [("human", QUESTION), ("ai", "A failure.")],
        [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": "A failure."}],
    ],
)
def test_a_conversation_comes_in_any_common_form(quoting, messages):
    """LangChain's messages, tuples and dictionaries give the follow-up its meaning."""
    answer = quoting.chain.invoke({"question": "How is it prevented?", "messages": messages})
    assert answer.question == "How is mode collapse prevented?"
    assert answer.answered


@pytest.mark.parametrize("value", [QUESTION, {"question": QUESTION}, {"question": QUESTION, "messages": None, "k": 1}])
def test_a_question_needs_no_conversation(quoting, value):
    """A string, and a mapping with a question, whatever else it holds."""
    assert quoting.chain.invoke(value).question == QUESTION


@pytest.mark.parametrize(
    ("value", "kind"), [(7, "int"), ({"query": "x"}, "dict"), ({"question": None}, "dict"), ([QUESTION], "list")]
)
def test_another_input_is_refused_with_an_example(quoting, value, kind):
    """The error reaches the caller of the chain, of its stream and of its async twin."""
    rule = (
        f"The chain's input must be a string or a mapping with a question; got {kind}. "
        'Pass, for example: {"question": "What is a GAN?", "messages": []}'
    )
    chain = quoting.chain
    for call in (chain.invoke, lambda v: list(chain.stream(v)), lambda v: asyncio.run(chain.ainvoke(v))):
        with pytest.raises(InvalidInputError, match=f"^{re.escape(rule)}$"):
            call(value)


def test_a_blank_question_and_a_wrong_message_are_refused(quoting):
    """The errors are those of ask."""
    with pytest.raises(InvalidInputError, match=r"^The question must not be empty\."):
        quoting.chain.invoke(" ")
    with pytest.raises(InvalidInputError, match=r"^A message must have a role "):
        asyncio.run(quoting.chain.ainvoke({"question": QUESTION, "messages": ["hi"]}))


@pytest.mark.parametrize(
    "before",
    [
        RunnableLambda(lambda value: value),
        FakeListChatModel(responses=[QUESTION]) | StrOutputParser(),  # streams its reply letter by letter
        RunnableParallel(question=RunnablePassthrough(), messages=RunnableLambda(lambda _: TALK)),
        RunnableParallel(
            question=FakeListChatModel(responses=[QUESTION]) | StrOutputParser(), messages=RunnableLambda(lambda _: [])
        ),
    ],
)
def test_the_chain_can_follow_another_one(quoting, answer_to, before):
    """An input that a chain before it streams in pieces is put together first."""
    chain = before | quoting.chain

    async def astream():
        return [part async for part in chain.astream(QUESTION)]

    assert same(chain.invoke(QUESTION), answer_to(QUESTION))
    assert same(functools.reduce(operator.add, chain.stream(QUESTION)), answer_to(QUESTION))
    assert same(functools.reduce(operator.add, asyncio.run(astream())), answer_to(QUESTION))


def test_the_chain_can_be_followed(quoting, answer_to):
    """What comes after it gets the whole answer."""
    chain = quoting.chain | RunnableLambda(lambda answer: answer.text)
    assert chain.invoke(QUESTION) == answer_to(QUESTION).text


# -- callbacks ---------------------------------------------------------------------------------------------------------


def run_async(call):
    """Return a function that runs a coroutine function to its end."""
    return lambda *arguments, **config: asyncio.run(call(*arguments, **config))


async def _read_all(chain, *arguments, **config):
    return [part async for part in chain.astream(*arguments, **config)]


@pytest.mark.parametrize("way", ["invoke", "stream", "ainvoke", "astream"])
def test_every_step_is_nested_in_the_run_of_the_chain(talking, way):
    """A tracer sees one run named rag_answer, and in it retriever, prompt, parser and chat model."""
    app, llm = talking(REPLY)
    calls = {
        "invoke": app.chain.invoke,
        "stream": lambda *a, **c: list(app.chain.stream(*a, **c)),
        "ainvoke": run_async(app.chain.ainvoke),
        "astream": run_async(functools.partial(_read_all, app.chain)),
    }
    with collect_runs() as collected:
        calls[way](QUESTION)
    (run,) = collected.traced_runs
    assert (run.name, run.run_type, run.error) == ("rag_answer", "chain", None)
    assert run.inputs == {"input": QUESTION}
    assert run.outputs["output"].text == app.ask(QUESTION).text
    search, prompt, parser, chat = run.child_runs
    assert [(child.name, child.run_type) for child in run.child_runs] == [
        ("rag_search", "retriever"),
        ("answer@1", "prompt"),
        ("rag_citations", "parser"),
        ("ScriptedChat", "llm"),
    ]
    assert search.inputs == {"query": QUESTION}
    documents = search.outputs["documents"]
    assert [d.id for d in documents] == [p.chunk_id for p in app.search(QUESTION)]
    assert prompt.inputs["question"] == QUESTION
    assert "Mode collapse is a failure of GAN training" in prompt.inputs["passages"]
    assert QUESTION in str(chat.inputs)
    assert parser.outputs == {"output": app.ask(QUESTION).text}
    assert llm.n_calls == 3  # with those of ask


class _Heard(BaseCallbackHandler):
    """Writes down what it is told."""

    def __init__(self):
        self.heard = []

    def on_chain_start(self, *_, name=None, tags=None, **__):
        self.heard.append(("chain", name, tags))

    def on_chat_model_start(self, *_, parent_run_id=None, **__):
        self.heard.append(("llm", parent_run_id is not None))

    def on_llm_new_token(self, token, **_):
        self.heard.append(("token", token))

    def on_chain_error(self, error, **_):
        self.heard.append(("error", type(error)))


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_a_handler_given_with_the_call_hears_of_everything(talking, way):
    """Callbacks and tags of the call reach the chain and the language model, token by token."""
    app, _ = talking("Mode collapse is bad.")
    handler = _Heard()
    call = app.chain.invoke if way == "invoke" else run_async(app.chain.ainvoke)
    call(QUESTION, config={"callbacks": [handler], "tags": ["mine"]})
    assert [event[:2] for event in handler.heard[:4]] == [
        ("chain", "rag_answer"),
        ("chain", "answer@1"),
        ("chain", "rag_citations"),
        ("llm", True),
    ]
    assert handler.heard[0][2] == ["mine"]
    assert "".join(event[1] for event in handler.heard[4:]) == "Mode collapse is bad."


def test_a_handler_hears_of_an_error(quoting):
    """A failed run is reported as failed."""
    handler = _Heard()
    with pytest.raises(InvalidInputError):
        quoting.chain.invoke(" ", config={"callbacks": [handler]})
    assert handler.heard[-1] == ("error", InvalidInputError)


def test_events_name_the_run(talking):
    """astream_events shows the chain and the tokens of its language model."""
    app, _ = talking("Mode collapse is bad.")

    async def events():
        return [event async for event in app.chain.astream_events(QUESTION, version="v2")]

    seen = asyncio.run(events())
    assert (seen[0]["event"], seen[0]["name"]) == ("on_chain_start", "rag_answer")
    (found,) = [e for e in seen if e["event"] == "on_retriever_end"]
    assert (found["name"], found["parent_ids"]) == ("rag_search", [seen[0]["run_id"]])
    assert {"on_prompt_start", "on_prompt_end", "on_parser_start", "on_parser_end"} < {e["event"] for e in seen}
    tokens = [e["data"]["chunk"].text for e in seen if e["event"] == "on_chat_model_stream"]
    assert "".join(tokens) == "Mode collapse is bad."


def test_a_search_that_fails_is_a_failed_run(quoting):
    """Of the retriever, inside of the chain's."""
    with collect_runs() as collected, pytest.raises(UnknownNameError):
        quoting.chain.invoke("file:nowhere.md What is mode collapse?")
    (run,) = collected.traced_runs
    assert "UnknownNameError" in run.error
    assert "UnknownNameError" in run.child_runs[0].error


def test_a_reply_that_cannot_be_used_is_a_failed_run_of_the_parser(talking):
    """Search, prompt and chat model did what they should."""
    app, _ = talking(" ")
    with collect_runs() as collected, pytest.raises(LLMResponseError):
        app.chain.invoke(QUESTION)
    errors = {child.name: child.error is None for child in collected.traced_runs[0].child_runs}
    assert errors == {"rag_search": True, "answer@1": True, "rag_citations": False, "ScriptedChat": True}


def test_an_answer_inside_of_another_chain_is_traced_there(quoting):
    """Steps report to the chain around them even where the application is called as it is."""
    with collect_runs() as collected:
        RunnableLambda(lambda question: quoting.ask(question).text).with_config(run_name="mine").invoke(QUESTION)
    (run,) = collected.traced_runs
    assert [(run.name, child.name) for child in run.child_runs] == [("mine", "rag_search")]


# -- schemas, and what is bound ----------------------------------------------------------------------------------------


def test_the_schema_of_the_input_describes_both_forms(quoting):
    """A text, or a question with a conversation; every property has a description."""
    schema = quoting.chain.get_input_schema().model_json_schema()
    text, question = schema["anyOf"]
    assert text == {"type": "string"}
    properties = schema["$defs"][question["$ref"].rpartition("/")[2]]["properties"]
    assert list(properties) == ["question", "messages"]
    assert all(p["description"] for p in properties.values())
    assert properties["messages"]["items"]["properties"]["role"]["enum"] == ["user", "assistant", "system"]
    assert quoting.chain.get_input_schema().model_validate({"question": QUESTION})


def test_the_schema_of_the_output_is_that_of_an_answer(quoting):
    """With its citations and passages."""
    schema = quoting.chain.get_output_schema().model_json_schema()
    assert schema["$defs"]["Answer"]["properties"]["citations"]["items"] == {"$ref": "#/$defs/Citation"}
    assert {"source", "start", "end", "quote"} <= set(schema["$defs"]["Citation"]["properties"])


def test_a_conversation_can_be_bound(quoting):
    """Each question that has none of its own is asked in it, in place and asynchronously."""
    chain = quoting.chain.bind(messages=TALK)
    follow_up = "How is it prevented?"
    answers = [chain.invoke(follow_up), asyncio.run(chain.ainvoke(follow_up)), *chain.batch([follow_up])]
    assert [a.question for a in answers] == ["How is mode collapse prevented?"] * 3
    other = {"question": follow_up, "messages": [("user", "What is an autoencoder?")]}
    assert "autoencoder" in chain.invoke(other).question


def test_a_configuration_can_be_bound(quoting):
    """The run has the name and the tags that it was given."""
    with collect_runs() as collected:
        quoting.chain.with_config(run_name="mine", tags=["a"]).invoke(QUESTION)
    assert (collected.traced_runs[0].name, collected.traced_runs[0].tags) == ("mine", ["a"])


def test_calls_of_tools_are_parts_of_the_answer(quoting):
    """They come as they are made, and their sum is that of the answer."""
    parts = list(quoting.chain.stream("logit of 0.5"))
    (call,) = parts[0].tool_calls
    assert (call.name, call.result) == ("logit", 0.0)
    assert same(functools.reduce(operator.add, parts), quoting.ask("logit of 0.5"))


# -- the thread behind the async twins ---------------------------------------------------------------------------------


def _endless(log):
    """Return a stream that goes on until it is closed."""

    def stream(question, _messages):
        log.append(threading.current_thread())
        try:
            yield RetrievedEvent(question, ())
            while True:
                yield TokenEvent("on and ")
                time.sleep(0.001)
        finally:
            log.append("closed")

    return stream


def test_a_consumer_that_stops_early_ends_the_producer():
    """The thread that reads the stream ends at its next event, and the stream is closed."""
    log = []

    async def read_three():
        parts = answer_chain(_endless(log)).astream("?")
        async for part in parts:
            if part.text:
                break
        await parts.aclose()

    asyncio.run(read_three())
    log[0].join(timeout=10)
    assert not log[0].is_alive()
    assert log[1] == "closed"


def test_a_consumer_that_is_cancelled_ends_the_producer():
    """So does a time-out around the call."""
    log = []

    async def wait_in_vain():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(answer_chain(_endless(log)).ainvoke("?"), timeout=0.2)

    asyncio.run(wait_in_vain())
    log[0].join(timeout=10)
    assert not log[0].is_alive()


def test_a_loop_that_is_gone_does_not_trouble_the_producer():
    """An event that comes after the loop was closed is dropped without a word."""
    go_on, log = threading.Event(), []

    def stream(question, _messages):
        log.append(threading.current_thread())
        yield RetrievedEvent(question, ())
        go_on.wait(10)
        yield TokenEvent("too late")

    async def read_one():
        return await anext(answer_chain(stream).astream("?"))

    loop = asyncio.new_event_loop()
    assert loop.run_until_complete(read_one()).question == "?"
    loop.close()
    go_on.set()
    log[0].join(timeout=10)
    assert not log[0].is_alive()


def test_a_consumer_that_stops_early_ends_a_stream_that_is_read_in_place():
    """Without threads, closing the stream of the chain closes ours."""
    log = []
    parts = answer_chain(_endless(log)).stream("?")
    next(parts)
    next(parts)
    parts.close()
    assert log[1] == "closed"


def test_the_loop_is_not_blocked_while_an_answer_is_made():
    """Other tasks run while the stream waits in its thread."""
    waiting = threading.Event()

    def stream(question, _messages):
        yield RetrievedEvent(question, ())
        assert waiting.wait(10)
        yield AnswerEvent(Answer(question, text="done"))

    async def both():
        async def set_it():
            waiting.set()

        answer, _ = await asyncio.gather(answer_chain(stream).ainvoke("?"), set_it())
        return answer

    assert asyncio.run(both()).question == "?"


@pytest.mark.parametrize("error", [LLMError("The language model x cannot be reached.", retryable=True), KeyError("x")])
def test_an_error_in_the_thread_is_raised_where_the_answer_is_awaited(error):
    """The very exception arrives, after the parts before it."""

    def stream(question, _messages):
        yield RetrievedEvent(question, ())
        raise error

    async def read():
        parts = []
        try:
            async for part in answer_chain(stream).astream("?"):
                parts.append(part)  # noqa: PERF401  (what came before the error counts)
        except type(error) as exc:
            return parts, exc
        return parts, None

    parts, caught = asyncio.run(read())
    assert len(parts) == 1
    assert caught is error
