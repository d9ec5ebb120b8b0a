"""What transformers writes while it loads a network."""

from __future__ import annotations

import pytest

from rag_app.embeddings.loading_output import without_output


@pytest.mark.parametrize("is_shown", [True, False])
def test_what_is_shown_is_as_it_was_afterwards(is_shown):
    """The program around may have chosen to show bars or warnings; an error in between changes nothing."""
    logging = pytest.importorskip("transformers", reason="transformers is not installed").utils.logging
    (logging.enable_progress_bar if is_shown else logging.disable_progress_bar)()
    logging.set_verbosity(logging.INFO if is_shown else logging.WARNING)
    before = logging.is_progress_bar_enabled(), logging.get_verbosity()
    try:
        with without_output():
            assert (logging.is_progress_bar_enabled(), logging.get_verbosity()) == (False, logging.ERROR)
        assert (logging.is_progress_bar_enabled(), logging.get_verbosity()) == before
        with pytest.raises(OSError, match="no weights"):
            _fail()
        assert (logging.is_progress_bar_enabled(), logging.get_verbosity()) == before
    finally:
        logging.enable_progress_bar()
        logging.set_verbosity(logging.WARNING)


def _fail():
    """Break off inside."""
    with without_output():
        raise OSError("no weights")
