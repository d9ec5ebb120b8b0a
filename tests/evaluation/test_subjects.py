"""What answers depend on."""

from __future__ import annotations

import json
import subprocess
import sys

from rag_app.evaluation.subjects import WITHOUT_ANSWERS

ASK = """\
import json, sys
from rag_app import build
app = build(data_dir=sys.argv[1])
app.ingest([sys.argv[2]])
app.ask("And in winter?", [{"role": "user", "content": "How often does the ferry sail?"}])
app.evidence("How often does the ferry sail?")
app.classifier(["refund", "delivery"]).predict(["Where is my parcel?"])
print(json.dumps([name for name in sys.modules if name.startswith("rag_app.")]))
"""


def test_all_code_that_makes_answers_is_in_their_key(tmp_path):
    """A change of it must not bring back an answer of before: the hash leaves out no package that is used."""
    (tmp_path / "notes.md").write_text("The ferry sails four times a day, and twice in winter.", encoding="utf-8")
    command = [sys.executable, "-c", ASK, str(tmp_path / "data"), str(tmp_path / "notes.md")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    used = {name.split(".")[1] for name in json.loads(done.stdout)}
    assert {"app", "chains", "from_scratch", "reading"} <= used
    assert not used & WITHOUT_ANSWERS
