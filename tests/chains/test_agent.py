"""The agent, with a language model that calls tools as its script says."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.tracers.context import collect_runs
from support.answers import app_on, check_citations, text_of
from support.openai_server import OpenAIServer

from rag_app.app import App
from rag_app.chains.condense import NO_ANSWER
from rag_app.errors import InvalidInputError, LLMError, LLMResponseError
from rag_app.llms.scripted import ScriptedChat
from rag_app.settings import Settings
from rag_app.tool_calls import ToolCall
from rag_app.types import AnswerEvent, CitationEvent, RetrievedEvent, TokenEvent, ToolEvent

QUESTION = "What is mode collapse, and what is the F1 score of my two predictions?"


def calls(*pairs: tuple[str, dict[str, Any]]) -> str:
    """Return the reply of a script that calls tools."""
    return json.dumps({"tool_calls": [{"name": name, "args": args} for name, args in pairs]})


SEARCH = ("search_knowledge", {"question": "mode collapse", "k": 3})
F1 = ("f1_score", {"y_true": [1, 0], "y_pred": [1, 1]})
FIT = ("LinearRegression", {"X": [[0], [1], [2]], "y": [1, 3, 5]})


@pytest.fixture
def agent(course_dir):
    """Return an application whose language model follows a script, and that language model."""

    def with_replies(*replies: str, **settings: Any) -> tuple[App, ScriptedChat]:
        app = app_on(course_dir, *replies, **settings)
        return app, app._given_llm

    return with_replies


def test_the_course_is_asked_a_metric_computed_and_an_estimator_trained(agent):
    """Each call is an event with its result; then come the passages, the text with its citation, and the answer."""
    app, llm = agent(
        calls(SEARCH),
        calls(F1, FIT),
        "Mode collapse is a failure of GAN training in which the generator produces only a few kinds of output [1]. "
        "F1 is 0.667 and the slope 2.",
    )
    events = list(app.stream(QUESTION, tools=True))
    done = [event.call for event in events if isinstance(event, ToolEvent)]
    assert done[0] == ToolCall(*SEARCH, result=[p.chunk_id for p in app.search("mode collapse", k=3)])
    by_name = {call.name: call for call in done}
    assert by_name["f1_score"].result == pytest.approx(2 / 3)
    assert by_name["LinearRegression"].result["learnt"]["weights_"] == pytest.approx([2.0])
    answer = events[-1].answer
    assert isinstance(events[-1], AnswerEvent)
    assert answer.tool_calls == tuple(done)
    assert answer.text == text_of(events)
    assert answer.text.endswith("F1 is 0.667 and the slope 2.")
    check_citations(app, answer)
    assert len(answer.citations) == 1
    assert (answer.answered, answer.prompt, answer.notes) == (True, "agent@1", ())
    assert [type(e) for e in events if not isinstance(e, TokenEvent | ToolEvent)] == [
        RetrievedEvent,
        CitationEvent,
        AnswerEvent,
    ]
    assert list(answer.retrieved) == app.search("mode collapse", k=3)
    assert llm.n_calls == 3


def test_what_the_language_model_reads(agent):
    """The rules, the conversation, and results of tools as text; passages are numbered over several searches."""
    app, llm = agent(calls(SEARCH), calls(("search_knowledge", {"question": "StyleGAN", "k": 2})), "No answer found.")
    list(app.stream("And now?", [("user", "What is a GAN?"), ("assistant", "Two nets.")], tools=True))
    first, second, third = llm.received
    assert [m.type for m in first] == ["system", "human", "ai", "human"]
    assert "call search_knowledge" in first[0].text
    assert second[-1].text.startswith("[1] ")
    n_first = second[-1].text.count("\n\n[") + 1
    assert third[-1].text.startswith(f"[{n_first + 1}] ") or "[1] " in third[-1].text
    assert "    " in second[-1].text.splitlines()[1]


def test_a_citation_that_no_passage_supports_is_removed(agent):
    """As in the chain: neither a passage that does not say so nor one that does not exist."""
    app, _ = agent(calls(SEARCH), "Cats sleep on warm stones all day long [1]. Dogs bark at the moon [9].")
    answer = app.ask(QUESTION, tools=True)
    assert answer.citations == ()
    assert "[" not in answer.text
    assert any("removed" in note for note in answer.notes)


def test_a_number_that_nothing_accounts_for_is_named(agent):
    """The figure is neither in a result nor in a passage."""
    app, _ = agent(calls(F1), "F1 is 0.75.")
    answer = app.ask(QUESTION, tools=True)
    assert "0.75 is in no result of a tool and in no passage: do not rely on it." in answer.notes


def test_a_mistake_goes_back_as_text_and_is_corrected(agent):
    """Wrong values, wrong arguments and an unknown tool are sentences; the conversation goes on."""
    app, llm = agent(
        calls(("f1_score", {"y_true": [1, 0], "y_pred": [1]})),
        calls(("f1_score", {"truth": [1]})),
        calls(("f1_scores", {})),
        calls(F1),
        "F1 is 0.667.",
    )
    answer = app.ask(QUESTION, tools=True)
    errors = [call.error for call in answer.tool_calls]
    assert errors[0].startswith("y_true and y_pred must ") or "same length" in errors[0]
    assert errors[1].startswith("The arguments do not fit. ")
    assert errors[2] == "There is no tool named 'f1_scores'. Did you mean f1_score?" or "Did you mean" in errors[2]
    assert errors[3] == ""
    assert [llm.received[i][-1].text for i in (1, 2, 3)] == errors[:3]
    assert answer.text == "F1 is 0.667."


def test_tools_are_found_by_what_they_do(agent):
    """What the catalogue returned can be called next, and its schema is sent."""
    app, llm = agent(
        calls(("find_tools", {"request": "k-means clusters"})),
        calls(("KMeans", {"X": [[0], [1], [9]], "n_clusters": 2})),
        "There are 2 clusters.",
    )
    with collect_runs() as collected:
        answer = app.agent.invoke("Group these things")
    assert [call.name for call in answer.tool_calls] == ["find_tools", "KMeans"]
    assert "KMeans(X" in answer.tool_calls[0].result
    offered = [_tools_of(run) for run in _runs(collected.traced_runs, "llm")]
    assert "KMeans" not in offered[0]
    assert "KMeans" in offered[1]
    assert all(len(names) <= 20 for names in offered)
    assert llm.n_calls == 3


def _runs(runs, kind):
    for run in runs:
        if run.run_type == kind:
            yield run
        yield from _runs(run.child_runs, kind)


def _tools_of(run) -> list[str]:
    return [tool["function"]["name"] for tool in run.extra["invocation_params"].get("tools", ())]


def test_a_trace_shows_every_step(agent):
    """Under the names of the tools; the run of the whole is named rag_agent."""
    app, _ = agent(calls(SEARCH, F1), "F1 is 0.667.")

    async def events():
        return [event async for event in app.agent.astream_events(QUESTION, version="v2")]

    seen = asyncio.run(events())
    assert (seen[0]["event"], seen[0]["name"]) == ("on_chain_start", "rag_agent")
    assert {e["name"] for e in seen if e["event"] == "on_tool_end"} == {"search_knowledge", "f1_score"}
    assert len([e for e in seen if e["event"] == "on_chat_model_end"]) == 2
    assert seen[-1]["data"]["output"].text == "F1 is 0.667."


def test_an_answer_of_its_own_is_flagged(agent):
    """No tool was called: nothing accounts for what is said."""
    app, _ = agent("Mode collapse is when the generator repeats itself.")
    answer = app.ask(QUESTION, tools=True)
    assert answer.notes == ("No statement of this answer is tied to a passage: do not rely on it.",)


@pytest.mark.parametrize("reply", ["No answer found.", "No answer found. The passages do not say it [1]."])
def test_no_answer_is_found(agent, reply):
    """In the very words of the chain."""
    app, _ = agent(calls(SEARCH), reply)
    answer = app.ask("Who won the football world cup?", tools=True)
    assert (answer.text, answer.answered, answer.citations) == (NO_ANSWER, False, ())


def test_an_empty_reply_is_an_error(agent):
    """As in the chain."""
    app, _ = agent(" ")
    with pytest.raises(LLMResponseError, match=r"^The language model .* gave an empty reply\."):
        app.ask(QUESTION, tools=True)


def test_a_blank_question_is_refused(agent):
    """Before anything is asked."""
    app, llm = agent("So.")
    with pytest.raises(InvalidInputError, match=r"^The question must not be empty\."):
        app.ask(" ", tools=True)
    assert llm.n_calls == 0


# -- limits ------------------------------------------------------------------------------------------------------------


def test_at_the_last_step_no_tool_can_be_called(agent):
    """The language model is told to answer, and the reader why it did."""
    app, llm = agent(calls(F1), calls(F1), "F1 is 0.667.", agent_max_steps=3)
    answer = app.ask(QUESTION, tools=True)
    assert answer.text == "F1 is 0.667."
    assert answer.notes[0] == "Stopped at step 3: the answer rests on what was found until then."
    assert "answer now" in llm.received[2][0].text
    assert "answer now" not in llm.received[1][0].text


class _Stubborn(ScriptedChat):
    """Calls tools though it has none."""

    def _calls(self, reply):
        return super()._calls(reply)

    def _generate(self, messages, stop=None, run_manager=None, tools=(), **kwargs):
        return super()._generate(messages, stop, run_manager, tools=tools or [1], **kwargs)


def test_a_language_model_that_only_calls_tools_finds_no_answer(course_dir):
    """Its last calls are not made."""
    llm = _Stubborn(replies=[calls(F1)])
    app = App(Settings.load(environ={}, data_dir=course_dir, agent_max_steps=2), llm=llm)
    answer = app.ask(QUESTION, tools=True)
    assert (answer.text, answer.answered, len(answer.tool_calls), llm.n_calls) == (NO_ANSWER, False, 1, 2)


class _Priced(ScriptedChat):
    """Reports what each reply has cost."""

    def _generate(self, *args, **kwargs):
        result = super()._generate(*args, **kwargs)
        message = result.generations[0].message
        message.response_metadata = {"rag_app": {"cost_usd": 0.02, "llm": "priced:x"}}
        message.usage_metadata = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
        return result


def test_when_the_money_is_spent_it_must_answer(course_dir):
    """The cost of all steps is added up."""
    llm = _Priced(replies=[calls(F1), calls(F1), "F1 is 0.667."])
    app = App(Settings.load(environ={}, data_dir=course_dir, agent_max_cost=0.03), llm=llm)
    answer = app.ask(QUESTION, tools=True)
    assert answer.notes[0] == "Stopped at a cost of $0.0400: the answer rests on what was found until then."
    assert (answer.usage, answer.cost_usd) == ({"input_tokens": 30, "output_tokens": 15}, pytest.approx(0.06))
    assert answer.llm == "priced:x"


def test_a_cost_that_is_not_known_cannot_be_limited(agent):
    """And the reader is told."""
    app, _ = agent(calls(F1), "F1 is 0.667.", agent_max_cost=1.0)
    answer = app.ask(QUESTION, tools=True)
    assert answer.notes == ("RAG_AGENT_MAX_COST has no effect: the price of this language model is not known.",)


def test_a_long_result_is_cut_for_the_language_model_and_whole_in_the_answer(agent):
    """A thousand numbers tell it nothing."""
    many = ("normal_pdf", {"x": [i / 1000 for i in range(1000)]})
    app, llm = agent(calls(many), "There are 1000 numbers.", llm_context_tokens=32_000)
    answer = app.ask(QUESTION, tools=True)
    assert len(answer.tool_calls[0].result) == 1000
    assert len(llm.received[1][-1].text) < 4100
    assert llm.received[1][-1].text.endswith(" more characters are left out)")


def test_old_results_make_room_for_new_ones(agent):
    """Where the context of the language model is small."""
    many = ("normal_pdf", {"x": [i / 200 for i in range(200)]})
    app, llm = agent(calls(many), calls(many), "So.", llm_context_tokens=10000, llm_max_tokens=100)
    app.ask(QUESTION, tools=True)
    assert llm.received[1][3].text.startswith("[0.39")
    assert llm.received[2][3].text == "(left out: the conversation has grown too long)"
    assert llm.received[2][5].text.startswith("[0.39")


def test_a_server_that_speaks_the_protocol_of_openai(course_dir):
    """Its requests are checked field by field: schemas of the tools, calls, and results with their ids."""
    reply = "Mode collapse is a failure of GAN training with few kinds of output [1]. F1 is 0.667."
    with OpenAIServer(replies=[calls(SEARCH, F1), calls(F1), reply]) as server:
        app = app_on(course_dir, llm="openai:any", llm_base_url=server.url, agent_max_steps=3)
        answer = app.ask(QUESTION, tools=True)
    assert answer.text == reply
    check_citations(app, answer)
    first, second, third = (request.body for request in server.requests)
    offered = {tool["function"]["name"]: tool["function"] for tool in first["tools"]}
    assert {"search_knowledge", "find_tools", "f1_score"} <= set(offered)
    assert offered["f1_score"]["parameters"]["properties"]["average"]["description"]
    assert [m["role"] for m in second["messages"]] == ["system", "user", "assistant", "tool", "tool"]
    assert "tools" not in third
    assert answer.usage["input_tokens"] > 0
    assert answer.notes[0] == "Stopped at step 3: the answer rests on what was found until then."


def test_a_server_that_refuses_tools_is_asked_by_a_prompt(course_dir):
    """The reader is told; another failure, or one after a call, is an error as it stands."""
    reply = choice("f1_score", y_true=[1, 0], y_pred=[1, 1])
    with OpenAIServer(replies=[reply], tools=False) as server:
        app = app_on(course_dir, llm="openai:any", llm_base_url=server.url)
        answer = app.ask("I have 1, 0 and predicted 1, 1: what is my f1?", tools=True)
        assert answer.tool_calls[0].result == pytest.approx(2 / 3)
        assert answer.notes[0] == "The language model openai:any refused tools and was asked by a prompt instead."
        server.status = 401
        with pytest.raises(LLMError, match="refused the request with status 401"):
            app.ask(QUESTION, tools=True)


# -- other language models ---------------------------------------------------------------------------------------------


def test_without_a_language_model_the_agent_is_the_chain(course_dir):
    """Requests are computed, questions answered from the documents."""
    app = app_on(course_dir)
    assert app.agent.invoke("What is mode collapse?").text == app.ask("What is mode collapse?").text
    assert app.agent.invoke("logit of 0.5").text == "logit(probability=0.5) = 0"


def routed(course_dir, *replies):
    """Return an application whose language model cannot call tools."""
    return App(Settings.load(environ={}, data_dir=course_dir), llm=FakeListChatModel(responses=list(replies)))


def choice(tool: str, **arguments: Any) -> str:
    """Return what the prompt asks for."""
    return json.dumps({"tool": tool, "arguments": arguments})


def test_a_language_model_without_tools_chooses_by_a_prompt(course_dir):
    """Its reply names tool and arguments; the figure is the tool's."""
    reply = f"Sure! {choice('f1_score', y_true=[1, 0], y_pred=[1, 1])} I hope that helps."
    answer = routed(course_dir, reply).ask("I have 1, 0 and predicted 1, 1: what is my f1?", tools=True)
    assert answer.text == "f1_score(y_true=[1, 0], y_pred=[1, 1]) = 0.666667"
    assert (answer.prompt, answer.tool_calls[0].result) == ("route_tools@1", pytest.approx(2 / 3))


def test_it_may_correct_a_mistake_once(course_dir):
    """The error is sent back."""
    wrong = choice("f1_score", y_true=[1, 0], y_pred=[1])
    right = choice("f1_score", y_true=[1, 0], y_pred=[1, 1])
    question = "I have 1, 0 and predicted 1, 1: what is my f1?"
    assert routed(course_dir, wrong, right).ask(question, tools=True).tool_calls[0].result == pytest.approx(2 / 3)
    answer = routed(course_dir, wrong, wrong, "No answer found.").ask(question, tools=True)
    assert answer.tool_calls == ()


@pytest.mark.parametrize(
    "reply",
    [
        choice("none"),
        "I would look into the documents.",
        "{broken",
        '["f1_score"]',
        '{"tool": "f1_score", "arguments": [1]}',
        choice("rm_rf", path="/"),
        choice("f1_score", y_true=[1, 0], y_pred=[7, 7]),
    ],
)
def test_everything_else_goes_to_the_documents(course_dir, reply):
    """No choice, no JSON, a tool that was not offered, and numbers that the question does not hold."""
    question = "What is mode collapse, by f1 of 1, 0?"
    answer = routed(course_dir, reply, "Mode collapse is a failure of GAN training [1].").ask(question, tools=True)
    assert (answer.tool_calls, answer.prompt.partition("@")[0]) == ((), "answer")


def test_a_failure_of_the_language_model_is_an_error_of_ours(course_dir):
    """In both ways of choosing."""

    class Failing(ScriptedChat):
        def _next(self, messages):  # noqa: ARG002
            raise ConnectionError

    app = App(Settings.load(environ={}, data_dir=course_dir), llm=Failing(replies=["x"]))
    with pytest.raises(LLMError, match="cannot be reached"):
        app.ask(QUESTION, tools=True)


def test_a_summary_of_the_conversation_is_sent(agent):
    """A long one is summarised first."""
    talk = [("user", f"question {i} " + "word " * 100) for i in range(20)]
    app, llm = agent("They asked about words.", "No answer found.")
    answer = app.ask("And now?", talk, tools=True)
    assert llm.received[1][1].text == "What was said before, in short: They asked about words."
    assert answer.notes[0].startswith("The conversation is long: ")
