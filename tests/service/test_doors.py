"""HTTP: what each path answers, and how it refuses."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from support.answers import app_on
from support.service import problem, read_events, running

QUESTION = "What is mode collapse?"


def test_an_answer_has_citations_that_open_in_their_source(client: httpx.Client) -> None:
    """The text of ``/sources`` from start to end is the quote, and its hash is that of the whole text."""
    answer = client.post("/ask", json={"question": QUESTION}).json()
    assert answer["answered"]
    assert answer["citations"]
    for citation in answer["citations"]:
        place = {"start": citation["start"], "end": citation["end"]}
        source = client.get(f"/sources/{citation['source']}", params=place).json()
        assert (source["text"], source["sha256"]) == (citation["quote"], citation["sha256"])
        assert {"start": source["start"], "end": source["end"]} == place


def test_there_may_be_no_answer(client: httpx.Client) -> None:
    """It says so, and shows what was looked at."""
    answer = client.post("/ask", json={"question": "Who won the football match yesterday evening?"}).json()
    assert (answer["answered"], answer["answer"], answer["citations"]) == (False, "No answer found.", [])
    assert answer["retrieved"]


def test_a_follow_up_is_understood_in_its_conversation(client: httpx.Client) -> None:
    """What was searched for names the topic that the question leaves out."""
    messages = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": "A failure of GAN training."}]
    answer = client.post("/ask", json={"question": "How is it avoided?", "messages": messages}).json()
    assert "mode collapse" in answer["question"].lower()


def test_a_stream_has_the_events_of_the_chain(client: httpx.Client) -> None:
    """Passages, citations and text, at last the same answer as without a stream."""
    whole = client.post("/ask", json={"question": QUESTION}).json()
    response = client.post("/ask", json={"question": QUESTION, "stream": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    events = read_events(response)
    assert [events[0][0], events[-1][0]] == ["retrieved", "answer"]
    assert "".join(data["text"] for name, data in events if name == "token") == whole["answer"]
    cited = [data["citation"] for name, data in events if name == "citation"]
    assert cited == whole["citations"] == events[-1][1]["citations"]
    assert events[0][1]["passages"] == whole["retrieved"]


def test_a_stream_that_cannot_begin_has_a_status(tmp_path: Path) -> None:
    """As there is no index, with the command that makes one."""
    with running(app_on(tmp_path / "none")) as url:
        response = httpx.post(f"{url}/ask", json={"question": QUESTION, "stream": True})
        assert problem(response)[0] == 503
        assert response.json()["hint"] == "Run: rag ingest"
        assert problem(httpx.get(f"{url}/readyz"))[0] == 503
        assert httpx.get(f"{url}/healthz").json() == {"status": "ok"}


def test_a_language_model_that_fails_on_the_way_ends_the_stream_with_a_problem(course_dir: Path) -> None:
    """The passages have been sent: what went wrong is the last event, and the status of a plain answer."""
    with running(app_on(course_dir, " ")) as url:  # an empty reply
        events = read_events(httpx.post(f"{url}/ask", json={"question": QUESTION, "stream": True}))
        assert (events[0][0], events[-1][0]) == ("retrieved", "error")
        plain = httpx.post(f"{url}/ask", json={"question": QUESTION})
        assert problem(plain) == (502, events[-1][1]["detail"])


def test_search_takes_a_number_and_a_filter(client: httpx.Client) -> None:
    """Both are obeyed."""
    body = {"question": QUESTION, "k": 2, "where": {"file": "08-autoencoders.md"}}
    passages = client.post("/search", json=body).json()["passages"]
    assert [p["source"] for p in passages] == ["08-autoencoders.md"] * 2


def test_texts_are_classified(client: httpx.Client) -> None:
    """By names, and by names with descriptions."""
    body = {
        "texts": ["Stir the sauce until it thickens.", "They won by two goals."],
        "labels": ["cooking", {"name": "football", "description": "matches and players"}],
    }
    found = client.post("/classify", json=body).json()["classifications"]
    assert [c["label"] for c in found] == ["cooking", "football"]


def test_sources_are_listed(client: httpx.Client) -> None:
    """With their sizes."""
    rows = client.get("/sources").json()["sources"]
    assert [row["name"] for row in rows] == ["08-autoencoders.md", "09-gans.md"]
    assert all(row["chunks"] > 0 and row["tokens"] > row["chunks"] for row in rows)


def test_a_tool_is_described_and_called(client: httpx.Client) -> None:
    """Its parameters are a JSON schema, and the course's section is named."""
    shown = client.get("/tools/ndcg").json()
    assert shown["parameters"]["required"] == ["ranking", "relevance"]
    assert shown["kind"] == "metric"
    assert client.get("/tools/perplexity").json()["sections"][0]["file"] == "07-evaluation-metrics.md"
    arguments = {"ranking": ["a", "b"], "relevance": {"a": 1}}
    assert client.post("/tools/ndcg", json=arguments).json() == {"result": 1.0}
    names = {tool["name"] for tool in client.get("/tools").json()["tools"]}
    assert {"ndcg", "KMeans", "perplexity"} <= names


def test_a_question_that_a_tool_answers_has_the_limits_of_tools(course_dir: Path) -> None:
    """It is computed where it can be ended, and asks for no more memory than a tool may have."""
    with running(app_on(course_dir), tool_timeout_s=2) as url:
        body = {"question": "causal mask 30000"}
        status, detail = problem(httpx.post(f"{url}/ask", json=body, timeout=60))
        assert status == 422
        assert detail.startswith(("The tool causal_mask must be done within 2 s", "The arguments of causal_mask ask"))
        answer = httpx.post(f"{url}/ask", json={"question": "causal mask 2"}, timeout=60).json()
    assert answer["tool_calls"][0]["result"] == [[1, 0], [1, 1]]
    assert answer["llm"] == "tools"


def test_a_tool_is_drawn(client: httpx.Client) -> None:
    """As SVG; one without a picture says so."""
    response = client.post("/tools/confusion_matrix/plot", json={"y_true": ["a", "b"], "y_pred": ["a", "a"]})
    assert response.headers["content-type"] == "image/svg+xml"
    assert "<svg" in response.text
    assert problem(client.post("/tools/ndcg/plot", json={"ranking": ["a"], "relevance": {"a": 1}}))[0] == 422


REFUSALS = [
    ("POST", "/ask", {"question": " "}, 422, "The request must follow its schema; it does not at /question."),
    ("POST", "/ask", {"question": "x", "top_k": 3}, 422, "The request must follow its schema; it does not at /top_k."),
    ("POST", "/ask", {}, 422, "The request must follow its schema; it does not at /question."),
    ("POST", "/ask", {"question": "file:09-gans.md"}, 422, None),
    ("POST", "/search", {"question": "x", "k": 0}, 422, "The request must follow its schema; it does not at /k."),
    (
        "POST",
        "/search",
        {"question": "x", "where": {"file": "none.md"}},
        422,
        "There is no file in the index named 'none.md'.",
    ),
    ("POST", "/classify", {"texts": ["x"], "labels": ["a", "a"]}, 422, None),
    ("GET", "/sources/none.md", None, 404, "There is no source named 'none.md'."),
    ("GET", "/tools/ndgc", None, 404, "There is no tool named 'ndgc'."),
    ("POST", "/tools/ndcg", {"ranking": 3}, 422, None),
    ("POST", "/feedback", {"id": "unknown", "rating": "good"}, 404, "There is no recent answer of this id."),
    ("GET", "/nowhere", None, 404, "There is nothing at this path."),
    ("PUT", "/ask", {}, 405, "This path does not take this method."),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "detail"), REFUSALS)
def test_a_refusal_is_a_problem(
    client: httpx.Client, method: str, path: str, body: object, status: int, detail: str | None
) -> None:
    """With a sentence that says what is wrong, and nothing of the inside."""
    response = client.request(method, path, json=body)
    found = problem(response)
    assert found == (status, detail or found[1])
    assert "Traceback" not in response.text


def test_what_does_not_parse_is_a_problem(client: httpx.Client) -> None:
    """No JSON, JSON that is nested too deeply, bytes that are no text, and a body of another type."""
    as_json = {"content-type": "application/json"}
    assert problem(client.post("/ask", content=b"{", headers=as_json))[0] == 400
    assert problem(client.post("/ask", content=b"[" * 200_000, headers=as_json))[0] == 400
    assert problem(client.post("/ask", content=b"\xff\xfe", headers=as_json))[0] == 400
    assert problem(client.post("/ask", content=b'{"question": "x"}', headers={"content-type": "text/plain"}))[0] == 422
    assert problem(client.post("/ask", content=b'{"question": "\\ud800"}', headers=as_json))[0] == 422


def test_close_names_are_in_the_hint(client: httpx.Client) -> None:
    """So that a typing mistake is seen at once."""
    assert client.get("/tools/ndgc").json()["hint"] == "Did you mean ndcg?"


def test_figures_are_those_of_prometheus(client: httpx.Client) -> None:
    """Requests by the template of their path, and answers."""
    client.post("/ask", json={"question": QUESTION})
    client.get("/sources/09-gans.md")
    text = client.get("/metrics").text
    assert 'rag_requests_total{method="POST",route="/ask",status="200"}' in text
    assert 'route="/sources/{name:path}"' in text
    assert "09-gans" not in text
    assert 'rag_answers_total{answered="true"}' in text
    assert "rag_waiting 0.0" in text


def test_feedback_is_kept_with_its_answer(course_dir: Path, tmp_path: Path) -> None:
    """And nothing is kept of an answer that nobody rated."""
    import shutil

    from rag_app.chains.conversations import Conversations

    shutil.copytree(course_dir, tmp_path / "data")
    with running(app_on(tmp_path / "data")) as url:
        httpx.post(f"{url}/ask", json={"question": "What is an autoencoder?"})
        answer = httpx.post(f"{url}/ask", json={"question": QUESTION}).json()
        body = {"id": answer["id"], "rating": "good", "why": "clear"}
        assert httpx.post(f"{url}/feedback", json=body).json() == {"status": "kept"}
    kept = Conversations(tmp_path / "data" / "conversations.sqlite")
    (rated,) = kept.rated()
    kept.close()
    assert (rated.rating, rated.why, rated.question) == ("good", "clear", QUESTION)
