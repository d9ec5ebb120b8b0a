"""What was read of chunks lately: read once, forgotten with any change of the library."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from rag_app.index import recent
from rag_app.index.library import Library
from rag_app.index.recent import Recent


class Reading:
    """Reads the length of ids, of those that do not begin with "no", and notes what it was asked for."""

    def __init__(self):
        self.asked = []

    def __call__(self, chunk_ids):
        """Return what is known of chunks."""
        self.asked += chunk_ids
        return {c: len(c) for c in chunk_ids if not c.startswith("no")}


def test_what_was_read_is_not_read_again(library):
    """Only what is missing is read; what nobody has is asked for again."""
    reading = Reading()
    kept = Recent(library, reading)
    assert kept.load(["a", "bb", "no"]) == {"a": 1, "bb": 2}
    assert kept.load(["bb", "ccc", "no"]) == {"bb": 2, "ccc": 3}
    assert kept.load([]) == {}
    assert reading.asked == ["a", "bb", "no", "ccc", "no"]


@pytest.mark.parametrize("key", ["generation", "unfinished"])
def test_a_change_by_any_connection_forgets_everything(library, key):
    """One that is finished, and one that has only begun."""
    reading = Reading()
    kept = Recent(library, reading)
    kept.load(["a"])
    Library(library.path).set_meta(key, "7")
    assert kept.load(["a"]) == {"a": 1}
    assert reading.asked == ["a", "a"]


def test_other_notes_in_the_library_change_nothing(library):
    """Such as a calibrated threshold."""
    reading = Reading()
    kept = Recent(library, reading)
    kept.load(["a"])
    library.set_meta("threshold", "0.5")
    kept.load(["a"])
    assert reading.asked == ["a"]


def test_no_more_is_kept_than_may(library, monkeypatch):
    """Where there is enough, it begins anew; each call still gets all that it asked for."""
    monkeypatch.setattr(recent, "_MOST_KEPT", 3)
    reading = Reading()
    kept = Recent(library, reading)
    for ids in (["a", "b"], ["a", "c", "d"], ["a", "b", "c", "d", "e"], ["a"]):
        assert kept.load(ids) == dict.fromkeys(ids, 1)
    assert reading.asked == ["a", "b", "c", "d", "a", "b", "c", "d", "e", "a"]


def test_threads_may_read_at_the_same_time(library):
    """Each gets what it asked for, also while the library changes."""
    kept = Recent(library, Reading())

    def read(n):
        if n % 50 == 0:
            library.set_meta("generation", str(n))
        ids = [str(n + i) for i in range(20)]
        return kept.load(ids) == {i: len(i) for i in ids}

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(400)))
