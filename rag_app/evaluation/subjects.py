"""What is put to the test: an application that answers questions or labels texts, and what its answers depend on."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rag_app.evaluation.cases import Case
from rag_app.llms.prices import cost_of, load_prices
from rag_app.prompting.templates import list_prompts, load_prompt

if TYPE_CHECKING:
    from rag_app.chains.classifier import TextClassifier
    from rag_app.chains.gate import Threshold
    from rag_app.index.library import Library
    from rag_app.reading.evidence import Evidence
    from rag_app.settings import Settings
    from rag_app.types import Answer, Passage

_PACKAGE = Path(__file__).resolve().parent.parent
WITHOUT_ANSWERS = frozenset(("cli", "evaluation", "service", "_content"))
"""Packages in which no answer is made."""
_ELSEWHERE = ("data_dir", "database_url", "prompts_dir", "llm_timeout_s", "llm_prices", "llm_requests_per_minute")
"""Settings that do not change an answer, or are looked at by their content."""
_FREE = frozenset(("extractive", "scripted", "gguf"))
"""Providers that work in this process."""


class Application(Protocol):
    """What of `rag_app.app.App` is put to the test."""

    @property
    def settings(self) -> Settings: ...  # noqa: D102
    @property
    def library(self) -> Library: ...  # noqa: D102
    @property
    def threshold(self) -> Threshold: ...  # noqa: D102
    def ask(self, question: str, messages: Sequence[Any] | None = None) -> Answer: ...  # noqa: D102
    def evidence(self, question: str) -> Evidence: ...  # noqa: D102
    def search(self, question: str) -> list[Passage]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Reply:
    """What an application said to a case.

    Parameters
    ----------
    answer : mapping
        What ``rag ask --json`` prints.
    latency_s : float
        Seconds it took.
    cost : float or None
        US dollars; None where it is unknown.
    strength : float or None
        Of the evidence.
    prompts : mapping of str to str
        Hashes of the prompts that were sent, by name.
    """

    answer: Mapping[str, Any]
    latency_s: float
    cost: float | None = 0.0
    strength: float | None = None
    prompts: Mapping[str, str] = field(default_factory=dict)

    @property
    def usage(self) -> dict[str, int]:
        """Tokens as the provider reported them."""
        return dict(self.answer.get("usage") or {})


class Subject(Protocol):
    """What a suite is run on."""

    @property
    def strength(self) -> bool:
        """Whether a reply has the strength of the evidence."""
        ...

    def reply(self, case: Case) -> Reply:
        """Return what is said to a case."""
        ...

    def key(self, case: Case) -> dict[str, Any]:
        """Return what a reply depends on besides prompts, as JSON."""
        ...

    def prompts(self) -> dict[str, str]:
        """Return the hashes of the prompts that may be sent, by name."""
        ...


class Answering:
    """An application that answers the questions of cases.

    Parameters
    ----------
    app : Application
        Whose index exists.
    strength : bool, default=False
        Whether the strength of the evidence is asked for too.
    """

    def __init__(self, app: Application, *, strength: bool = False) -> None:
        self.strength = strength
        self._app = app
        self._made_by = {"task": "answer", "index": index_hash(app), **_made_by(app.settings)}
        self._prompts = {} if app.settings.llm == "extractive" else prompt_hashes(app.settings.prompts_dir)

    def reply(self, case: Case) -> Reply:
        """Return the answer to the question of a case."""
        messages = case.fields.get("messages")
        began = time.perf_counter()
        answer = self._app.ask(case.question, messages).to_json()
        latency_s = time.perf_counter() - began
        strength = self._app.evidence(case.question).strength if self.strength else None
        sent = [str(answer["prompt"]).partition("@")[0]] if answer["prompt"] else []
        sent += ["condense_question"] if messages and self._prompts else []
        cost = cost_usd(self._app.settings, answer["usage"]) if sent else 0.0
        return Reply(answer, latency_s, cost, strength, {name: self._prompts[name] for name in sent})

    def key(self, case: Case) -> dict[str, Any]:
        """Return what the answer depends on besides prompts."""
        return self._made_by | {"question": case.question, "messages": case.fields.get("messages")}

    def prompts(self) -> dict[str, str]:
        """Return the hashes of the prompts."""
        return dict(self._prompts)


class Searching:
    """An application that finds passages for the questions of cases, and leaves them unanswered.

    Parameters
    ----------
    app : Application
        Whose index exists.
    """

    strength = False

    def __init__(self, app: Application) -> None:
        self._app = app
        self._made_by = {"task": "search", "index": index_hash(app), **_made_by(app.settings)}

    def reply(self, case: Case) -> Reply:
        """Return what was found for the question of a case, as an answer without text."""
        began = time.perf_counter()
        passages = self._app.search(case.question)
        latency_s = time.perf_counter() - began
        found = {"question": case.question, "answer": "", "answered": False, "citations": []}
        return Reply(found | {"retrieved": [passage.to_json() for passage in passages]}, latency_s)

    def key(self, case: Case) -> dict[str, Any]:
        """Return what the passages depend on."""
        return self._made_by | {"question": case.question}

    def prompts(self) -> dict[str, str]:
        """Return nothing: no prompt is sent."""
        return {}


class Labelling:
    """A classifier that labels the texts of cases.

    Parameters
    ----------
    classifier : TextClassifier
        The one to test.
    settings : Settings
        It was made by.
    labels : Path
        The file of its labels.
    """

    strength = False

    def __init__(self, classifier: TextClassifier, settings: Settings, labels: Path) -> None:
        self._classifier = classifier
        hashed = hashlib.sha256(labels.read_bytes()).hexdigest()
        self._made_by = {"task": "label", "labels": hashed, **_made_by(settings)}

    def reply(self, case: Case) -> Reply:
        """Return the label of the text of a case, as the answer."""
        began = time.perf_counter()
        found = self._classifier.predict([case.question])[0]
        latency_s = time.perf_counter() - began
        answer = {"question": case.question, "answer": found.label or "", "answered": found.label is not None}
        return Reply(answer | {"classification": found.to_json()}, latency_s)

    def key(self, case: Case) -> dict[str, Any]:
        """Return what the label depends on."""
        return self._made_by | {"question": case.question}

    def prompts(self) -> dict[str, str]:
        """Return nothing: no prompt is sent."""
        return {}


def _made_by(settings: Settings) -> dict[str, Any]:
    return {"code": code_hash(), "settings": settings_json(settings)}


@cache
def code_hash() -> str:
    """Return a hash of the code and the weights that answers are made by."""
    return _tree_hash(lambda parts: parts[0] not in WITHOUT_ANSWERS)


@cache
def metrics_hash() -> str:
    """Return a hash of the code that answers are scored by."""
    return _tree_hash(lambda parts: "metrics" in parts[:2] or "language" in parts[:2] or parts[0] == "reading")


def _tree_hash(wanted: Callable[[tuple[str, ...]], bool]) -> str:
    found = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*")):
        parts = path.relative_to(_PACKAGE).parts
        if path.is_file() and wanted(parts) and "__pycache__" not in parts:
            found.update("/".join(parts).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def cost_usd(settings: Settings, usage: Mapping[str, int]) -> float | None:
    """Return what tokens of the language model that settings name cost in US dollars; None where it is unknown."""
    if settings.llm.partition(":")[0] in _FREE:
        return 0.0
    return cost_of(settings.llm, usage, load_prices(settings.llm_prices, packaged=not settings.llm_base_url))


def index_hash(app: Application) -> str:
    """Return a hash of what an index holds, what it was built by, and the threshold of its gate."""
    rows = app.library.query("SELECT name, sha256 FROM sources ORDER BY name, sha256")
    made_by = app.library.get_meta("fingerprint")
    return hash_json([[list(row) for row in rows], made_by, app.threshold.value])


def prompt_hashes(folder: Path | None) -> dict[str, str]:
    """Return a hash of the messages of each prompt of a folder, by name; not of its version or purpose."""
    return {name: hash_json(load_prompt(name, folder).sections) for name in list_prompts(folder)}


def hash_json(value: Any) -> str:  # noqa: ANN401  (anything that JSON holds)
    """Return a hash of a JSON value.

    Examples
    --------
    >>> hash_json({"a": 1, "b": 2}) == hash_json({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def settings_json(settings: Settings) -> dict[str, Any]:
    """Return the settings that answers depend on; a file that a language model is read from, with its size and time."""
    found = {k: v for k, v in asdict(settings).items() if k not in _ELSEWHERE}
    file = Path(settings.llm.partition(":")[2])
    if file.is_file():
        state = file.stat()
        found["llm_file"] = [state.st_size, state.st_mtime_ns]
    return {k: str(v) if isinstance(v, Path) else v for k, v in found.items()}
