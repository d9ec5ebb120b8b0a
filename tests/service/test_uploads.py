"""Uploads: off unless they are wanted, and jailed in their folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import pytest
from support.answers import app_on
from support.service import problem, running

from rag_app.errors import InvalidInputError
from rag_app.service.uploads import read_name

NOTE = b"# Lighthouse\n\nThe lamp of the lighthouse was lit for the first time in 1861.\n"


def files(*named: tuple[str, bytes]) -> list[tuple[str, tuple[str, bytes]]]:
    """Return files as httpx sends them."""
    return [("files", one) for one in named]


def test_there_are_none_unless_they_are_wanted(client: httpx.Client) -> None:
    """The path does not exist, and the description of the service does not name it."""
    assert problem(client.post("/ingest", files=files(("a.md", NOTE))))[0] == 404
    assert "/ingest" not in client.get("/openapi.json").json()["paths"]


def test_a_file_is_taken_and_found(course_dir: Path, tmp_path: Path) -> None:
    """Its receipt is that of an ingestion; sent again changed it replaces itself; files that were there stay."""
    data_dir = Path(shutil.copytree(course_dir, tmp_path / "data"))
    with running(app_on(data_dir), upload_dir=tmp_path / "uploads") as url:
        receipt = httpx.post(
            f"{url}/ingest", files=files(("light.md", NOTE), ("empty.txt", b"Text.")), timeout=60
        ).json()
        assert [(f["name"], f["status"]) for f in receipt["files"]] == [("empty.txt", "new"), ("light.md", "new")]
        answer = httpx.post(f"{url}/ask", json={"question": "When was the lamp of the lighthouse lit?"}).json()
        assert answer["citations"][0]["source"] == "light.md"
        changed = NOTE.replace(b"1861", b"1862")
        receipt = httpx.post(f"{url}/ingest", files=files(("light.md", changed)), timeout=60).json()
        assert {f["name"]: f["status"] for f in receipt["files"]}["light.md"] == "changed"
        assert len(httpx.get(f"{url}/sources").json()["sources"]) == 4
    assert sorted(p.name for p in (tmp_path / "uploads").iterdir()) == ["empty.txt", "light.md"]


@pytest.mark.parametrize(
    "name",
    [
        "../a.md",
        "/etc/a.md",
        "a/b.md",
        "a\\b.md",
        "..",
        ".hidden.md",
        "",
        "a\x00.md",
        "a\n.md",
        "x" * 300 + ".md",
        "-r.md",
        "C:a.md",
    ],
)
def test_a_name_cannot_leave_the_folder(name: str) -> None:
    """Nor hide in it."""
    with pytest.raises(InvalidInputError, match="The name of a file must be a plain name"):
        read_name(name)


@pytest.mark.parametrize("name", ["a.exe", "a", "a.md.zip", "a.py"])
def test_only_types_that_are_read_are_taken(name: str) -> None:
    """The hint has them."""
    with pytest.raises(InvalidInputError, match="must be one that is read") as caught:
        read_name(name)
    assert ".md" in str(caught.value.hint)


def test_a_link_in_the_folder_is_not_followed(course_dir: Path, tmp_path: Path) -> None:
    """An upload of its name takes its place; what it pointed to stays as it was."""
    outside, uploads = tmp_path / "outside.md", tmp_path / "uploads"
    outside.write_bytes(b"Untouched.")
    uploads.mkdir()
    (uploads / "light.md").symlink_to(outside)
    data_dir = Path(shutil.copytree(course_dir, tmp_path / "data"))
    with running(app_on(data_dir), upload_dir=uploads) as url:
        assert httpx.post(f"{url}/ingest", files=files(("light.md", NOTE)), timeout=60).status_code == 200
    assert outside.read_bytes() == b"Untouched."
    assert (uploads / "light.md").read_bytes() == NOTE


def test_what_is_refused_is_not_written(course_dir: Path, tmp_path: Path) -> None:
    """A wrong name among right ones, too many bytes, and no file at all."""
    data_dir = Path(shutil.copytree(course_dir, tmp_path / "data"))
    with running(app_on(data_dir), upload_dir=tmp_path / "uploads", max_upload_bytes=10_000) as url:
        assert problem(httpx.post(f"{url}/ingest", files=files(("a.md", NOTE), ("../b.md", NOTE))))[0] == 422
        assert problem(httpx.post(f"{url}/ingest", files=files(("a.md", b" " * 20_000))))[0] == 413
        assert problem(httpx.post(f"{url}/ingest", data={"files": "text"}))[0] == 422
        assert (
            problem(httpx.post(f"{url}/ingest", content=b"x", headers={"content-type": "multipart/form-data"}))[0]
            == 400
        )
    assert not (tmp_path / "uploads").exists()


def test_a_file_that_cannot_be_read_is_in_the_receipt(course_dir: Path, tmp_path: Path) -> None:
    """The others are taken."""
    data_dir = Path(shutil.copytree(course_dir, tmp_path / "data"))
    with running(app_on(data_dir), upload_dir=tmp_path / "uploads") as url:
        sent = files(("broken.pdf", b"%PDF-1.7"), ("light.md", NOTE))
        receipt = httpx.post(f"{url}/ingest", files=sent, timeout=60).json()
    assert {f["name"]: f["status"] for f in receipt["files"]} == {"broken.pdf": "failed", "light.md": "new"}


def test_a_folder_that_cannot_be_written_is_a_problem(course_dir: Path, tmp_path: Path) -> None:
    """Of the service, not of the client."""
    (tmp_path / "uploads").write_text("a file")
    with running(app_on(course_dir), upload_dir=tmp_path / "uploads") as url:
        response = httpx.post(f"{url}/ingest", files=files(("light.md", NOTE)))
    assert problem(response) == (503, "The upload folder cannot be written: file exists.")
