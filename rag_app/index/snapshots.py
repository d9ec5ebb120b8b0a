"""A snapshot of an index at an address: what it consists of, and how one is taken onto this machine.

``latest.json`` names a generation; ``generations/<id>/manifest.json`` states the size and hash of each of its parts,
and the id is the hash of the manifest. So an id settles everything below it, and nothing that is half there passes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag_app.errors import StoreError
from rag_app.index.schema import VERSION as LIBRARY_VERSION
from rag_app.index.space import check_space
from rag_app.index.storage import Storage

Progress = Callable[[str, int, int], None]
FORMAT, VERSION = "rag_app snapshot", 1
LATEST, GENERATIONS, MANIFEST = "latest.json", "generations", "manifest.json"
LIBRARY, CHROMA = "library.sqlite", "chroma"
N_ID_DIGITS = 32
_BLOCK = 2**20
_ID = re.compile(rf"[0-9a-f]{{{N_ID_DIGITS}}}")
_PART = re.compile(rf"{re.escape(LIBRARY)}|{CHROMA}(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+")  # nothing above the folder
_FOREIGN = "Name a folder that rag index publish writes to alone, or remove the file and publish again."
_UPDATE = "Install the same version of rag_app here and where it is published from."


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a snapshot.

    Parameters
    ----------
    n_bytes : int
        Its size.
    sha256 : str
        Its hash.
    """

    n_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot consists of.

    Parameters
    ----------
    content : str
        The hash of what the index says, however its files are laid out.
    fingerprint : str
        What built the index, as `rag_app.embeddings.fingerprint.Fingerprint` writes it.
    counts : mapping of str to int
        Its sources, chunks and tokens.
    chroma : str
        The version of Chroma that wrote the vectors.
    parts : mapping of str to Part
        Its files by name.
    """

    content: str
    fingerprint: str
    counts: Mapping[str, int]
    chroma: str
    parts: Mapping[str, Part]

    @property
    def n_bytes(self) -> int:
        """The size of all parts."""
        return sum(part.n_bytes for part in self.parts.values())

    @property
    def id(self) -> str:
        """The name of the generation."""
        return hashlib.sha256(self.dump()).hexdigest()[:N_ID_DIGITS]

    def dump(self) -> bytes:
        """Return the content of the file ``manifest.json``."""
        stated = {
            "format": FORMAT,
            "version": VERSION,
            "library": LIBRARY_VERSION,
            "chroma": self.chroma,
            "content": self.content,
            "fingerprint": json.loads(self.fingerprint),
            "counts": dict(self.counts),
            "parts": {name: {"bytes": p.n_bytes, "sha256": p.sha256} for name, p in sorted(self.parts.items())},
        }
        return json.dumps(stated, indent=2, sort_keys=True).encode()


def read_latest(storage: Storage) -> Mapping[str, Any] | None:
    """Return what ``latest.json`` says, or None where nothing was published.

    Raises
    ------
    StoreError
        If the address cannot be read, or the file is not ours.
    """
    content = storage.read(LATEST)
    if content is None:
        return None
    try:
        found = json.loads(content)
        _check_versions(storage, found)
        is_ours = all(_ID.fullmatch(one) for one in (found["id"], *found["generations"]))
    except (ValueError, KeyError, TypeError):
        is_ours = False
    if not is_ours:
        msg = f"{storage.shown} must hold a published index; its {LATEST} is not one of ours."
        raise StoreError(msg, hint=_FOREIGN)
    return dict(found)


def read_manifest(storage: Storage, generation: str) -> Manifest:
    """Return the manifest of a generation.

    Raises
    ------
    StoreError
        If it is missing, is not the one that its name stands for, or is of another version.
    """
    content = storage.read(f"{GENERATIONS}/{generation}/{MANIFEST}")
    if content is None:
        raise broken(storage, generation, f"its {MANIFEST} is missing")
    if hashlib.sha256(content).hexdigest()[:N_ID_DIGITS] != generation:
        raise broken(storage, generation, f"its {MANIFEST} has another hash than its name")
    try:
        stated = json.loads(content)
        _check_versions(storage, stated)
        manifest = Manifest(
            content=stated["content"],
            fingerprint=json.dumps(stated["fingerprint"], sort_keys=True),
            counts={name: int(stated["counts"][name]) for name in ("sources", "chunks", "tokens")},
            chroma=str(stated["chroma"]),
            parts={name: Part(int(p["bytes"]), str(p["sha256"])) for name, p in stated["parts"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise broken(storage, generation, f"its {MANIFEST} cannot be understood") from exc
    if LIBRARY not in manifest.parts or not all(map(_PART.fullmatch, manifest.parts)):
        raise broken(storage, generation, f"its {MANIFEST} names parts that no snapshot has")
    return manifest


def fetch(storage: Storage, generation: str, manifest: Manifest, folder: Path, progress: Progress) -> None:
    """Bring the parts of a generation into a folder; those that are there already, and whole, stay.

    Parameters
    ----------
    storage : Storage
        Where they are.
    generation : str
        Its id.
    manifest : Manifest
        Its parts.
    folder : pathlib.Path
        Where they go.
    progress : callable
        Called with the name of a part, the MB that are here and the MB in all.

    Raises
    ------
    StoreError
        If a part is missing or has another size or hash than stated, or the disk has no room.
    """
    done = 0
    missing = sum(p.n_bytes for name, p in manifest.parts.items() if not _is_there(folder / name, p))
    folder.mkdir(parents=True, exist_ok=True)
    check_space(folder, missing)
    for name, part in manifest.parts.items():
        progress(name, *_megabytes(done, manifest.n_bytes))
        if not (_is_there(folder / name, part) and file_sha256(folder / name) == part.sha256):
            _fetch_part(storage, generation, (name, part), folder / name)
        done += part.n_bytes


def file_sha256(path: Path) -> str:
    """Return the hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def broken(storage: Storage, generation: str, reason: str) -> StoreError:
    """Return the error for a generation that is not whole."""
    msg = f"The generation {generation[:12]} at {storage.shown} is not whole: {reason}."
    return StoreError(msg, hint=f"Remove {GENERATIONS}/{generation} there, and publish the index again.")


def _fetch_part(storage: Storage, generation: str, named: tuple[str, Part], path: Path) -> None:
    name, part = named
    address, aside = f"{GENERATIONS}/{generation}/{name}", path.with_name(f"{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    size = storage.size(address)  # before it fills the disk
    if size is not None and size != part.n_bytes:
        raise broken(storage, generation, f"{name} has {size} bytes in place of {part.n_bytes}")
    try:
        if not storage.download(address, aside):
            raise broken(storage, generation, f"{name} is missing")
        if file_sha256(aside) != part.sha256:
            raise broken(storage, generation, f"{name} has another hash than {MANIFEST} states")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _is_there(path: Path, part: Part) -> bool:
    return path.is_file() and path.stat().st_size == part.n_bytes


def _megabytes(done: int, total: int) -> tuple[int, int]:
    return done // 10**6, max(total // 10**6, 1)


def _check_versions(storage: Storage, stated: Mapping[str, Any]) -> None:
    if stated["format"] != FORMAT:
        raise ValueError(stated["format"])
    wanted = {"version": VERSION, "library": LIBRARY_VERSION}
    got = {name: stated.get(name, wanted[name]) for name in wanted}
    if got != wanted:
        msg = f"The index at {storage.shown} must be of format {VERSION}.{LIBRARY_VERSION}; "
        raise StoreError(msg + f"got {got['version']}.{got['library']}.", hint=_UPDATE)
