"""What an ingestion reports."""

from __future__ import annotations

import json

from rag_app import receipts
from rag_app.receipts import FileReceipt, Receipt


def test_receipt_counts_and_json():
    """A receipt counts its files by status and prints every status, the absent ones as 0."""
    files = (
        FileReceipt("a.md", "new", 3, 300),
        FileReceipt("b.md", "new", 1, 90),
        FileReceipt("c.md", "duplicate-of", detail="a.md"),
        FileReceipt("d.bin", "failed", detail="It is binary."),
    )
    receipt = Receipt(files, 4, 390, 4, 0, {".png": 2}, 0.12345)
    assert [receipt.count(s) for s in ("new", "changed", "failed")] == [2, 0, 1]
    body = json.loads(json.dumps(receipt.to_json()))
    assert body.pop("files")[2] == {
        "name": "c.md",
        "status": "duplicate-of",
        "chunks": 0,
        "tokens": 0,
        "detail": "a.md",
    }
    assert body == {
        "new": 2,
        "changed": 0,
        "unchanged": 0,
        "removed": 0,
        "duplicate-of": 1,
        "failed": 1,
        "chunks": 4,
        "tokens": 390,
        "embedded": 4,
        "truncated": 0,
        "ignored": {".png": 2},
        "duration_s": 0.123,
    }


def test_receipt_json_knows_every_status():
    """The statuses that are printed are those that exist."""
    printed = set(Receipt((), 0, 0, 0, 0, {}, 0.0).to_json())
    assert set(receipts.FileStatus.__args__) <= printed
