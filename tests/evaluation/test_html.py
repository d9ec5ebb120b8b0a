"""The HTML report: one file that shows everything, loads nothing, and runs nothing but its own script."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support.browser import Page, open_browser
from support.eval_runs import answer, lamps, row, run

from rag_app.errors import InvalidInputError
from rag_app.evaluation.html import render_page
from rag_app.evaluation.scores import failed, scored

EVIL = (
    '</script><script>document.title="owned"</script><img src="http://127.0.0.1:1/x" onerror="document.title=1">{{7*7}}'
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory):
    """A tab of a browser, for all tests of the module."""
    with open_browser(tmp_path_factory.mktemp("browser") / "profile") as opened:
        yield opened


def show(page: Page, folder: Path, *runs) -> None:
    """Open the report of runs from disk."""
    path = folder / "report.html"
    path.write_text(render_page(runs), encoding="utf-8")
    page.errors.clear()
    page.requests.clear()
    page.look_as(1200, 900)
    page.open(path.as_uri())


def cases(page: Page) -> list[str]:
    """Return the questions that are shown."""
    return page.run("[...document.querySelectorAll('.case > summary')].map(s => s.lastChild.textContent)")


def choose(page: Page, name: str, value: str) -> None:
    """Choose a value of a list, as a person does."""
    page.run(f"(e => {{ e.value = {json.dumps(value)}; e.dispatchEvent(new Event('change')); }})({name})")


def test_it_is_one_file_that_asks_for_nothing():
    """No address in it is loaded; its policy allows its own script and style alone."""
    text = render_page([lamps(), lamps(better=0.1)])
    assert not re.search(r"""(?:src|href|action|url)\s*[=(]""", text.replace("querySelector", ""))
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_texts_of_a_run_are_no_markup():
    """Names, questions, answers, passages, notes, reasons: all of it is data."""
    bad = answer(EVIL, "The keeper")
    bad |= {"notes": [EVIL], "llm": EVIL, "retrieved": [{"text": EVIL, "source": EVIL, "locator": {"heading": [EVIL]}}]}
    case = {"answer": EVIL, "evidence": (EVIL,), "source": EVIL}
    evil = run([row(1, EVIL, bad, {"recall": scored(1, EVIL, unsupported=[EVIL])}, case=case, error=EVIL)])
    text = render_page([run(evil.rows, suite={"name": EVIL, "description": EVIL}, stopped=EVIL, began=EVIL), evil])
    assert text.count("<script") == 2
    assert "<img" not in text


def test_no_run_is_refused():
    """There is nothing to show."""
    with pytest.raises(InvalidInputError, match="runs must hold at least one run; got none"):
        render_page([])


def test_runs_are_shown_with_their_figures():
    """Means with their interval, answers scored and failed; errors and missed thresholds stand out."""
    values = (0.25, 0.75, failed("The judge failed."))
    rows = [row(i, "v", answer("A."), {"recall": value}) for i, value in enumerate(values)]
    bound = {"at_least": 0.9, "at_most": None, "margin": 0.0, "min_coverage": 0.5}
    text = render_page([run(rows, suite={"name": "lamps", "thresholds": {"recall": bound}})])
    shown = re.search(r'<th scope="row"[^>]*>recall</th>(.*?)</tr>', text)[1]
    assert re.findall(r"<td[^>]*>(.*?)</td>", shown)[:3] == ["0.500", "0.250 to 0.750", "2/3"]
    assert '<td class="worse">2/3</td>' in shown
    assert ": FAILED</td>" in shown


def test_two_runs_are_compared():
    """By how much the second is better, how sure that is, and the verdict in its colour; the other way round too."""
    one, two = (run([row(i, "v", answer("A."), {"recall": value}) for i in range(12)]) for value in (0.25, 0.75))
    text = render_page([one, two])
    assert '<h2 id="b-against-a">B against A</h2>' in text
    assert "<td>+0.500</td>" in text
    assert '<td class="better">better</td>' in text
    assert '<td class="worse">worse</td>' in render_page([two, one])


def test_metrics_are_explained():
    """What each measures, misses, and how far it agrees with people: for the figures of the whole run too."""
    text = render_page([lamps()])
    assert '<th scope="row">false_answer ↓</th><td>Wrongly answered.</td><td>Harm.</td><td>not measured</td>' in text
    assert '<th scope="row">gate_auroc ↑</th>' in text


def test_runs_without_a_common_case_are_not_compared():
    """The page says so."""
    one, two = run([row(1, "v", answer("A."), {"recall": 1.0})]), run([row(2, "v", answer("A."), {"recall": 1.0})])
    assert "The runs must have cases in common; they have none." in render_page([one, two])


def test_pictures_are_drawn_where_there_is_something_to_draw():
    """Distributions and risk of each; the history of several runs; none of a run without scores."""
    assert render_page([lamps()]).count("<svg") == 3
    assert "History" not in render_page([lamps()])
    assert "History" in render_page([lamps(), lamps(), lamps()])
    assert "<svg" not in render_page([run([row(1, "v", answer("A."), {})])])


def test_a_run_keeps_its_colour_where_the_other_has_no_score():
    """And the picture names both."""
    one = run([row(1, "v", answer("A."), {})])
    two = run([row(1, "v", answer("A."), {"recall": 1.0})])
    page = render_page([one, two])
    assert page.count('<rect class="s1"') == 2  # its bar, and its name below
    assert ">A</text>" in page


def test_it_shows_the_cases(page: Page, tmp_path: Path):
    """All of them, without an error and without a request but for the file itself."""
    show(page, tmp_path, lamps())
    assert cases(page) == [f"Question {i}?" for i in range(6)]
    assert page.run("document.getElementById('count').textContent") == "6 of 6 cases"
    assert page.errors == []
    assert [address for address in page.requests if not address.startswith("file:")] == []


def test_a_case_opens_with_its_answers_marked(page: Page, tmp_path: Path):
    """Reference, evidence, reasons; the passage with what is cited; the unsupported sentence of the answer."""
    show(page, tmp_path, lamps(), lamps(better=0.3))
    page.run("document.querySelectorAll('.case > summary')[1].click()")
    text = page.run("document.querySelectorAll('.case')[1].innerText")
    assert "Reference: The keeper." in text
    assert "2 of 10." in text
    assert page.run("document.querySelectorAll('.case')[1].querySelectorAll('.answer').length") == 2
    assert page.run("document.querySelector('mark.doubted').textContent") == "It burnt gas."
    assert page.run("document.querySelector('mark.cited.wanted').textContent") == "The keeper lit the lamp at dusk 🕯."


def test_cases_are_filtered(page: Page, tmp_path: Path):
    """By words, kind, and what became of them."""
    show(page, tmp_path, lamps())
    choose(page, "show", "refused")
    assert cases(page) == ["Question 0?", "Question 3?"]
    choose(page, "kind", "even")
    assert cases(page) == ["Question 0?"]
    choose(page, "kind", "all kinds")
    choose(page, "show", "with an error")
    assert cases(page) == ["Question 5?"]
    choose(page, "show", "with an unsupported sentence")
    assert cases(page) == ["Question 1?"]
    choose(page, "show", "all cases")
    page.run("search.focus()")
    page.write("ANSWER 4")
    assert cases(page) == ["Question 4?"]


def test_cases_are_sorted(page: Page, tmp_path: Path):
    """By the metric that is chosen; cases without a value come last, either way."""
    show(page, tmp_path, lamps(), lamps(better=-0.1))
    choose(page, "order", "highest value first")
    assert cases(page)[:3] == ["Question 4?", "Question 2?", "Question 1?"]
    choose(page, "order", "lowest value first")
    assert cases(page)[:3] == ["Question 1?", "Question 2?", "Question 4?"]
    choose(page, "show", "lost by the last column")
    assert cases(page) == ["Question 1?", "Question 2?", "Question 4?"]
    choose(page, "metric", "false_answer")
    assert cases(page) == []


def test_many_cases_come_in_portions(page: Page, tmp_path: Path):
    """Fifty at first, the next fifty on demand."""
    show(page, tmp_path, lamps(120))
    assert len(cases(page)) == 50
    page.run("more.click()")
    page.run("more.click()")
    assert len(cases(page)) == 120
    assert page.run("more.hidden") is True


def test_the_keyboard_is_enough(page: Page, tmp_path: Path):
    """From the search, Tab leads through the lists to the first case, and Enter opens it."""
    show(page, tmp_path, lamps())
    page.run("search.focus()")
    for _ in range(5):
        page.press("Tab")
    assert page.run("document.activeElement.tagName") == "SUMMARY"
    page.press("Enter")
    assert page.run("document.activeElement.parentElement.open") is True


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_in_light_and_dark(page: Page, tmp_path: Path, scheme: str):
    """Nothing is wider than 360 pixels, and text stands out from its ground as WCAG asks (4.5 to 1)."""
    show(page, tmp_path, lamps(), lamps())
    page.look_as(360, 640, scheme)
    page.run("document.querySelectorAll('.case > summary')[1].click()")
    page.run("document.querySelectorAll('.answer details').forEach(d => d.open = true)")
    assert page.run("document.documentElement.scrollWidth") <= 360
    contrast = """((selector) => {
      const light = (rgb) => rgb.map(c => c / 255).map(c => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
      const parse = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
      const ground = (e) => { const c = getComputedStyle(e).backgroundColor;
        return c === "rgba(0, 0, 0, 0)" ? ground(e.parentElement) : parse(c); };
      return Math.min(...[...document.querySelectorAll(selector)].map((e) => {
        const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))];
        return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
      }));
    })("p, th, td, mark, summary, .note, .error, blockquote, .better, .worse, .values")"""
    assert page.run(contrast) >= 4.5


def test_poison_stays_text_in_a_browser(page: Page, tmp_path: Path):
    """It is shown letter by letter; nothing is run, nothing is asked for."""
    case = {"answer": EVIL, "evidence": (EVIL,), "source": EVIL}
    said = {**answer(EVIL), "retrieved": [{"text": EVIL, "source": EVIL, "locator": {}}], "notes": [EVIL]}
    show(
        page, tmp_path, run([row(1, "v", said, {"recall": scored(1, EVIL, raw=EVIL)}, case=case)], suite={"name": EVIL})
    )
    page.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert EVIL in page.run("document.querySelector('.answer .text').textContent")
    assert page.run("document.images.length") == 0
    assert page.run("document.title") != "owned"
    assert page.errors == []
    assert [address for address in page.requests if not address.startswith("file:")] == []
