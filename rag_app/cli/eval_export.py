"""``rag eval export``: the answers of a run as a data set that ragas reads, and that takes labels."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", metavar="RUN", help="a run file, as `rag eval run` writes it")
    parser.add_argument("out", metavar="OUT", help="the file to write, .jsonl")


def run(arguments: argparse.Namespace) -> int:
    """Write the file."""
    from rag_app.cli.terminal import console
    from rag_app.evaluation.labelled import render_dataset
    from rag_app.evaluation.runs import load_run, write_whole

    text = render_dataset(load_run(Path(arguments.run)))
    write_whole(text, Path(arguments.out))
    out = console()
    out.print(f"wrote {text.count(chr(10))} answers into {arguments.out}")
    out.print("To compare a metric with your own labels, fill in label (1 good, 0 bad), then run:", style="dim")
    out.print(f"rag eval align judge_faithfulness {arguments.out} --run {arguments.run}", style="dim")
    return 0
