"""A language model that judges: what it is sent, what is read from its replies, and what it costs."""

from __future__ import annotations

import asyncio
from typing import Literal

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import BaseModel
from support.openai_server import OpenAIServer

from rag_app.errors import InvalidInputError, LLMError, LLMResponseError
from rag_app.evaluation.replies import Transcript
from rag_app.evaluation.scheduler import Scheduler
from rag_app.evaluation.verdicts import Judge
from rag_app.llms.scripted import ScriptedChat
from rag_app.settings import Settings


class Grade(BaseModel):
    reason: str
    score: Literal[1, 2, 3]


GOOD = '{"reason": "It says so.", "score": 3}'
PROMPT = [("system", "Grade it."), ("user", "An answer.")]


def settings(**given) -> Settings:
    return Settings.load(environ={}, **given)


def asked(judge: Judge, **options) -> tuple[Grade, Transcript]:
    """Ask for a grade, and return it with the transcript."""
    transcript = Transcript()
    return judge.scheduler.run(judge.ask(PROMPT, Grade, transcript, **options)), transcript


def test_a_good_reply_is_read():
    """The raw text is kept, and nothing is repaired."""
    grade, transcript = asked(Judge(settings(), llm=ScriptedChat(replies=[GOOD])))
    assert grade == Grade(reason="It says so.", score=3)
    assert transcript.to_json()["replies"] == [GOOD]
    assert transcript.n_repairs == 0


def test_a_bad_reply_is_repaired_once():
    """The judge gets its own reply back with what is wrong; both replies are kept."""
    llm = ScriptedChat(replies=["Three!", GOOD])
    grade, transcript = asked(Judge(settings(), llm=llm))
    assert grade.score == 3
    assert transcript.replies == ["Three!", GOOD]
    assert transcript.n_repairs == 1
    second = llm.received[1]
    assert [message.type for message in second] == ["system", "human", "ai", "human"]
    assert second[2].text == "Three!"
    assert second[3].text.startswith("This reply cannot be used: it holds no JSON object.")


def test_a_second_bad_reply_is_an_error():
    """No score is guessed, and both replies are kept."""
    judge = Judge(settings(), llm=ScriptedChat(replies=["Three!"]))
    transcript = Transcript()
    with pytest.raises(LLMResponseError, match="ScriptedChat sent no reply that can be used: it holds no JSON object"):
        judge.scheduler.run(judge.ask(PROMPT, Grade, transcript))
    assert transcript.replies == ["Three!", "Three!"]


def test_a_check_of_the_caller_is_part_of_a_good_reply():
    """What it says is sent back."""
    llm = ScriptedChat(replies=[GOOD, GOOD.replace("3", "2")])
    grade, _ = asked(Judge(settings(), llm=llm), check=lambda found: "three is too much" if found.score == 3 else "")
    assert grade.score == 2
    assert "three is too much" in llm.received[1][-1].text


class Cutting(BaseChatModel):
    """Writes as many words as it is allowed, which a list of limits says."""

    lengths: list[int]

    @property
    def _llm_type(self) -> str:
        return "cutting"

    def _generate(self, messages, stop=None, run_manager=None, **_) -> ChatResult:  # noqa: ARG002
        length = self.lengths.pop(0)
        text, ending = (GOOD[:length], "length") if length < len(GOOD) else (GOOD, "stop")
        usage = {"input_tokens": 10, "output_tokens": length, "total_tokens": 10 + length}
        message = AIMessage(text, response_metadata={"finish_reason": ending}, usage_metadata=usage)
        return ChatResult(generations=[ChatGeneration(message=message)])


def test_a_reply_that_was_cut_is_never_read():
    """It is asked for anew, with more room; usage is added up."""
    grade, transcript = asked(Judge(settings(), llm=Cutting(lengths=[20, 99])))
    assert grade.score == 3
    assert transcript.n_repairs == 1
    assert transcript.to_json()["usage"] == {"input_tokens": 20, "output_tokens": 119}


def test_a_reply_that_is_cut_twice_is_an_error():
    """It says why."""
    with pytest.raises(LLMResponseError, match="it was cut before its end"):
        asked(Judge(settings(), llm=Cutting(lengths=[20, 20])))


def test_the_schema_is_sent_where_the_server_takes_it():
    """The request asks for JSON of that form; the budget of the reply grows with the claims."""
    with OpenAIServer(replies=[GOOD], schemas=True) as server:
        judge = Judge(settings(llm="openai:any", llm_base_url=server.url))
        asked(judge)
        asked(judge, n_claims=20)
        first, second = (request.body for request in server.requests)
    schema = first["response_format"]["json_schema"]
    assert schema["strict"] is True
    assert schema["schema"]["required"] == ["reason", "score"]
    assert (first["max_tokens"], second["max_tokens"]) == (1024, 2048)


def test_a_cut_reply_of_a_server_is_kept():
    """OpenAI's client raises an error about it; what was written stands in the transcript."""
    with OpenAIServer(replies=[GOOD], schemas=True, ending="length") as server:
        transcript = Transcript()
        judge = Judge(settings(llm="openai:any", llm_base_url=server.url))
        with pytest.raises(LLMResponseError, match="it was cut before its end"):
            judge.scheduler.run(judge.ask(PROMPT, Grade, transcript))
        assert [request.body["max_tokens"] for request in server.requests] == [1024, 4096]
    assert transcript.replies == [GOOD, GOOD]


def test_a_server_that_knows_no_schema_is_asked_without():
    """Once refused, no schema is sent again; the reply is checked all the same."""
    with OpenAIServer(replies=[GOOD]) as server:
        judge = Judge(settings(llm="openai:any", llm_base_url=server.url))
        assert asked(judge)[0].score == 3
        assert asked(judge)[0].score == 3
        assert [("response_format" in request.body) for request in server.requests] == [True, False, False]


def test_a_server_that_fails_is_an_error():
    """With the sentence that all of the program uses."""
    with OpenAIServer(status=401) as server:
        with pytest.raises(LLMError, match="refused the request with status 401"):
            asked(Judge(settings(llm="openai:any", llm_base_url=server.url)))
        assert len(server.requests) == 1


def test_what_does_not_fit_is_not_sent():
    """A server would cut it, and judge the rest."""
    llm = ScriptedChat(replies=[GOOD])
    judge = Judge(settings(llm_context_tokens=1200, llm_max_tokens=100), llm=llm)
    long = [("user", "word " * 1000)]
    with pytest.raises(LLMError, match="must leave room for its reply; 0 tokens remain"):
        judge.scheduler.run(judge.ask(long, Grade, Transcript()))
    assert llm.n_calls == 0


def test_calls_are_made_by_the_scheduler():
    """One that is given is used."""
    with Scheduler(concurrency=1) as scheduler:
        judge = Judge(settings(), llm=ScriptedChat(replies=[GOOD]), scheduler=scheduler)
        assert judge.scheduler is scheduler

        async def both() -> list[Grade]:
            return await asyncio.gather(*(judge.ask(PROMPT, Grade, Transcript()) for _ in range(2)))

        assert len(scheduler.run(both())) == 2


def test_what_scores_depend_on_is_told():
    """Another name, address, number of repeats or prompt is another judge; a time limit is not."""
    base = Judge(settings(llm="openai:any", llm_base_url="http://127.0.0.1:1/v1")).made_by
    same = Judge(settings(llm="openai:any", llm_base_url="http://127.0.0.1:1/v1", llm_timeout_s=5)).made_by
    others = [
        Judge(settings(llm="openai:other", llm_base_url="http://127.0.0.1:1/v1")),
        Judge(settings(llm="openai:any", llm_base_url="http://127.0.0.1:2/v1")),
        Judge(settings(llm="openai:any", llm_base_url="http://127.0.0.1:1/v1", llm_temperature=1)),
        Judge(settings(llm="openai:any", llm_base_url="http://127.0.0.1:1/v1"), repeats=2),
    ]
    assert same == base
    assert all(other.made_by != base for other in others)


def test_a_judge_is_a_language_model_and_asked_at_least_once():
    """Sentences that say so."""
    with pytest.raises(InvalidInputError, match="The judge must be a language model; got 'extractive'"):
        Judge(settings())
    with pytest.raises(InvalidInputError, match="repeats must be at least 1; got 0"):
        Judge(settings(), llm=ScriptedChat(replies=[GOOD]), repeats=0)
