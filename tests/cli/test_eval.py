"""``rag eval``: runs, comparisons and reports as a user meets them."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from support.command_line import CommandLine, Transcript

from rag_app.cli.main import build_parser

ROOT = Path(__file__).resolve().parents[2]

CASES = [
    {"id": "lit", "question": "When was the lamp lit for the first time?", "answerable": True, "kind": "light"},
    {"id": "keeper", "question": "Who is the keeper of the lighthouse?", "answerable": True},
    {"id": "salt", "question": "What dims the lamp?", "answerable": True},
    {"id": "bread", "question": "How do I bake bread?", "answerable": False},
    {"id": "chess", "question": "Who won the chess championship?", "answerable": False},
]
SUITE = """\
description = "A lighthouse"
metrics = ["false_answer", "false_refusal", "citation_support", "latency_s"]

[cases]
file = "cases.jsonl"

[thresholds]
false_refusal = { at_most = 0.2 }
"""
PROMPT = """\
---
name: answer
version: 1
purpose: Answer.
variables: [passages, question]
output: text
---

# system

%s

# user

Passages:

{passages}

Question: {question}
"""
RULES = "Use only the passages. Cite them in square brackets: [2]. If they do not answer, say: No answer found."
WORDS = "Rely on the passages only. Mark each with its number, as in [2]. Where nothing fits, write: No answer found."


@pytest.fixture
def rag_eval(rag_on_notes: CommandLine) -> CommandLine:
    """``rag`` over two notes, with a suite and its cases."""
    write_suite(rag_on_notes.folder, SUITE)
    return rag_on_notes


def write_suite(folder: Path, suite: str) -> None:
    """Write a suite and its cases."""
    (folder / "light.toml").write_text(suite, encoding="utf-8")
    (folder / "cases.jsonl").write_text("\n".join(map(json.dumps, CASES)), encoding="utf-8")


def run_files(rag: CommandLine, out: str = "eval-runs") -> list[Path]:
    """Return the run files, oldest first."""
    return sorted((rag.folder / out).glob("*.json"), key=lambda path: path.stat().st_mtime_ns)


def cells(done: Transcript) -> list[list[str]]:
    """Return the cells of the lines of a transcript."""
    return [re.split(r" {2,}", line) for line in done.out.splitlines()]


def test_run_shows_what_it_found_and_passes(rag_eval: CommandLine) -> None:
    """Progress on stderr; means with intervals, counts and thresholds on stdout; one run file."""
    done = rag_eval("eval", "run", "light.toml")
    assert (done.code, done.err.splitlines()[-1]) == (0, "5/5 Who won the chess championship?")
    lines = cells(done)
    assert lines[0] == ["light: A lighthouse"]
    assert re.fullmatch(r"5 answers in \d+\.\d s", lines[1][0])
    assert lines[3] == ["metric", "mean", "95 % interval", "scored", "threshold"]
    assert lines[4] == ["false_answer", "0.000", "0.000 to 0.000", "2/2"]
    assert lines[5] == ["false_refusal", "0.000", "0.000 to 0.000", "3/3", "≤ 0.2: passed"]
    assert lines[6][:2] == ["citation_support", "1.000"]
    assert lines[-2] == ["passed: every threshold is kept"]
    (path,) = run_files(rag_eval)
    assert lines[-1] == [f"written to eval-runs/{path.name}"]
    assert [row["case"]["id"] for row in json.loads(path.read_text(encoding="utf-8"))["rows"]] == [
        c["id"] for c in CASES
    ]
    assert not list((rag_eval.folder / "eval-runs").glob("*partial*"))


def test_a_second_run_takes_answers_from_the_cache(rag_eval: CommandLine) -> None:
    """With the time that they took then; without the cache they are asked anew."""
    assert rag_eval.inside("eval", "run", "light.toml").code == 0
    assert "\n5 answers (5 from the cache) in" in rag_eval.inside("eval", "run", "light.toml").out
    assert "\n5 answers in" in rag_eval.inside("eval", "run", "light.toml", "--no-cache").out
    assert "\n5 answers in" in rag_eval.inside("eval", "run", "light.toml", env={"RAG_K": "3"}).out
    first, second, *_ = (json.loads(path.read_text(encoding="utf-8")) for path in run_files(rag_eval))
    assert [row["latency_s"] for row in first["rows"]] == [row["latency_s"] for row in second["rows"]]
    assert {row["cached"] for row in second["rows"]} == {True}


def test_a_threshold_that_is_missed_gives_exit_code_1(rag_eval: CommandLine) -> None:
    """And says by how much, in every format."""
    files = ["--markdown", "a.md", "--junit", "a.xml", "--html", "a.html"]
    done = rag_eval.inside("eval", "run", "light.toml", *files, env={"RAG_MIN_EVIDENCE": "1"})
    assert done.code == 1
    assert "FAILED false_refusal: ≤ 0.2; got 1\n" in done.out
    assert "### light: **failed**" in (rag_eval.folder / "a.md").read_text(encoding="utf-8")
    assert ET.parse(rag_eval.folder / "a.xml").getroot().attrib["failures"] == "1"
    assert "When was the lamp lit" in (rag_eval.folder / "a.html").read_text(encoding="utf-8")
    (path,) = run_files(rag_eval)
    again = rag_eval.inside("eval", "report", str(path), "--json")
    assert (again.code, json.loads(again.out)["passed"]) == (1, False)
    assert rag_eval.inside("eval", "report", str(path)).out in done.out


def test_run_as_json(rag_eval: CommandLine) -> None:
    """One document, and where the run file is."""
    found = json.loads(rag_eval.inside("eval", "run", "light.toml", "--json").out)
    assert (found["passed"], found["n_rows"], found["suite"]["name"]) == (True, 5, "light")
    assert Path(found["run"]).name == run_files(rag_eval)[0].name


def test_a_baseline_is_kept_and_compared_with(rag_eval: CommandLine) -> None:
    """Beside the suite's folder unless one says where; what is worse gives exit code 1."""
    suites = rag_eval.folder / "evals" / "suites"
    suites.mkdir(parents=True)
    write_suite(suites, SUITE.replace("at_most = 0.2", "at_most = 1"))
    cases = [{"question": "The lighthouse" + " please" * i, "answerable": True} for i in range(7)]
    (suites / "cases.jsonl").write_text("\n".join(map(json.dumps, cases)), encoding="utf-8")
    suite = "evals/suites/light.toml"
    easy = {"RAG_MIN_EVIDENCE": "0"}
    assert rag_eval.inside("eval", "run", suite, "--save-baseline", env=easy).code == 0
    kept = rag_eval.folder / "evals" / "baselines" / "light.json"
    assert "retrieved" not in kept.read_text(encoding="utf-8")
    same = rag_eval.inside("eval", "run", suite, "--baseline", env=easy)
    assert (same.code, "accepted: nothing is worse beyond its margin" in same.out) == (0, True)
    worse = rag_eval.inside("eval", "run", suite, "--baseline", str(kept), env={"RAG_MIN_EVIDENCE": "1"})
    assert worse.code == 1
    assert "REFUSED false_refusal: worse, -1.000 (-1.000 to -1.000)" in worse.out


def test_compare_two_runs(rag_eval: CommandLine) -> None:
    """What is lost, case by case, with both answers."""
    rag_eval.inside("eval", "run", "light.toml")
    rag_eval.inside("eval", "run", "light.toml", env={"RAG_MIN_EVIDENCE": "1"})
    before, after = map(str, run_files(rag_eval))
    done = rag_eval.inside("eval", "compare", before, after, "--strict", "--markdown", "a.md", "--html", "a.html")
    lines = cells(done)
    assert done.code == 1
    at = lines.index(["false_refusal", "0.000 →", "1.000", "unclear"])  # three cases prove nothing
    assert lines[at + 1] == ["", "gain -1.000 (-1.000 to -1.000), p 0.5000, 0 won, 3 lost"]
    assert "REFUSED false_refusal: unclear" in done.out
    assert "**refused**" in (rag_eval.folder / "a.md").read_text(encoding="utf-8")
    assert rag_eval.inside("eval", "compare", before, after).code == 0
    assert rag_eval.inside("eval", "compare", after, before).code == 0
    found = rag_eval.inside("eval", "compare", before, after, "--json", "--strict")
    assert (found.code, json.loads(found.out)["passed"]) == (1, False)


def test_variants_of_one_run(rag_eval: CommandLine) -> None:
    """A matrix is compared with itself."""
    write_suite(rag_eval.folder, SUITE + "[matrix]\nsettings = [{ min_evidence = 0.5 }, { min_evidence = 1 }]\n")
    done = rag_eval.inside("eval", "run", "light.toml")
    assert done.code == 1
    assert "FAILED false_refusal: ≤ 0.2 (min_evidence=1); got 1\n" in done.out
    (path,) = run_files(rag_eval)
    done = rag_eval.inside("eval", "compare", str(path), "--a", "min_evidence=0.5", "--b", "min_evidence=1")
    assert ["false_refusal", "0.000 →", "1.000", "unclear"] in cells(done)
    assert "lost by" not in done.out  # it is unclear, so no case is shown


def test_a_run_that_was_stopped_fails_and_goes_on(rag_eval: CommandLine) -> None:
    """Its rows are kept; with more time, only the rest is asked."""
    write_suite(rag_eval.folder, SUITE + "[limits]\ntime_s = 0.000001\n")
    done = rag_eval.inside("eval", "run", "light.toml")
    assert done.code == 1
    assert "FAILED the run must be complete; got the limit of 1e-06 s was reached" in done.out
    assert (rag_eval.folder / "eval-runs" / "light.partial.jsonl").is_file()


def test_a_run_that_was_killed_goes_on(rag_eval: CommandLine) -> None:
    """What it had answered is in the next run as it was, down to the time that each answer took."""
    write_suite(rag_eval.folder, "repeats = 20\n" + SUITE)
    partial = rag_eval.folder / "eval-runs" / "light.partial.jsonl"
    with rag_eval.start("eval", "run", "light.toml", "--no-cache") as process:
        while not (partial.is_file() and partial.read_text(encoding="utf-8").count("\n") > 5):
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        process.kill()
        process.communicate()
    kept = [json.loads(line) for line in partial.read_text(encoding="utf-8").split("\n")[1:] if line.endswith("}")]
    assert rag_eval("eval", "run", "light.toml", "--no-cache").code == 0
    (path,) = run_files(rag_eval)
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert (rows[: len(kept)], len(rows)) == (kept, 100)


def test_a_suite_with_documents_of_its_own(rag: CommandLine) -> None:
    """They are indexed beside the runs; the user's index is not touched."""
    write_suite(rag.folder, 'corpus = ["notes"]\n' + SUITE)
    (rag.folder / "notes").mkdir()
    (rag.folder / "notes" / "light.md").write_text(
        "# Light\n\nThe lamp was lit for the first time in 1861. The keeper of the lighthouse is Ann.\n\n"
        "Salt on the glass dims the lamp.\n",
        encoding="utf-8",
    )
    done = rag.inside("eval", "run", "light.toml", "--out", "here")
    assert (done.code, rag.data_dir.exists()) == (0, False)
    assert len(list((rag.folder / "here" / "indexes").iterdir())) == 1


def test_labels(rag: CommandLine) -> None:
    """Texts are labelled, and the run has the figures of a classifier."""
    texts = [
        ("The parcel is late.", "delivery"),
        ("I want my money back.", "refund"),
        ("Where is the courier?", "delivery"),
    ]
    cases = [{"question": text, "label": label} for text, label in texts]
    (rag.folder / "labels.txt").write_text("delivery\nrefund\n", encoding="utf-8")
    (rag.folder / "cases.jsonl").write_text("\n".join(map(json.dumps, cases)), encoding="utf-8")
    (rag.folder / "labels.toml").write_text(
        'task = "label"\nlabels = "labels.txt"\nmetrics = ["label_accuracy"]\n[cases]\nfile = "cases.jsonl"\n'
        "[thresholds]\nlabel_accuracy = { at_least = 0.6 }\nmacro_f1 = { at_least = 0.5 }\n",
        encoding="utf-8",
    )
    done = rag.inside("eval", "run", "labels.toml")
    assert done.code == 0
    assert {"label_accuracy", "macro_f1"} <= {line[0] for line in cells(done)}
    assert ["label", "precision", "recall", "f1", "n"] in cells(done)
    assert ["delivery", "2"] in [[line[0], line[-1]] for line in cells(done)]


def test_a_judge(rag_eval: CommandLine) -> None:
    """It is asked once for each answer; a reply that cannot be read is an error, and lowers the coverage."""
    write_suite(
        rag_eval.folder,
        'judge = "scripted:verdicts.txt"\nmetrics = ["judge_relevance"]\n[cases]\nfile = "cases.jsonl"\n'
        "where = { answerable = true }\n[thresholds]\njudge_relevance = { at_least = 0.5 }\n",
    )
    (rag_eval.folder / "verdicts.txt").write_text('{"reason": "It names the year.", "score": 4}', encoding="utf-8")
    done = rag_eval.inside("eval", "run", "light.toml")
    assert (done.code, cells(done)[4][:5]) == (
        0,
        ["judge_relevance", "0.750", "0.750 to 0.750", "3/3", "≥ 0.5: passed"],
    )
    (path,) = run_files(rag_eval)
    score = json.loads(path.read_text(encoding="utf-8"))["rows"][0]["scores"]["judge_relevance"]
    assert (score["why"], score["details"]["judge"]) == ("It names the year.", "scripted:verdicts.txt")
    (rag_eval.folder / "verdicts.txt").write_text("Fine!", encoding="utf-8")
    again = rag_eval.inside("eval", "run", "light.toml", "--no-cache")
    assert (again.code, cells(again)[4][1:3]) == (1, ["–", "0/3"])
    assert "FAILED judge_relevance: coverage ≥ 1; got 0 of 3 answers have a score" in again.out
    assert "judge_relevance failed: lit and 2 more: The language model scripted:verdicts.txt sent no reply" in again.out


def git(folder: Path, *arguments: str) -> None:
    """Run git without the settings of whoever runs the tests."""
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


def commit(folder: Path) -> None:
    """Make a repository of a folder, with everything in it committed."""
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")


@pytest.mark.parametrize(("rules", "code"), [(WORDS, 0), ("You are a helpful expert.", 1)])
def test_a_change_of_a_prompt_is_judged(rag_on_course: CommandLine, rules: str, code: int) -> None:
    """One that loses its rules is refused, one that puts them in other words is not."""
    folder = rag_on_course.folder
    (folder / "prompts").mkdir()
    (folder / "prompts" / "answer.md").write_text(PROMPT % RULES, encoding="utf-8")
    topics = [
        "mode collapse",
        "a GAN",
        "an autoencoder",
        "the discriminator",
        "the latent space",
        "a denoising autoencoder",
    ]
    cases = [{"question": f"What is {topic}?", "answerable": True} for topic in topics]
    (folder / "cases.jsonl").write_text("\n".join(map(json.dumps, cases)), encoding="utf-8")
    (folder / "gans.toml").write_text(
        'metrics = ["citation_coverage", "citation_support"]\n[cases]\nfile = "cases.jsonl"\n', encoding="utf-8"
    )
    commit(folder)
    (folder / "prompts" / "answer.md").write_text(PROMPT % rules, encoding="utf-8")
    env = {"RAG_LLM": "scripted:instructed", "RAG_PROMPTS_DIR": "prompts"}
    done = rag_on_course.inside("eval", "diff", "gans.toml", "--base", "HEAD", "--out", "../runs", env=env)
    assert done.code == code, done.out + done.err
    assert ("REFUSED citation_coverage: worse" in done.out) == bool(code)
    assert ("lost by citation_coverage: " in done.out) == bool(code)
    revisions = [path.name.split("-")[1] for path in run_files(rag_on_course, "../runs")]
    assert revisions == ["base", "head"]


def test_a_revision_without_the_suite(rag_eval: CommandLine) -> None:
    """The suite of today is run twice, which is said; so is that the prompts are not in the repository."""
    (rag_eval.folder / "README").write_text("first\n", encoding="utf-8")
    git(rag_eval.folder, "init", "--quiet")
    git(rag_eval.folder, "add", "README")
    git(rag_eval.folder, "commit", "--quiet", "-m", "first")
    done = rag_eval.inside("eval", "diff", "light.toml", "--base", "HEAD", "--json")
    found = json.loads(done.out)
    assert (done.code, found["passed"]) == (0, True)
    assert found["comparisons"][0]["notes"] == [
        "The revision has no folder of prompts: both runs use those of today.",
        "The revision has no such suite: the one of today is run with its prompts.",
    ]


def test_a_suite_that_asks_for_less_says_so(rag_eval: CommandLine) -> None:
    """A metric that is left out, and a threshold that is another one, are no way around the gate in silence."""
    (rag_eval.folder / ".gitignore").write_text("eval-runs\n", encoding="utf-8")
    commit(rag_eval.folder)
    write_suite(rag_eval.folder, SUITE.replace('"citation_support", ', "").replace("0.2", "0.9"))
    done = rag_eval.inside("eval", "diff", "light.toml", "--base", "HEAD", "--json")
    assert json.loads(done.out)["comparisons"][0]["notes"][1:] == [
        "Metrics of the revision that the suite of today leaves out: citation_support.",
        "The thresholds of today are not those of the revision.",
    ]
    broken = rag_eval.folder / "light.toml"
    broken.write_text("metrics = [", encoding="utf-8")
    git(rag_eval.folder, "commit", "--quiet", "-am", "broken")
    write_suite(rag_eval.folder, SUITE)
    done = rag_eval.inside("eval", "diff", "light.toml", "--base", "HEAD")
    assert re.match(r"rag: At [0-9a-f]+, light\.toml:1: the suite must be TOML", done.err)


def test_the_ready_workflow_runs_a_command_that_exists() -> None:
    """On a suite that is there, with the prompts of the repository."""
    (job,) = yaml.safe_load((ROOT / "docs" / "workflows" / "eval.yml").read_text(encoding="utf-8"))["jobs"].values()
    (step,) = [step for step in job["steps"] if "rag eval" in step.get("run", "")]
    words = shlex.split(step["run"])
    parsed = build_parser("eval").parse_args(words[1:])
    assert (parsed.action, parsed.markdown, parsed.html) == ("diff", "eval.md", "eval.html")
    assert (ROOT / parsed.suite).is_file()
    assert (ROOT / step["env"]["RAG_PROMPTS_DIR"] / "answer.md").is_file()


def test_estimate(rag_eval: CommandLine) -> None:
    """Without asking anybody; an unknown price is said to be unknown, and cannot be limited."""
    done = rag_eval.inside("eval", "estimate", "light.toml")
    assert cells(done)[1] == ["default", "extractive", "0", "0", "0", "0", "0.0000"]
    env = {"RAG_LLM": "openai:unheard-of", "RAG_LLM_BASE_URL": "http://127.0.0.1:9/v1"}
    done = rag_eval.inside("eval", "estimate", "light.toml", env=env)
    assert (done.code, cells(done)[1][-1]) == (0, "unknown")
    assert done.out.endswith("and what has no known price\n")
    done = rag_eval.inside("eval", "run", "light.toml", "--max-cost", "1", env=env)
    assert done.code == 2
    assert "rag: The limit of cost cannot be kept: the price of openai:unheard-of is unknown. Name it" in done.err
    found = json.loads(rag_eval.inside("eval", "estimate", "light.toml", "--json").out)
    assert (found[0]["what"], found[0]["cost"]) == ("default", 0.0)


def test_lists(rag: CommandLine) -> None:
    """Of suites and metrics; one metric with everything that its card says."""
    names = {line[0] for line in cells(rag.inside("eval", "list"))}
    assert {"course", "abstention", "injection"} <= names
    assert {one["name"] for one in json.loads(rag.inside("eval", "list", "--json").out)} == names - {"suite"}
    done = rag.inside("eval", "metrics")
    assert ["false_answer", "0 to 1", "lower"] in cells(done)
    card = rag.inside("eval", "metrics", "ndcg", "latency_s").out
    assert card.startswith("ndcg\n    Normalised discounted cumulative gain")
    assert "\n    misses: That some places answer better than others." in card
    assert "lower is better; advisory" in card
    (found,) = json.loads(rag.inside("eval", "metrics", "ndcg", "--json").out)
    assert (found["name"], found["direction"]) == ("ndcg", "higher")


MISTAKES: list[tuple[Sequence[str], str]] = [
    (["run", "cuorse"], "There is no suite named 'cuorse'. Did you mean course"),
    (["run", "none.toml"], "The suite must be a TOML file; none.toml cannot be read: no such file or directory."),
    (["run", "light.toml", "--baseline", "none.json"], "none.json must be a run file; it cannot be read: no such file"),
    (
        ["run", "light.toml", "--max-cost", "0"],
        "argument --max-cost: must be a positive number; got '0'. Run: rag eval run",
    ),
    (["compare", "light.toml"], "RUN_B must be a second run, or --a and --b two variants of the first; got light.toml"),
    (
        ["compare", "light.toml", "light.toml"],
        "light.toml must be a run file; it holds something else. Make one with: rag eval run",
    ),
    (["report", "none.json"], "none.json must be a run file; it cannot be read: no such file or directory."),
    (
        ["diff", "light.toml", "--base", "HEAD"],
        "The suite must stand in a git repository that can be read; git says: fatal: not",
    ),
    (["metrics", "ndgc"], "There is no metric named 'ndgc'. Did you mean ndcg"),
    ([], "the following arguments are required: ACTION. Run: rag eval --help"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES)
def test_a_mistake_is_one_sentence(rag_eval: CommandLine, arguments: list[str], message: str) -> None:
    """Before anything is asked."""
    done = rag_eval.inside("eval", *arguments)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith(f"rag: {message}")


def test_before_there_is_an_index(rag: CommandLine) -> None:
    """The command that makes one is named."""
    write_suite(rag.folder, SUITE)
    done = rag.inside("eval", "run", "light.toml")
    assert done == Transcript(2, "", f"rag: There is no index in {rag.data_dir}. Run: rag ingest\n")
