"""The care of an index: checked, built anew, purged, made smaller, moved; its gate calibrated."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rag_app.index.library import Library
from rag_app.index.lock import write_lock
from rag_app.index.vectors import ChromaVectors
from rag_app.ingestion.sync import Progress, silent
from rag_app.settings import Settings

if TYPE_CHECKING:
    from rag_app.chains.gate import Calibration
    from rag_app.embeddings.fingerprint import Embedder
    from rag_app.embeddings.minilm import MiniLM
    from rag_app.index.compaction import Sizes
    from rag_app.index.erasure import Erasure
    from rag_app.index.traces import Finder
    from rag_app.index.verification import Verification


class Maintenance:
    """What an application does with its index as a whole; `rag_app.app.App` has the parts."""

    settings: Settings
    library: Library
    _vectors: ChromaVectors

    @property
    def _embedder(self) -> Embedder:
        raise NotImplementedError

    @property
    def _token_reader(self) -> MiniLM | None:
        raise NotImplementedError

    def verify(self, *, progress: Progress = silent) -> Verification:
        """Return whether texts, chunks, vectors, words and Chroma's rows agree.

        Raises
        ------
        StoreError
            If there is no index, or it is locked; so do the methods below.
        """
        from rag_app.index.verification import verify

        with self._locked_index():
            return verify(self.library, self._vectors, progress)

    def reindex(self, *, progress: Progress = silent) -> Mapping[str, int]:
        """Build the index anew from its stored texts, with the embedder of the settings, and return what was done.

        The old index is in use until the new one is complete and verified.
        """
        from rag_app.ingestion.reindex import reindex

        return reindex(self.library, self._vectors, self._embedder, progress, minilm=self._token_reader)

    def forget(self, sources: Sequence[str], *, progress: Progress = silent) -> Erasure:
        """Remove sources, the exchanges that rest on them and every trace of their texts in the data folder.

        Kept replies of language models go all: nobody can tell which of them rests on what.

        Parameters
        ----------
        sources : sequence of str
            Names, paths or URLs.
        progress : callable, optional
            Called with what is at work, what is done and what there is in all.

        Raises
        ------
        UnknownNameError
            If the index has no source of that name or path.
        """
        from rag_app.index.erasure import Erasure, erase, named_sources
        from rag_app.index.traces import Finder, search_files
        from rag_app.llms.cache import ReplyCache
        from rag_app.llms.factory import reply_file

        with self._locked_index():
            rows = named_sources(self.library, sources)
            texts = erase(self.library, self._vectors, rows, progress)
            n_exchanges = self._forget_exchanges({row.name for row in rows}, Finder(texts))
            ReplyCache(reply_file(self.settings)).clear()
            search = search_files(self.settings.data_dir, texts, progress)
        still_there = tuple(row.uri for row in rows if os.path.exists(row.uri))
        return Erasure(tuple(row.name for row in rows), still_there, n_exchanges, search)

    def compact(self, *, progress: Progress = silent) -> tuple[Sizes, Sizes]:
        """Write the index's files anew without what was deleted; return their sizes before and after."""
        from rag_app.index.compaction import compact

        with self._locked_index():
            return compact(self.library, self._vectors, progress)

    def export_index(self, file: str | os.PathLike[str], *, progress: Progress = silent) -> dict[str, int]:
        """Write the index to a file in an open format; return its sources, chunks and bytes."""
        from rag_app.index.exchange import export_index

        with self._locked_index():
            return export_index(self.library, Path(file), progress)

    def import_index(self, file: str | os.PathLike[str], *, progress: Progress = silent) -> dict[str, int]:
        """Fill an empty index from such a file; return its sources and chunks."""
        from rag_app.index.intake import import_index
        from rag_app.ingestion.tokens import read_missing_tokens

        with write_lock(self.settings.data_dir):
            counts = import_index(self.library, self._vectors, Path(file), progress)
            if self._token_reader is not None:
                read_missing_tokens(self.library, self._token_reader, progress)
        return counts

    def set_calibration(self, calibration: Calibration) -> None:
        """Record a threshold that was chosen on questions; it is in use at once, unless `min_evidence` is a setting."""
        from rag_app.chains.gate import store_calibration

        with self._locked_index():
            store_calibration(self.library, calibration)

    @contextmanager
    def _locked_index(self) -> Iterator[None]:
        self.library.get_meta("fingerprint")  # there is an index: otherwise the lock would make a folder for one
        with write_lock(self.settings.data_dir):
            yield

    def _forget_exchanges(self, sources: set[str], texts: Finder) -> int:
        from rag_app.chains.conversations import Conversations

        path = self.settings.data_dir / "conversations.sqlite"
        if not path.is_file():
            return 0
        with closing(Conversations(path)) as conversations:
            return conversations.forget(sources, texts)
