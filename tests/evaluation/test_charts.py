"""Charts: what is drawn where, and that no text becomes markup."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from rag_app.evaluation.charts import Axes, render_curves, render_histogram, render_history

UNIT = Axes("Risk", "coverage", "risk", (0, 1), (0, 1))


def parts(svg: str, tag: str) -> list[ET.Element]:
    """Return the elements of a kind; the picture must be well-formed."""
    return ET.fromstring(svg).findall(tag)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in parts(svg, "text")]


def test_bars_are_as_high_as_their_share():
    """Three of four values in the first bin, one in the last: the first bar is three times as high."""
    first, last = parts(render_histogram("recall", {"one": [0.0, 0.0, 0.05, 1.0]}, 0.0, 1.0), "rect")
    assert float(first.get("height")) == pytest.approx(3 * float(last.get("height")), rel=0.01)
    assert float(first.get("x")) < float(last.get("x"))


def test_bars_of_several_stand_side_by_side():
    """In a bin of its own colours; each has a name below."""
    svg = render_histogram("recall", {"base": [0.0], "head": [0.0]}, 0.0, 1.0)
    bars = [bar for bar in parts(svg, "rect") if float(bar.get("height")) > 9]
    assert [bar.get("class") for bar in bars] == ["s0", "s1"]
    assert float(bars[0].get("x")) + float(bars[0].get("width")) == pytest.approx(float(bars[1].get("x")), abs=0.2)
    assert {"base", "head"} <= set(texts(svg))


@pytest.mark.parametrize("values", [[2.5], [-1.0, 3.0], [0.0, 0.0]])
def test_open_ranges_end_at_the_values(values: list[float]):
    """One value alone and values below zero too."""
    assert parts(render_histogram("seconds", {"one": values}, None, None), "rect")


def test_a_curve_goes_through_its_points():
    """From the lower left to the upper right corner of the plot."""
    (line,) = parts(render_curves(UNIT, {"one": [(0, 0), (1, 1)]}), "polyline")
    (x1, y1), (x2, y2) = (map(float, point.split(",")) for point in line.get("points").split())
    assert x1 < x2
    assert y1 > y2


def test_history_leaves_gaps():
    """A run without a mean has no point; a single run and equal means are drawn too."""
    assert len(parts(render_history("recall", ["a", "b", "c"], {"one": [0.1, None, 0.3]}), "circle")) == 2
    assert len(parts(render_history("recall", ["a"], {"one": [0.0]}), "circle")) == 1
    assert "b" in texts(render_history("recall", ["a", "b"], {"one": [0.5, 0.5]}))


def test_dates_do_not_overlap():
    """Of twelve runs, at most four are named."""
    names = [f"2026-{month:02}-01" for month in range(1, 13)]
    shown = set(texts(render_history("recall", names, {"one": [0.1] * 12}))) & set(names)
    assert 1 < len(shown) <= 4


def test_names_are_text():
    """Markup in a title, a label or a name of a series stays what it is: text."""
    evil = '<script>alert("x")</script>&'
    svg = render_curves(Axes(evil, evil, evil, (0, 1), (0, 1)), {evil: [(0, 0)], "other": [(1, 1)]})
    assert "<script" not in svg
    assert texts(svg).count(evil) == 4
