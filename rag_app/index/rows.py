"""What a row of the library means: its JSON columns become values, and values JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rag_app.locator import Locator
from rag_app.types import Block, Chunk, Passage, Source, Unit


def dump_blocks(blocks: Sequence[Block]) -> str:
    """Return the blocks of a source as they are stored."""
    return json.dumps([[b.kind, b.start, b.end, b.locator.heading, b.locator.place, b.header] for b in blocks])


def load_blocks(stored: str) -> tuple[Block, ...]:
    """Return the blocks that `dump_blocks` wrote."""
    return tuple(Block(k, a, b, Locator.load(h, at), header) for k, a, b, h, at, header in json.loads(stored))


def dump_units(units: Sequence[Unit]) -> str:
    """Return the units of a chunk as they are stored."""
    return json.dumps([[u.start, u.end, u.kind, u.locator.place] for u in units])


def load_units(stored: str, heading: Sequence[str]) -> tuple[Unit, ...]:
    """Return the units that `dump_units` wrote; their heading is that of the chunk."""
    path, units, locator = tuple(heading), [], Locator()
    last: object = ()
    for start, end, kind, place in json.loads(stored):
        if place != last:  # the sentences of a paragraph stand in one place
            last, locator = place, Locator.load(path, place)
        units.append(Unit(start, end, kind, locator))
    return tuple(units)


def lexical_context(source: Source, chunk: Chunk) -> str:
    """Return what the lexical index holds beside a chunk's text: its context; without a title, the file's name too."""
    return chunk.context if source.title else f"{Path(source.name).stem}\n{chunk.context}"


def chroma_metadata(
    metadata: str, name: str, title: str, locator: Locator, span: tuple[int, int, str]
) -> dict[str, str | int | float]:
    """Return what Chroma holds beside a chunk's text; `span` is its start, its end and the hash of the text."""
    return {
        **{k: v for k, v in json.loads(metadata).items() if v and not k.startswith("chroma:")},  # Chroma's own keys
        "source": name,
        "title": title,
        "heading": " › ".join(locator.heading),
        "start": span[0],
        "end": span[1],
        "sha256": span[2],
        **locator.place,
    }


def dump_source(source: Source) -> tuple[str, ...]:
    """Return the row that is stored of a source, in the order of the statement in `Library.replace_source`."""
    names = (source.uri, source.name, source.title, source.bytes_sha256, source.sha256)
    return (*names, source.text, dump_blocks(source.blocks), json.dumps(dict(source.metadata)))


def load_source(row: Sequence[Any]) -> Source:
    """Return the source of a row that `Library.source` selects."""
    name, uri, title, text, sha256, bytes_sha256, blocks, metadata = row
    return Source(name, uri, title, text, sha256, bytes_sha256, load_blocks(blocks), json.loads(metadata))


def chunk(row: Sequence[Any], text: str) -> Chunk:
    """Return the chunk of a row that `Library.chunks` selects, of a source with that text."""
    identifier, start, end, context, heading, place, units, n_tokens = row
    path = json.loads(heading)
    locator = Locator.load(path, json.loads(place))
    return Chunk(identifier, start, end, text[start:end], context, locator, load_units(units, path), n_tokens)


def passage(row: Sequence[Any]) -> Passage:
    """Return the passage of a row that `Library.passages` selects."""
    heading = json.loads(row[6])
    return Passage(
        source=row[0],
        sha256=row[1],
        chunk_id=row[2],
        start=row[3],
        end=row[4],
        text=row[5],
        locator=Locator.load(heading, json.loads(row[7])),
        title=row[8],
        context=row[9],
        units=load_units(row[10], heading),
    )
