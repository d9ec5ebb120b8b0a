"""The care of an index: checked, built anew, purged, made smaller, moved; its gate calibrated."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rag_app.errors import InvalidInputError
from rag_app.index.library import Library
from rag_app.index.lock import write_lock
from rag_app.index.sharing import check_current, index_lock
from rag_app.index.vectors import ChromaVectors
from rag_app.ingestion.sync import Progress, silent
from rag_app.settings import Settings

if TYPE_CHECKING:
    from rag_app.chains.gate import Calibration
    from rag_app.embeddings.fingerprint import Embedder
    from rag_app.embeddings.minilm import MiniLM
    from rag_app.index.compaction import Sizes
    from rag_app.index.erasure import Erasure
    from rag_app.index.publication import Publication
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

        with self._locked_library():
            check_current(self.library, self._vectors)
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
        from rag_app.chains.conversations import open_conversations
        from rag_app.index.erasure import Erasure, erase, named_sources
        from rag_app.index.traces import Finder, search_files
        from rag_app.llms.cache import ReplyCache
        from rag_app.llms.factory import reply_file

        with self._locked_index(), open_conversations(self.settings) as conversations:
            rows = named_sources(self.library, sources)
            texts = erase(self.library, self._vectors, rows, progress)
            finder = Finder(texts)
            n_exchanges = sum(kept.forget({row.name for row in rows}, finder) for kept in conversations)
            ReplyCache(reply_file(self.settings)).clear()
            elsewhere = [Path(kept.place) for kept in conversations if not kept.is_shared]
            search = search_files(self.settings.data_dir, texts, progress, elsewhere)
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

        with self._locked_library():
            return export_index(self.library, Path(file), progress)

    def import_index(self, file: str | os.PathLike[str], *, progress: Progress = silent) -> dict[str, int]:
        """Fill an empty index from such a file; return its sources and chunks."""
        from rag_app.index.intake import import_index
        from rag_app.ingestion.tokens import read_missing_tokens

        with index_lock(self.library, self._vectors, builds_anew=True):
            counts = import_index(self.library, self._vectors, Path(file), progress)
            if self._token_reader is not None:
                read_missing_tokens(self.library, self._token_reader, progress)
        return counts

    def publish(self, uri: str, *, keep: int | None = None, progress: Progress = silent) -> Publication:
        """Write a snapshot of the index to a folder or a bucket, for replicas to serve; the index may change meanwhile.

        Parameters
        ----------
        uri : str
            A folder's path, or an address that fsspec knows, such as ``s3://bucket/folder``.
        keep : int, optional
            How many generations stay there, this one included. None: all.
        progress : callable, optional
            Called with what is at work, what is done and what there is in all.

        Raises
        ------
        InvalidInputError
            If the address is of no kind, or `keep` is below 1.
        StoreError
            If the address cannot be written, or the index is unfinished or does not agree with itself.
        """
        from rag_app.index.publication import copy_library, publish
        from rag_app.index.storage import Storage

        if keep is not None and keep < 1:
            msg = f"keep must be at least 1; got {keep}."
            raise InvalidInputError(msg)
        storage = Storage(uri)
        self.library.get_meta("fingerprint")  # there is an index: see `_locked_library`
        folder = self.settings.data_dir / "publishing"
        with write_lock(folder):
            try:
                with self._locked_library():
                    copy = copy_library(self.library, folder / "copy")
                return publish(copy, storage, keep, progress)
            finally:
                shutil.rmtree(folder / "copy", ignore_errors=True)

    def set_calibration(self, calibration: Calibration) -> None:
        """Record a threshold that was chosen on questions; it is in use at once, unless `min_evidence` is a setting."""
        from rag_app.chains.gate import store_calibration

        with self._locked_library():
            store_calibration(self.library, calibration)

    @contextmanager
    def _locked_index(self) -> Iterator[None]:
        self.library.get_meta("fingerprint")  # there is an index: otherwise the lock would make a folder for one
        with index_lock(self.library, self._vectors):
            yield

    @contextmanager
    def _locked_library(self) -> Iterator[None]:
        """Hold the library alone: what is on a server is not changed."""
        self.library.get_meta("fingerprint")  # likewise
        with write_lock(self.settings.data_dir):
            yield
