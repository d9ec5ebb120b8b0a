"""What ``import rag_app`` offers, and what it does not load."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

import rag_app
from rag_app import app, types

HEAVY = ["numpy", "torch", "langchain", "langchain_core", "chromadb", "onnxruntime", "openai", "pydantic", "yaml"]


@pytest.mark.parametrize("name", rag_app.__all__)
def test_every_export_is_the_real_object(name):
    """Each exported name is the object of the module that defines it."""
    exported = getattr(rag_app, name)
    assert exported is (getattr(app, name, None) or getattr(types, name, None) or rag_app.__version__)


def test_exports_are_sorted():
    """The list reads like an index."""
    assert rag_app.__all__ == sorted(rag_app.__all__)


def test_unknown_attribute_is_an_attribute_error():
    """A name that is not exported fails as in any module, even if a submodule defines it."""
    with pytest.raises(AttributeError, match=re.escape("module 'rag_app' has no attribute 'Locator'")):
        rag_app.Locator  # noqa: B018


def test_star_import_gives_the_exports():
    """``from rag_app import *`` binds every exported name."""
    namespace: dict[str, object] = {}
    exec("from rag_app import *", namespace)
    assert set(rag_app.__all__) <= set(namespace)


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import rag_app", HEAVY),
        ("from rag_app import Answer", HEAVY),
        ("import rag_app.settings; rag_app.settings.Settings.load(environ={})", HEAVY),
        ("from rag_app.embeddings.minilm import MiniLM; MiniLM().embed(['x'])", ["torch", "transformers", "langchain"]),
        ("import rag_app.llms.factory, rag_app.llms.tokens, rag_app.embeddings.factory", HEAVY),
    ],
)
def test_import_is_light(code, absent):
    """Using a part does not load packages that it has no need of."""
    script = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert set(absent).isdisjoint(json.loads(done.stdout))
