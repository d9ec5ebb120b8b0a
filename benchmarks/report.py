"""Prints figures as a table and writes them as JSON beside the scripts."""

from __future__ import annotations

import json
import platform
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_RESULTS = Path(__file__).with_name("results")


def write_report(name: str, rows: Sequence[Mapping[str, Any]], **about: Any) -> None:  # noqa: ANN401  (what JSON holds)
    """Print rows and write them to ``results/<name>.json`` with what they were measured on."""
    columns = list(rows[0])
    cells = [[_shown(row[c]) for c in columns] for row in rows]
    lines = [columns, ["---"] * len(columns), *cells]
    print("\n".join("| " + " | ".join(line) + " |" for line in lines))
    machine = {"python": platform.python_version(), "machine": platform.machine(), "system": platform.system()}
    _RESULTS.mkdir(exist_ok=True)
    document = {"benchmark": name, "machine": machine, **about, "rows": list(rows)}
    (_RESULTS / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def spread(values: Sequence[float]) -> str:
    """Return the median with minimum and maximum."""
    return f"{statistics.median(values):.3g} ({min(values):.3g}–{max(values):.3g})"


def _shown(value: Any) -> str:  # noqa: ANN401  (what JSON holds)
    return f"{value:.6g}" if isinstance(value, float) else str(value)
