"""An index that was published somewhere else, served from a copy that is exchanged between two questions."""

from __future__ import annotations

import gc
import logging
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag_app.app import App
from rag_app.embeddings.fingerprint import Fingerprint
from rag_app.errors import LockedError, RagAppError, StoreError
from rag_app.index.library import Library
from rag_app.index.lock import write_lock
from rag_app.index.snapshots import CHROMA, LIBRARY, Progress, broken, fetch, read_latest, read_manifest
from rag_app.index.storage import Storage
from rag_app.index.vectors import ChromaVectors
from rag_app.ingestion.sync import fingerprint_of, silent

if TYPE_CHECKING:
    from rag_app.chains.classifier import TextClassifier
    from rag_app.chains.labels import LabelsGiven
    from rag_app.embeddings.fingerprint import Embedder
    from rag_app.retrieval.filters import Where
    from rag_app.settings import Settings
    from rag_app.types import Event, Passage, Source

_DRAIN_S = 600.0  # a request may take as long as it may; one that hangs does not keep the next generation away
_MOST_S = 600.0  # between two looks, however often what was published has been refused
_SHARED = ("_minilm", "_embedder", "_llm")  # parts of an application that do not depend on its index
_logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Generation:
    """A snapshot on this machine, and how many are reading it."""

    id: str
    published: str
    app: App
    taken: str
    n_readers: int = 0


class Replica:
    """What the service needs of an application, over the latest index that was published at an address.

    Parameters
    ----------
    app : App
        Its settings, embedder and language model are used, and its conversations; its own index is not.
    storage : Storage
        Where ``rag index publish`` writes.

    Raises
    ------
    StoreError
        If nothing that can be served is published there.
    """

    def __init__(self, app: App, storage: Storage, *, progress: Progress = silent) -> None:
        self.settings: Settings = app.settings
        self.library: Library = _CurrentLibrary(self)
        self.problem = ""
        self.n_taken = self.n_refused = 0
        self._app = app
        self._storage = storage
        self._folder = app.settings.data_dir / "snapshots"
        self._turn = threading.Condition()
        self._left: list[Generation] = []  # those that somebody would not stop reading
        self._current: Generation | None = None
        self.take(progress)

    # -- what the doors ask for ------------------------------------------------------------------------------------

    def search(self, question: str, k: int | None = None, where: Where | None = None) -> list[Passage]:
        """Return the passages that best match a question: see `App.search`."""
        with self.reading() as app:
            return app.search(question, k, where)

    def stream(self, question: str, messages: Sequence[Any] | None = None, *, tools: bool = False) -> Iterator[Event]:
        """Yield the events of an answer, all from one generation: see `App.stream`."""
        with self.reading() as app:
            yield from app.stream(question, messages, tools=tools)

    def source(self, name: str) -> Source:
        """Return a source with its text: see `App.source`."""
        with self.reading() as app:
            return app.source(name)

    def classifier(self, labels: LabelsGiven, **options: Any) -> TextClassifier:  # noqa: ANN401  (those of the application)
        """Return a classifier, which does not depend on the index: see `App.classifier`."""
        return self._app.classifier(labels, **options)

    @property
    def embedder(self) -> Embedder:
        """What turns texts into vectors."""
        return self._app.embedder

    def check_settings(self) -> None:
        """Raise a `SettingsError` if the language model or the reader cannot be set up."""
        self._app.check_settings()

    def state(self) -> Mapping[str, Any]:
        """Return which generation is served, as ``/healthz`` shows it to anyone: without the address."""
        assert self._current is not None
        shown = {
            "generation": self._current.id,
            "published": self._current.published,
            "taken": self._current.taken,
            "is_latest": not self.problem,
        }
        why = "What was published last could not be taken; the log of the service has the reason."
        return {**shown, "problem": why} if self.problem else shown

    # -- generations -----------------------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[App]:
        """Give the application over the current generation, which stays as it is until the end of the block."""
        with self._turn:
            generation = self._current
            assert generation is not None
            generation.n_readers += 1
        try:
            yield generation.app
        finally:
            with self._turn:
                generation.n_readers -= 1
                self._turn.notify_all()

    def take(self, progress: Progress = silent) -> bool:
        """Serve what was published last, and return whether it is another generation than before.

        Whoever reads the one before goes on to do so; then its files are removed.

        Raises
        ------
        StoreError
            If it is not whole, or this program cannot serve it; what was served is served on.
        """
        latest = read_latest(self._storage)
        if latest is None:
            msg = f"There is no published index at {self._storage.shown}."
            raise StoreError(msg, hint="Run, where the index is: rag index publish URI")
        before = self._current
        if before is not None and before.id == latest["id"]:
            return False
        app = self._load(latest["id"], progress)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._turn:
            self._current = Generation(latest["id"], str(latest.get("published", "")), app, now)
        self.n_taken += 1
        if before is not None:
            self._retire(before)
        del before, app  # or what they hold open would stay so
        self._remove_unused()
        return True

    def look(self) -> None:
        """Take what was published since, if it can be served; otherwise say so, and serve on."""
        try:
            taken = self.take()
        except Exception as exc:  # noqa: BLE001  (whatever is published, this thread goes on)
            self.n_refused += 1
            said = str(exc) if isinstance(exc, RagAppError) else f"{type(exc).__name__}: {exc}"
            if said != self.problem:
                _logger.warning("what was published is not taken: %s", said)
            self.problem = said
        else:
            self.problem = ""
            if taken:
                _logger.info(
                    "generation %s is served: sources %d", self.state()["generation"], len(self.library.sources())
                )

    def close(self) -> None:
        """Let go of the files."""
        for generation in (*self._left, self._current):
            if generation is not None:
                generation.app._vectors.reopen()  # noqa: SLF001  (closes Chroma)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _load(self, generation: str, progress: Progress) -> App:
        """Return an application over a generation, after everything about it was found to be right."""
        manifest = read_manifest(self._storage, generation)
        try:
            built = Fingerprint.from_json(manifest.fingerprint)
        except (ValueError, TypeError, KeyError) as exc:
            raise broken(self._storage, generation, "nobody can tell what built it") from exc
        self._check(built, manifest.chroma)
        names = (self._folder / f"{generation}-{number}" for number in count())
        folder = next(folder for folder in names if folder not in self._busy)
        fetch(self._storage, generation, manifest, folder, progress)
        vectors = ChromaVectors(folder / CHROMA)
        held = Library(folder / LIBRARY).count_chunks(), vectors.count()
        vectors.reopen()
        if set(held) != {manifest.counts["chunks"]}:
            reason = f"it has {held[0]} chunks and {held[1]} vectors in place of {manifest.counts['chunks']}"
            raise broken(self._storage, generation, reason)
        made = App(replace(self.settings, data_dir=folder, chroma_url=""))
        vars(made).update((name, getattr(self._app, name)) for name in _SHARED)
        made.evidence("ready?")  # what the first question would have to wait for
        return made

    def _check(self, built: Fingerprint, chroma: str) -> None:
        """Refuse, before anything is fetched, what this program and its settings cannot read."""
        wanted = fingerprint_of(self._app.embedder)
        if built != wanted:
            msg = f"The index at {self._storage.shown} was built by {built}; the settings ask for {wanted}."
            other = f"Set RAG_EMBEDDINGS={built.embedder}" if built.embedder != wanted.embedder else "Reindex it there"
            raise StoreError(msg, hint=f"{other}, or publish an index that was built by {wanted.embedder} here.")
        own = ChromaVectors(self._folder).version()
        if _series(chroma) != _series(own):
            msg = f"The index at {self._storage.shown} must be of Chroma {_series(own)}; got {chroma}."
            raise StoreError(msg, hint="Install the same version of rag_app here and where it is published from.")

    @property
    def _busy(self) -> set[Path]:
        """The folders of the generations that somebody may be reading."""
        return {one.app.settings.data_dir for one in (*self._left, self._current) if one is not None}

    def _retire(self, generation: Generation) -> None:
        """Wait until nobody reads a generation, and close it."""
        with self._turn:
            if not self._turn.wait_for(lambda: generation.n_readers == 0, _DRAIN_S):
                _logger.warning("generation %s is still being read; its files stay", generation.id)
                self._left.append(generation)
                return
        generation.app._vectors.reopen()  # noqa: SLF001  (closes Chroma)
        generation.app.library.close()

    def _remove_unused(self) -> None:
        gc.collect()  # the parts of an application know each other, and threads have their own connections to SQLite
        for folder in self._folder.iterdir():
            if folder.is_dir() and folder not in self._busy:
                shutil.rmtree(folder, ignore_errors=True)


class _CurrentLibrary(Library):
    """Reads from the library of whichever generation is current."""

    def __init__(self, replica: Replica) -> None:
        super().__init__(replica.settings.data_dir / "snapshots" / LIBRARY)
        self._replica = replica

    def exists(self) -> bool:
        return True

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        with self._replica.reading() as app:
            return app.library.query(sql, parameters)


@contextmanager
def following(app: App, uri: str, poll_s: float, *, progress: Progress = silent) -> Iterator[Replica]:
    """Give a replica that looks for a new generation every so often, until the end of the block.

    Parameters
    ----------
    app : App
        See `Replica`.
    uri : str
        Where ``rag index publish`` writes.
    poll_s : float
        Seconds between two looks; after each refusal twice as many.
    progress : callable, optional
        Called while the first generation comes.

    Raises
    ------
    StoreError
        If there is nothing to serve, or another process has this data folder for its copies.
    """
    storage, stopped = Storage(uri), threading.Event()
    with _sole_use(app.settings.data_dir / "snapshots"):
        replica = Replica(app, storage, progress=progress)

        def follow() -> None:
            wait_s = poll_s
            while not stopped.wait(wait_s):
                replica.look()
                wait_s = min(2 * wait_s, max(_MOST_S, poll_s)) if replica.problem else poll_s

        thread = threading.Thread(target=follow, name="rag-replica", daemon=True)
        thread.start()
        try:
            yield replica
        finally:
            stopped.set()
            thread.join(timeout=5)
            replica.close()


@contextmanager
def _sole_use(folder: Path) -> Iterator[None]:
    with ExitStack() as held:
        try:
            held.enter_context(write_lock(folder, timeout_s=1))
        except LockedError as exc:
            msg = f"The data folder {folder.parent} must be one replica's alone; another one keeps its copies there."
            raise StoreError(msg, hint="Set RAG_DATA_DIR to another folder for each replica.") from exc
        yield


def _series(version: str) -> str:
    """Return the part of a version in which files stay readable.

    Examples
    --------
    >>> _series("1.5.9")
    '1.5'
    """
    return ".".join(version.split(".")[:2])
