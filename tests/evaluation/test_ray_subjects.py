"""Suites that are run on Ray: the rows are those of this process, and so are the limits."""

from __future__ import annotations

import json
import shutil
import threading
import time
from dataclasses import replace
from functools import partial

import pytest
from support.openai_server import OpenAIServer
from support.ray_cluster import kill_workers, ray_nodes

from rag_app.app import App
from rag_app.cli.engine import Engine
from rag_app.cli.eval_workplace import Workplace, _subject_there
from rag_app.errors import ClusterError
from rag_app.evaluation.journals import Journal
from rag_app.evaluation.metrics.table import load_metrics
from rag_app.evaluation.ray_subjects import subjects_on_ray
from rag_app.evaluation.runner import Tools, run_suite
from rag_app.evaluation.subjects import Answering
from rag_app.evaluation.suite_files import load_suite
from rag_app.evaluation.suites import Limits, Variant
from rag_app.settings import Settings

CASES = [
    {"id": "collapse", "question": "What is mode collapse?", "answerable": True},
    {"id": "generator", "question": "What does the generator of a GAN do?", "answerable": True},
    {"id": "bread", "question": "How do I bake bread?", "answerable": False},
    {"id": "latent", "question": "What is the latent space of an autoencoder?", "answerable": True},
]
SUITE = """\
metrics = ["false_answer", "false_refusal", "citation_support", "evidence_strength", "hit_at_3"]

[cases]
file = "cases.jsonl"

[matrix]
settings = [{ k = 3 }, { k = 5 }]
"""


@pytest.fixture(scope="module")
def nodes():
    """A cluster of two nodes, which this process has joined."""
    with ray_nodes(2) as running:
        yield running


@pytest.fixture
def suite(tmp_path, course_dir, monkeypatch):
    """Four questions to two variants, about the index of two chapters."""
    monkeypatch.setenv("RAG_DATA_DIR", str(course_dir))
    (tmp_path / "small.toml").write_text(SUITE)
    (tmp_path / "cases.jsonl").write_text("".join(json.dumps(case) + "\n" for case in CASES))
    return load_suite(tmp_path / "small.toml")


def rows_of(run):
    """Return the rows without how long they took."""
    return [
        replace(row, latency_s=0.0, answer={k: v for k, v in row.answer.items() if k != "timings_s"}).to_json()
        for row in run.rows
    ]


def tools(folder, progress=lambda *_: None):
    """Return metrics, a journal in a file, and what is told."""
    return Tools(
        metrics=load_metrics(["false_answer", "citation_support", "hit_at_3"]),
        journal=lambda made_by: Journal(folder / "small.partial.jsonl", made_by),
        progress=progress,
    )


@pytest.mark.usefixtures("nodes")
def test_the_rows_are_those_of_this_process(suite, tmp_path):
    """In the same order, whole; and what is known is not asked again."""
    here, _ = Workplace(tmp_path / "here").run(suite)
    there, _ = Workplace(tmp_path / "there", engine=Engine("ray")).run(suite)
    assert rows_of(there) == rows_of(here)
    assert (len(there.rows), any(row.cached or row.error for row in there.rows)) == (8, False)
    assert there.fingerprint == here.fingerprint
    known, _ = Workplace(tmp_path / "here", engine=Engine("ray")).run(suite)
    assert all(row.cached for row in known.rows)


def test_a_death_and_an_interruption_cost_nothing(nodes, suite, tmp_path):
    """A worker is killed: its question is asked again. The rest of a run that is interrupted is asked later."""
    workplace, told, killed, until = Workplace(tmp_path), [], [], time.monotonic() + 60
    subjects = {variant.name: workplace.subject(suite, variant) for variant in suite.variants}
    undisturbed = run_suite(suite, subjects, tools(tmp_path / "undisturbed"))

    def kill_when_one_answers():
        while not any(killed) and time.monotonic() < until:
            killed[:] = [kill_workers(node, "ray::_reply") for node in nodes.list_all_nodes()]

    def progress(*step):
        told.append(step)
        if len(told) == 5:
            raise KeyboardInterrupt

    killer = threading.Thread(target=kill_when_one_answers)

    ray_workplace = Workplace(tmp_path, engine=Engine("ray"))
    with ray_workplace.at_work(suite, subjects) as (suite_there, there):
        assert suite_there.limits.concurrency == 2
        killer.start()
        with pytest.raises(KeyboardInterrupt):
            run_suite(suite_there, there, tools(tmp_path / "disturbed", progress))
    killer.join()
    assert any(killed)
    assert [done for _, done, _ in told] == [1, 2, 3, 4, 5]
    finished = run_suite(suite, subjects, tools(tmp_path / "disturbed", lambda *step: told.append(step)))
    assert [done for _, done, _ in told] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert rows_of(finished) == rows_of(undisturbed)


@pytest.mark.usefixtures("nodes")
def test_what_fails_there_fails_as_here(suite, tmp_path, course_dir):
    """An error of a language model is in its row; a limit ends the run; another index is refused."""
    with OpenAIServer() as server:
        server.status = 401
        llm = {"llm": "openai:any", "llm_base_url": server.url}
        asked = replace(suite, variants=(Variant("llm", llm),), cases=suite.cases[:2])
        rows = [rows_of(Workplace(tmp_path / name, engine=Engine(name)).run(asked)[0]) for name in ("local", "ray")]
    assert rows[0] == rows[1]
    assert all("status 401" in row["error"] for row in rows[1])
    late = replace(suite, limits=Limits(time_s=1e-9))
    stopped, _ = Workplace(tmp_path / "late", engine=Engine("ray")).run(late)
    assert (stopped.stopped, stopped.rows) == ("the limit of 1e-09 s was reached", ())
    other = tmp_path / "other"
    shutil.copytree(course_dir, other)
    here = {"default": Answering(App(Settings.load(data_dir=course_dir)))}
    there = {"default": partial(_subject_there, Settings.load(data_dir=other), replace(suite, cases=()))}
    App(Settings.load(data_dir=other)).forget(["09-gans.md"])
    with (
        subjects_on_ray(here, there, "", 1) as (subjects, _),
        pytest.raises(ClusterError, match="must have the same code and the same index"),
    ):
        subjects["default"].reply(suite.cases[0])
