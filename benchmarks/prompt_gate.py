"""Whether ``rag eval diff`` refuses a worse prompt and accepts one in other words.

Usage: prompt_gate.py [EVERY]. Asks each EVERY-th question of the course (default: 4) with the packaged prompt and with
each change of ``evals/demonstration``. Without ``RAG_LLM``, the stand-in ``scripted:instructed`` answers; set it (and
``RAG_LLM_BASE_URL``) to see a real language model judged.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from report import write_report

from rag_app.content import content_dir

SUITE = "prompt-change"
EXPECTED = {"worse": 1, "reworded": 0}


def main() -> None:
    """Judge both changes and report."""
    every = sys.argv[1] if len(sys.argv) > 1 else "4"
    llm = os.environ.get("RAG_LLM", "scripted:instructed")
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder) / "repository"
        make_repository(repository, every)
        rows = [row for change in EXPECTED for row in judge(repository, change, llm)]
    write_report(f"prompt_gate_{llm.partition(':')[2].rpartition('/')[2].replace('.', '_')}", rows, llm=llm)


def make_repository(repository: Path, every: str) -> None:
    """Commit the packaged prompt, the suite and its cases."""
    evals = content_dir("evals")
    for name in ("suites", "data/course"):
        (repository / "evals" / name).mkdir(parents=True)
    shutil.copytree(content_dir("prompts"), repository / "prompts")
    shutil.copy(evals / "data" / "course" / "cases.jsonl", repository / "evals" / "data" / "course")
    suite = (evals / "suites" / f"{SUITE}.toml").read_text(encoding="utf-8").replace("every = 4", f"every = {every}")
    (repository / "evals" / "suites" / f"{SUITE}.toml").write_text(suite, encoding="utf-8")
    git(repository, "init", "--quiet")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "The prompt as it is")


def judge(repository: Path, change: str, llm: str) -> list[dict[str, Any]]:
    """Return a row for each metric of a change, and undo it."""
    shutil.copy(content_dir("evals") / "demonstration" / change / "answer.md", repository / "prompts")
    done = subprocess.run(
        [sys.executable, "-m", "rag_app", "eval", "diff", f"evals/suites/{SUITE}.toml", "--base", "HEAD", "--json"],
        cwd=repository,
        env={**os.environ, "RAG_LLM": llm, "RAG_PROMPTS_DIR": "prompts"},
        stdout=subprocess.PIPE,
        check=False,
    )
    git(repository, "checkout", "--quiet", "--", "prompts")
    verdict = {0: "accepted", 1: "refused"}.get(done.returncode, f"exit code {done.returncode}")
    as_expected = done.returncode == EXPECTED[change]
    return [
        {
            "change": change,
            "gate": verdict,
            "as expected": as_expected,
            "metric": d["metric"],
            "n": d["n_cases"],
            "before": d["mean_a"],
            "after": d["mean_b"],
            "better by": d["gain"],
            "low": d["low"],
            "high": d["high"],
            "p": d["p_adjusted"],
            "verdict": d["verdict"],
        }
        for comparison in json.loads(done.stdout)["comparisons"]
        for d in comparison["differences"]
        if d["verdict"] != "advisory"
    ]


def git(folder: Path, *arguments: str) -> None:
    """Run git with a name of our own."""
    identity = ["-c", "user.name=benchmark", "-c", "user.email=benchmark@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True)


if __name__ == "__main__":
    main()
