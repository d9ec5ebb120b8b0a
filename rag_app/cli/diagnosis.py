"""What ``rag doctor`` looks at: each part alone, so that one that fails does not hide the others."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import partial

from rag_app.errors import LLMError, RagAppError, StoreError
from rag_app.settings import Settings

_PYTHON = (3, 11), (3, 13)
_NAMED = ("chromadb", "langchain", "langchain-core", "numpy", "onnxruntime")
_FOR_TORCH = {"sentence-transformers", "torch"}  # a checkout leaves them out: the default path never imports them
_MIN_FREE_BYTES = 200 * 2**20
_GIGABYTE = 1e9
_LLM_TIMEOUT_S = 10.0
_PROBE = "The lighthouse stands on a rock in the sea."
_MINILM_PROBE = (-0.03114, 0.08047, 0.01670, 0.00567)  # the first components, as the published weights have them
_PROBE_TOLERANCE = 2e-3  # bfloat16 moves them by 3e-4
_SECRET = re.compile(r"(?<=://)\S*(?=@)|(?<=\?)\S+")  # where a URL may hold a password


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, and what to do where it is not as it should be."""

    check: str
    ok: bool
    result: str
    hint: str = ""


def diagnose() -> list[Finding]:
    """Return the findings of every check; those that need the settings are left out where these are wrong."""
    findings = [_run("Python", _python), _run("packages", _packages)]
    try:
        settings = Settings.load()
    except RagAppError as exc:
        return [*findings, Finding("settings", ok=False, result=exc.message, hint=exc.hint or "Correct it.")]
    checks: dict[str, Callable[[Settings], str]] = {
        "settings": _settings,
        "data folder": _data_folder,
        "weights": _weights,
        "embedder": _embedder,
        "language model": _language_model,
        "reranker": _reranker,
        "reader": _reader,
        "Chroma": _chroma,
        "index": _index,
        "threshold": _threshold,
        "conversations": _conversations,
        "prompts": _prompts,
        "knowledge": _knowledge,
    }
    return findings + [_run(name, partial(check, settings)) for name, check in checks.items()]


def _run(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, ok=True, result=check())
    except RagAppError as exc:
        return Finding(name, ok=False, result=exc.message, hint=exc.hint or "Correct it.")


def _python() -> str:
    version = platform.python_version()
    if not _PYTHON[0] <= sys.version_info < _PYTHON[1]:
        msg = f"Python must be 3.11 or 3.12; got {version}."
        raise StoreError(msg, hint="Install rag-app under Python 3.11.")
    return f"{version} on {platform.system()} {platform.machine()}"


def _packages() -> str:
    from packaging.requirements import Requirement

    try:
        required = [Requirement(text) for text in importlib.metadata.requires("rag-app") or ()]
    except importlib.metadata.PackageNotFoundError as exc:
        msg = "rag-app is not installed: it runs from its folder, and no version can be compared."
        raise StoreError(msg, hint="Run: pip install -e .") from exc
    versions = {r.name: _version(r.name) for r in required if r.marker is None or r.marker.evaluate({"extra": ""})}
    for requirement in (r for r in required if r.name in versions):
        version = versions[requirement.name]
        if version is None and requirement.name not in _FOR_TORCH:
            msg = f"The package {requirement.name} is not installed."
            raise StoreError(msg, hint=f'Run: pip install "{requirement}"')
        if version is not None and not requirement.specifier.contains(version, prereleases=True):
            msg = f"The package {requirement.name} must be {requirement.specifier}; got {version}."
            raise StoreError(msg, hint=f'Run: pip install "{requirement}"')
    return ", ".join(f"{name} {versions.get(name) or 'missing'}" for name in _NAMED)


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _settings(settings: Settings) -> str:
    given = Settings.origins()
    shown = [
        f"{f.name}={_SECRET.sub('…', str(getattr(settings, f.name)))} ({given[f.name]})"
        for f in fields(Settings)
        if f.name in given
    ]
    return ", ".join(shown) or "all as they are by default"


def _data_folder(settings: Settings) -> str:
    folder = settings.data_dir
    existing = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            free = shutil.disk_usage(existing).free
    except OSError as exc:
        msg = f"The data folder {folder} must be writable; {(exc.strerror or str(exc)).lower()}."
        raise StoreError(msg, hint="Set RAG_DATA_DIR to a folder of your own.") from exc
    if free < _MIN_FREE_BYTES:
        msg = f"The disk of {folder} must have 0.2 GB free; got {free / _GIGABYTE:.2f} GB."
        raise StoreError(msg, hint="Make room, or set RAG_DATA_DIR to a folder on another disk.")
    return f"{folder}, free {free / _GIGABYTE:.1f} GB"


def _weights(_settings: Settings) -> str:
    from rag_app.embeddings.minilm import SHA256, MiniLM

    MiniLM.verify()
    return f"all-MiniLM-L6-v2, SHA-256 {SHA256[:16]}… as published"


def _embedder(settings: Settings) -> str:
    import numpy as np

    from rag_app.embeddings.factory import load_embedder

    embedder = load_embedder(settings)
    vectors = np.stack([embedder.embed([_PROBE])[0], embedder.embed_passages([_PROBE])[0]])
    lengths = np.linalg.norm(vectors, axis=1)
    expected = vectors[:, : len(_MINILM_PROBE)] - _MINILM_PROBE if embedder.name == "minilm" else np.zeros(1)
    if np.abs(lengths - 1).max() > _PROBE_TOLERANCE or np.abs(expected).max() > _PROBE_TOLERANCE:
        msg = f"The embedder {embedder.name} must give the vector of the probe that it is known for; it gives another."
        raise StoreError(msg, hint='Run: pip install --force-reinstall "onnxruntime>=1.22" "openvino>=2025.2"')
    return f"{embedder.name}, {embedder.dimension} dimensions, the probe's vector is as expected"


def _language_model(settings: Settings) -> str:
    if settings.llm == "extractive":
        return "extractive: nothing needed"
    from rag_app.llms.factory import load_llm
    from rag_app.llms.failures import translated_errors
    from rag_app.llms.tokens import load_counter

    timeout_s = min(settings.llm_timeout_s, _LLM_TIMEOUT_S)
    llm = load_llm(replace(settings, llm_timeout_s=timeout_s, llm_max_tokens=8, llm_cache=False))
    failed: list[BaseException] = []

    def ask() -> None:
        try:
            with translated_errors(settings.llm):
                llm.invoke("Say OK.")  # type: ignore[union-attr]  # it is not extractive
        except Exception as exc:  # noqa: BLE001  (it is raised again below)
            failed.append(exc)

    thread = threading.Thread(target=ask, daemon=True)  # a provider's retries do not keep the others waiting
    thread.start()
    thread.join(_LLM_TIMEOUT_S)
    if thread.is_alive():
        msg = f"The language model {settings.llm} did not answer within {_LLM_TIMEOUT_S:g} s."
        raise LLMError(msg, hint="Check that its server runs and is not busy.")
    if failed:
        raise failed[0]
    return f"{settings.llm} answers; tokens are counted by {load_counter(settings.llm, settings.llm_base_url).how}"


def _reranker(settings: Settings) -> str:
    if settings.reranker == "none":
        return "none: nothing needed"
    from rag_app.retrieval.rerank import load_reranker

    load_reranker(settings).score(_PROBE, [_PROBE])
    return f"{settings.reranker} scores passages"


def _reader(settings: Settings) -> str:
    from rag_app.embeddings.answer_spans import load_span_network

    if load_span_network(settings) is None:
        return "learnt: nothing needed"
    return f"{settings.reader} marks answers"


def _chroma(settings: Settings) -> str:
    from rag_app.index.vectors import ChromaVectors

    version = ChromaVectors(settings.data_dir / "chroma", url=settings.chroma_url).version()
    where = f"protocol {version}, the server at {settings.chroma_url}"
    return where if settings.chroma_url else f"{version}, inside the process"


def _index(settings: Settings) -> str:
    from rag_app.cli.index_status import unfinished
    from rag_app.embeddings.factory import load_embedder
    from rag_app.index.library import Library
    from rag_app.index.sharing import check_current, check_embedder
    from rag_app.index.vectors import ChromaVectors
    from rag_app.ingestion.sync import check_fingerprint

    library = Library(settings.data_dir / "library.sqlite")
    if not library.exists():
        return "none yet: the first question makes one of the packaged course"
    check_fingerprint(library, load_embedder(settings))
    for what in unfinished(library):
        sentence, _, hint = what.partition(". ")
        msg = f"{sentence}."
        raise StoreError(msg, hint=hint)
    vectors = ChromaVectors(
        settings.data_dir / "chroma", url=settings.chroma_url, is_aside=lambda: library.vectors_aside
    )
    check_embedder(library, vectors)
    check_current(library, vectors)
    counts = {
        "chunks": library.count_chunks(),
        "rows of words": library.query("SELECT count(*) FROM lexical")[0][0],
        "vectors": vectors.count(),
    }
    if len(set(counts.values())) > 1:
        msg = f"The index must hold as many of each; got {', '.join(f'{n} {name}' for name, n in counts.items())}."
        raise StoreError(msg, hint="Run: rag index verify")
    return f"sources {len(library.sources())}, chunks {counts['chunks']}, as many vectors; built by these settings"


def _threshold(settings: Settings) -> str:
    from rag_app.chains.gate import load_threshold
    from rag_app.index.library import Library

    threshold = load_threshold(settings, Library(settings.data_dir / "library.sqlite"))
    if threshold.stale and threshold.origin != "setting":
        raise StoreError(threshold.stale, hint="Run: rag eval calibrate CASES, or set RAG_MIN_EVIDENCE.")
    return f"no answer below an evidence of {threshold}"


def _conversations(settings: Settings) -> str:
    from rag_app.chains.conversations import open_conversations

    with open_conversations(settings) as conversations:
        return f"in {conversations[-1].place}" if conversations else "none yet"


def _prompts(settings: Settings) -> str:
    from rag_app.prompting.templates import list_prompts, load_prompt

    folder = settings.prompts_dir
    return f"{len([load_prompt(name, folder) for name in list_prompts(folder)])} prompts are in order"


def _knowledge(_settings: Settings) -> str:
    from rag_app.content import content_dir

    n_chapters = len(list(content_dir("knowledge").glob("*.md")))
    if not n_chapters:
        msg = "The packaged course has no chapter."
        raise StoreError(msg, hint="Reinstall rag-app.")
    return f"{n_chapters} chapters of the packaged course"
