"""What transformers writes while it loads a network, kept off the user's terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def without_output() -> Iterator[None]:
    """Show neither a bar nor a table of weights; what the program had chosen to show holds again afterwards."""
    import transformers

    logging: Any = transformers.utils.logging
    was_shown, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if was_shown:
            logging.enable_progress_bar()
