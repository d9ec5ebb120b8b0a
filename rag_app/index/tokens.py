"""The token vectors of chunks, as `rag_app.embeddings.token_codes` writes them, beside their embeddings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag_app.index.library import Library


def token_codes(library: Library, chunk_ids: Sequence[str]) -> dict[str, bytes]:
    """Return the stored token vectors of chunks, by chunk id, of those that have any."""
    sql = (
        "SELECT c.chunk_id, t.codes FROM json_each(?) j JOIN chunks c ON c.chunk_id = j.value "
        "JOIN token_codes t ON t.key = c.vector_key"
    )
    return dict(library.query(sql, [json.dumps(list(chunk_ids))]))


def without_token_codes(library: Library, limit: int) -> list[tuple[str, str]]:
    """Return keys and ids of chunks whose token vectors are not stored."""
    sql = (
        "SELECT vector_key, min(chunk_id) FROM chunks WHERE vector_key NOT IN (SELECT key FROM token_codes) "
        "GROUP BY vector_key LIMIT ?"
    )
    return library.query(sql, [limit])


def store_token_codes(library: Library, codes: Mapping[str, bytes]) -> None:
    """Store token vectors, by the keys of the chunks' embeddings."""
    with library.transaction() as db:
        db.executemany("INSERT OR IGNORE INTO token_codes VALUES (?, ?)", codes.items())
