"""The tables of the library, and their version."""

from __future__ import annotations

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sources (
    id INTEGER PRIMARY KEY, uri TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE, title TEXT NOT NULL,
    bytes_sha256 TEXT NOT NULL, sha256 TEXT NOT NULL, metadata TEXT NOT NULL, text TEXT NOT NULL, blocks TEXT NOT NULL
);
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY, chunk_id TEXT NOT NULL UNIQUE,
    source_id INTEGER NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, context TEXT NOT NULL, heading TEXT NOT NULL,
    folded_heading TEXT NOT NULL, place TEXT NOT NULL, units TEXT NOT NULL, n_tokens INTEGER NOT NULL,
    vector_key TEXT NOT NULL, in_chroma INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX chunks_source ON chunks (source_id);
CREATE INDEX chunks_heading ON chunks (folded_heading);
CREATE INDEX chunks_pending ON chunks (in_chroma) WHERE in_chroma = 0;
CREATE TABLE vectors (key TEXT PRIMARY KEY, vector BLOB NOT NULL);
CREATE TABLE token_codes (key TEXT PRIMARY KEY, codes BLOB NOT NULL);
CREATE TABLE chroma_deletes (chunk_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE VIRTUAL TABLE lexical USING fts5 (context, body, tokenize = 'porter unicode61 remove_diacritics 2');
"""
VERSION = 3
