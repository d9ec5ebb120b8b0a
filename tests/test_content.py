"""Where the packaged content is found."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rag_app
from rag_app.content import content_dir
from rag_app.errors import StoreError

PACKAGE = Path(rag_app.__file__).parent


@pytest.mark.parametrize("name", ["prompts", "knowledge", "evals"])
def test_checkout_has_every_folder(name):
    """In a checkout the folders beside the package are used."""
    assert content_dir(name) == PACKAGE.parent / name
    assert any(content_dir(name).iterdir())


def test_missing_folder_says_so():
    """A folder that the installation lacks is an error with a way out."""
    message = "The folder nonsense/ is missing from this installation. Reinstall rag-app."
    with pytest.raises(StoreError, match=f"^{re.escape(message)}$"):
        content_dir("nonsense")


def test_wheel_content_comes_before_a_folder_beside_the_package(tmp_path):
    """In an installation the packaged folder is used, even where site-packages holds a folder of the same name."""
    package = tmp_path / "rag_app"
    (package / "_content" / "prompts").mkdir(parents=True)
    (tmp_path / "prompts").mkdir()
    for name in ("__init__.py", "content.py", "errors.py"):
        shutil.copy(PACKAGE / name, package / name)
    code = "from rag_app.content import content_dir; print(content_dir('prompts'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()) == (package / "_content" / "prompts").resolve()
