"""API keys: what is kept of them, and which are known."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag_app.errors import InvalidInputError, StoreError
from rag_app.service.keys import Keys


def test_a_key_is_known_and_not_kept(tmp_path: Path) -> None:
    """The file has a hash, for the owner's eyes alone, and another object that reads it knows the key."""
    path = tmp_path / "data" / "service-keys"
    key = Keys(path).add("alice")
    assert Keys(path).find(key) == "alice"
    assert key not in path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("guess", ["", "rag_", "alice", "é", "x" * 100_000])
def test_another_key_is_not_known(tmp_path: Path, guess: str) -> None:
    """Nor is nothing, nor the name."""
    keys = Keys(tmp_path / "keys")
    assert keys.find(guess) is None
    key = keys.add("alice")
    assert keys.find(guess) is None
    assert keys.find(key[:-1]) is None


def test_a_line_that_is_removed_is_a_key_that_is_withdrawn(tmp_path: Path) -> None:
    """Without starting anything anew."""
    path = tmp_path / "keys"
    keys = Keys(path)
    alice, bob = keys.add("alice"), keys.add("bob")
    kept = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("alice")]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    assert (keys.find(alice), keys.find(bob), len(keys)) == (None, "bob", 1)
    path.unlink()
    assert (keys.find(bob), len(keys)) == (None, 0)


@pytest.mark.parametrize("name", ["", " ", "a b", "-a", "a\n", "é", "x" * 65])
def test_a_name_is_a_word(tmp_path: Path, name: str) -> None:
    """It stands in a line of a file and in logs."""
    with pytest.raises(InvalidInputError, match="The name of a key must have 1 to 64 letters"):
        Keys(tmp_path / "keys").add(name)


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    """So that a name means one key."""
    keys = Keys(tmp_path / "keys")
    keys.add("alice")
    with pytest.raises(InvalidInputError, match="must be new; got 'alice'"):
        keys.add("alice")


def test_a_damaged_file_is_not_guessed_at(tmp_path: Path) -> None:
    """The line is named; a file that cannot be read is named too."""
    path = tmp_path / "keys"
    path.write_text("# keys\n\nalice 12\n", encoding="utf-8")
    with pytest.raises(StoreError, match=r"Line 3 of .* must be a name and 64 hexadecimal digits"):
        Keys(path).find("x")
    path.unlink()
    path.mkdir()
    with pytest.raises(StoreError, match="cannot be used: is a directory"):
        Keys(path).find("x")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot be used"):
        Keys(tmp_path / "file" / "keys").add("alice")
