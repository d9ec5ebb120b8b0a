"""``rag doctor``."""

from __future__ import annotations

import argparse

from rag_app.cli.terminal import console, print_json, table

_HEALTHY, _ILL = 0, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each check; exit code 2 if something must be changed."""
    from rag_app.cli.diagnosis import diagnose

    findings = diagnose()
    ill = [f for f in findings if not f.ok]
    if arguments.json:
        print_json([{"check": f.check, "ok": f.ok, "result": f.result, "hint": f.hint} for f in findings])
        return _ILL if ill else _HEALTHY
    out = console()
    table(out, [{"check": f.check, "": "ok" if f.ok else "WRONG", "result": f.result} for f in findings])
    for finding in ill:
        out.print(f"{finding.check}: {finding.hint}", style="red")
    out.print("Nothing must be changed." if not ill else f"To be changed: {len(ill)}.")
    return _ILL if ill else _HEALTHY
