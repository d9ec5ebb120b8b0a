"""The page in a real browser: ask, open a citation, go on, classify, run a tool, read a report."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from support.answers import app_on
from support.browser import Page, open_browser
from support.eval_runs import lamps
from support.service import running, serving

from rag_app.evaluation.runs import save_run
from rag_app.service.api import create_service

_PATIENCE_S = 30.0
_VISITS = itertools.count()


@pytest.fixture(scope="module")
def page_url(course_dir: Path, tmp_path_factory) -> Iterator[str]:
    """A service whose folder of evaluation runs holds one."""
    runs = tmp_path_factory.mktemp("runs")
    save_run(lamps(), runs / "shown.json")
    with running(app_on(course_dir), runs_dir=runs) as url:
        yield url


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[Page]:
    """One browser for all tests."""
    with open_browser(tmp_path_factory.mktemp("browser") / "profile") as page:
        yield page


@pytest.fixture
def page(browser: Page, page_url: str) -> Iterator[Page]:
    """The page as a newcomer sees it; nothing may go wrong in it, and nothing come from elsewhere."""
    browser.errors.clear()
    browser.requests.clear()
    browser.look_as(1280, 800)
    visit = f"?{next(_VISITS)}"
    browser.open(f"{page_url}/web/{visit}")
    _wait(browser, f"location.search === '{visit}' && document.readyState === 'complete'")
    yield browser
    assert browser.errors == []
    hosts = {urlsplit(address).netloc for address in browser.requests if address.startswith("http")}
    assert hosts == {urlsplit(page_url).netloc}


def _wait(page: Page, condition: str) -> None:
    ends = time.monotonic() + _PATIENCE_S
    while not page.run(condition):
        assert time.monotonic() < ends, condition
        time.sleep(0.05)


def _ask(page: Page, question: str) -> None:
    page.run("document.getElementById('question').focus()")
    page.write(question)
    page.press("Enter")
    _wait(page, "document.querySelector('.answer:last-of-type .opinion') !== null")


def _text(page: Page, selector: str) -> str:
    return str(page.run(f"document.querySelector({selector!r}).textContent"))


def test_asks_and_opens_a_citation(page: Page):
    """A question typed and sent by the keyboard is answered; a number opens the source with the quotation marked."""
    _ask(page, "What is mode collapse?")
    assert "mode collapse" in _text(page, ".answer .text").lower()
    quote = page.run("document.querySelector('.answer .marker').title")
    page.run("document.querySelector('.answer .marker').focus()")
    page.press("Enter")
    _wait(page, "document.querySelector('#source mark') !== null")
    assert _text(page, "#source mark") == quote
    assert page.run("document.activeElement.id") == "source-name"
    page.run("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape'}))")
    assert page.run("document.getElementById('source').hidden")
    assert page.run("document.activeElement.className") == "marker"


def test_asks_where_the_service_is_mounted_under_a_path(browser: Page, course_dir: Path):
    """The page of a service inside another program asks that service, and its front door leads to it."""
    service = create_service(app_on(course_dir))
    program = FastAPI(lifespan=service.router.lifespan_context)
    program.mount("/course", service)
    browser.errors.clear()
    with serving(program) as url:
        browser.open(f"{url}/course/")
        _wait(browser, "location.pathname === '/course/web/' && document.readyState === 'complete'")
        _ask(browser, "What is mode collapse?")
        assert "mode collapse" in _text(browser, ".answer .text").lower()
    assert browser.errors == []


def test_follows_up(page: Page):
    """A second question is understood by the first; what is offered next is a question that can be clicked."""
    _ask(page, "What is mode collapse?")
    _ask(page, "How is it avoided?")
    assert "mode collapse" in _text(page, ".answer:last-of-type > .quiet").lower()
    assert page.run("document.querySelectorAll('.chips').length") <= 1


def test_opinion_is_kept(page: Page):
    """A thumb is answered by a thank-you."""
    _ask(page, "What is mode collapse?")
    page.run("document.querySelector('.opinion button').click()")
    _wait(page, "document.querySelector('.opinion [role=status]').textContent !== ''")
    assert _text(page, ".opinion [role=status]").startswith("Thank you")


def test_what_is_not_answered_says_so(page: Page):
    """A question that the documents do not answer gets no citation."""
    _ask(page, "How do I bake sourdough bread with rye flour?")
    assert _text(page, ".answer .text") == "No answer found."
    assert page.run("document.querySelectorAll('.marker').length") == 0


def test_nothing_said_becomes_markup(page: Page):
    """A question that holds HTML is shown as it was typed."""
    _ask(page, "<img src=x onerror=alert(1)> What is mode collapse?")
    assert _text(page, ".question").startswith("<img")
    assert page.run("document.querySelectorAll('#conversation img').length") == 0


def test_classifies(page: Page):
    """The texts of the form get the labels of the form."""
    page.run("location.hash = '#classify'")
    _wait(page, "!document.getElementById('page-classify').hidden")
    page.run("document.getElementById('classify-form').requestSubmit()")
    _wait(page, "document.querySelectorAll('#classified tbody tr').length === 3")
    found = page.run(
        "[...document.querySelectorAll('#classified td:nth-child(2)')].map((cell) => cell.firstChild.textContent)"
    )
    assert found == ["delivery", "billing", "account"]


def test_runs_a_tool(page: Page):
    """A tool's form comes with an example, which runs; a mistake is said in a sentence."""
    page.run("location.hash = '#tools/f1_score'")
    _wait(page, "document.querySelector('.tool-form') !== null")
    page.run("document.querySelector('.tool-form').requestSubmit()")
    _wait(page, "document.querySelector('.result .number') !== null")
    assert float(_text(page, ".result .number")) == pytest.approx(2 / 3)
    page.run("document.getElementById('argument-y_pred').value = '[1'")
    page.run("document.querySelector('.tool-form').requestSubmit()")
    _wait(page, "document.querySelector('.result .problem') !== null")
    assert _text(page, ".result .problem").startswith("y_pred must be")


def test_draws_a_tool(page: Page):
    """A tool that has a picture shows it."""
    page.run("location.hash = '#tools/confusion_matrix'")
    _wait(page, "document.querySelector('.tool-form') !== null")
    page.run("document.querySelector('.tool-form').requestSubmit()")
    _wait(page, "(document.querySelector('.result img') ?? {}).naturalWidth > 100")


def test_shows_the_latest_report(page: Page):
    """The report of the latest evaluation run is shown in a frame, where its own script runs."""
    page.run("location.hash = '#evaluation'")
    _wait(page, "!document.getElementById('report').hidden")
    assert "<script" in page.run("document.getElementById('report').srcdoc")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["ask", "classify", "tools/perplexity", "evaluation"])
def test_fits_a_phone(page: Page, name: str, scheme: str):
    """On a phone nothing is wider than the screen, in light and in dark."""
    page.look_as(360, 700, scheme)
    page.run(f"location.hash = '#{name}'")
    _wait(page, f"!document.getElementById('page-{name.partition('/')[0]}').hidden")
    assert page.run("document.documentElement.scrollWidth") <= 360
    assert page.run("document.querySelector('main').scrollWidth") <= 360
