"""``rag eval estimate``."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rag_app.cli import eval_workplace
from rag_app.cli.terminal import console, print_json, table

if TYPE_CHECKING:
    from rag_app.evaluation.estimates import Estimate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("suite", metavar="SUITE", help="the name of a shipped suite, or a .toml file")
    eval_workplace.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Estimate what a suite costs: retrieval runs, but no language model is asked."""
    from rag_app.evaluation.estimates import Probe, estimate
    from rag_app.llms.scripted import ScriptedChat

    suite = eval_workplace.load_suite(arguments)
    workplace = eval_workplace.Workplace(Path(arguments.out), not arguments.no_cache)
    probes = {}
    for variant in suite.variants:
        llm = ScriptedChat(replies=["No answer found."])
        probes[variant.name] = Probe(workplace.subject(suite, variant, llm), llm, workplace.settings(suite, variant))
    found = estimate(suite, probes, workplace.cache)
    if arguments.json:
        print_json([asdict(one) for one in found])
        return 0
    out = console()
    table(out, [_row(one) for one in found])
    known = [one.cost for one in found if one.cost is not None]
    total = f"at most US$ {sum(known):.4f}"
    out.print(total if len(known) == len(found) else f"{total}, and what has no known price")
    return 0


def _row(one: Estimate) -> dict[str, str]:
    return {
        "what": one.what,
        "llm": one.llm,
        "calls": str(one.n_calls),
        "cached": str(one.n_cached),
        "input tokens": str(one.input_tokens),
        "output tokens, at most": str(one.output_tokens),
        "US$, at most": "unknown" if one.cost is None else f"{one.cost:.4f}",
    }
