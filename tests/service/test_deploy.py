"""What ``deploy/`` runs is what the program takes."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import yaml

from rag_app.cli.main import build_parser
from rag_app.cli.serve import read_options
from rag_app.service.options import ServiceOptions

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"


def options(words: list[str]) -> ServiceOptions:
    """Return the options that a command line stands for; a wrong one ends the test."""
    assert words[0] == "serve"
    return read_options(build_parser("serve").parse_args(words))


def test_the_image_serves_and_is_built_from_what_there_is() -> None:
    """Each path that is copied exists, and the last command is one that the program takes."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    copied = [words.split()[:-1] for words in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE)]
    assert [path for paths in copied for path in paths if not (ROOT / path).exists()] == []
    found = re.findall(r"^CMD (.*)$", text, re.MULTILINE)
    assert options(json.loads(found[-1])).allowed_hosts == ("rag",)
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["rag"]
    (check,) = re.findall(r"^HEALTHCHECK .*CMD (\[.*\])$", text, re.MULTILINE)
    compile(json.loads(check)[2], "HEALTHCHECK", "exec")


def test_the_compose_file_keeps_chroma_inside() -> None:
    """Only the service reaches it, and only this machine reaches the service."""
    compose: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    rag, chroma = compose["services"]["rag"], compose["services"]["chroma"]
    assert not options(rag["command"]).is_local
    assert all(port.startswith("127.0.0.1:") for port in rag["ports"])
    assert "ports" not in chroma
    assert chroma["networks"] == ["inside"]
    assert compose["networks"]["inside"]["internal"] is True
    used = {volume.partition(":")[0] for service in (rag, chroma) for volume in service["volumes"]}
    assert used == set(compose["volumes"])
    assert (DEPLOY / rag["build"]["context"] / rag["build"]["dockerfile"]).is_file()
    version = re.search(r"chromadb>=([\d.]+)", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert version is not None
    assert chroma["image"].endswith(f":{version[1]}")


def test_the_unit_of_systemd_serves() -> None:
    """Its command is one that the program takes, and it is given the time that an answer may take."""
    text = (DEPLOY / "rag.service").read_text(encoding="utf-8")
    (command,) = re.findall(r"^ExecStart=\S+/rag (.*)$", text, re.MULTILINE)
    found = options(shlex.split(command))
    assert found.is_local
    (stop_s,) = re.findall(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)
    assert int(stop_s) > found.timeout_s
    sections = re.findall(r"^\[(.*)\]$", text, re.MULTILINE)
    assert sections == ["Unit", "Service", "Install"]
