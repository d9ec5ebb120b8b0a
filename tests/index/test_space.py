"""Room on the disk is asked for before it is taken."""

from __future__ import annotations

import re
import shutil

import pytest

from rag_app.errors import StoreError
from rag_app.index.space import check_space


def test_what_fits_passes(tmp_path):
    """Half of what is free may be written."""
    check_space(tmp_path, shutil.disk_usage(tmp_path).free // 2)


def test_what_would_fill_the_disk_is_refused(tmp_path):
    """The last 16 MiB are left free, and the message says what is needed and what there is."""
    free = shutil.disk_usage(tmp_path).free
    with pytest.raises(
        StoreError, match=rf"The disk of {re.escape(str(tmp_path))} must have \d+ MiB free; it has \d+ MiB"
    ):
        check_space(tmp_path, free)
