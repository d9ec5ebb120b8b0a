"""A folder at an address: on this machine, in memory, in a bucket."""

from __future__ import annotations

import importlib
import sys
import time

import pytest
from support.s3_server import SECRET, environment, faulty_s3

from rag_app.errors import InvalidInputError, MissingExtraError, StoreError
from rag_app.index.storage import Storage, without_secrets


@pytest.fixture(params=["folder", "memory", "s3"])
def storage(request, tmp_path, monkeypatch):
    """An empty folder of each kind."""
    if request.param == "folder":
        return Storage(str(tmp_path / "shelf"))
    if request.param == "memory":
        return Storage(f"memory://{tmp_path}")
    for name, value in environment(request.getfixturevalue("bucket_url")).items():
        monkeypatch.setenv(name, value)
    return Storage(f"s3://shelf/{tmp_path.name}")


def test_what_is_written_is_read(storage, tmp_path):
    """Small files and large ones; what is not there is None, and no error."""
    assert (storage.read("latest.json"), storage.size("a/b")) == (None, None)
    storage.write("latest.json", b"1")
    storage.write("latest.json", b"22")
    assert (storage.read("latest.json"), storage.size("latest.json")) == (b"22", 2)
    (tmp_path / "large").write_bytes(bytes(range(256)) * 5000)
    storage.upload(tmp_path / "large", "generations/1/chroma/large")
    assert storage.size("generations/1/chroma/large") == 1_280_000
    assert storage.download("generations/1/chroma/large", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "large").read_bytes()
    assert not storage.download("generations/1/none", tmp_path / "none")


def test_folders_are_listed_and_removed(storage, tmp_path):
    """With all that is in them; one that is not there is no error."""
    assert storage.folders("generations") == []
    (tmp_path / "file").write_bytes(b"x")
    for name in ("b", "a"):
        storage.upload(tmp_path / "file", f"generations/{name}/deep/file")
    assert storage.folders("generations") == ["a", "b"]
    storage.remove("generations/a")
    storage.remove("generations/a")
    assert storage.folders("generations") == ["b"]


def test_a_reader_never_sees_half_a_small_file(tmp_path):
    """On a disk it is written aside and moved; nothing stays beside it."""
    storage = Storage(str(tmp_path))
    storage.write("latest.json", b"old")
    held = (tmp_path / "latest.json").open("rb")
    storage.write("latest.json", b"newer")
    with held:
        assert held.read() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["latest.json"]


@pytest.mark.parametrize(
    ("uri", "shown"),
    [("", ""), ("  ", "  "), ("nowhere://x", "nowhere://x"), ("nowhere://me:word@x?token=1", "nowhere://x")],
)
def test_what_is_no_address_is_refused(uri, shown):
    """Without the password that stood in it."""
    with pytest.raises(InvalidInputError, match="Write, for example: s3://bucket/folder") as caught:
        Storage(uri)
    assert caught.value.message == f"URI must be a folder or an address that fsspec knows; got {shown!r}."


@pytest.mark.parametrize(("uri", "package"), [("s3://b/f", "rag-app[cloud]"), ("gs://b/f", "gcsfs")])
def test_a_missing_package_is_named(monkeypatch, uri, package):
    """As pip calls it."""
    for protocol in ("s3", "gs"):
        monkeypatch.delitem(importlib.import_module("fsspec.registry")._registry, protocol, raising=False)
    for name in ("s3fs", "gcsfs"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=r"An address that starts with \w+:// needs the package ") as caught:
        Storage(uri)
    assert caught.value.package == package


@pytest.mark.usefixtures("bucket_url")
def test_a_bucket_that_does_not_exist(tmp_path):
    """Reading finds nothing; writing says what is missing, and does not make one."""
    storage = Storage("s3://none/folder")
    assert storage.read("latest.json") is None
    (tmp_path / "file").write_bytes(b"x")
    for write in (lambda: storage.write("a", b""), lambda: storage.upload(tmp_path / "file", "a/b")):
        with pytest.raises(
            StoreError, match=r"s3://none/folder cannot be written: there is no such bucket or folder\."
        ):
            write()


REFUSALS = [
    ((507, "XMinioStorageFull", "Storage backend has reached its minimum free drive threshold."), "it is full"),
    ((403, "AccessDenied", "Access Denied"), "access is denied"),
    ((403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."), "access"),
    ((403, "SignatureDoesNotMatch", "The request signature we calculated does not match."), "signature"),
    ((400, "InvalidRequest", "Something else."), "omething else"),
]


@pytest.mark.parametrize(("refusal", "reason"), REFUSALS, ids=[r[0][1] for r in REFUSALS])
def test_a_bucket_that_refuses_is_one_sentence(monkeypatch, refusal, reason):
    """With a hint, and without a key."""
    pytest.importorskip("s3fs", reason="the extra cloud is not installed")
    with faulty_s3(lambda *_: refusal) as url:
        for name, value in environment(url).items():
            monkeypatch.setenv(name, value)
        with pytest.raises(StoreError) as caught:
            Storage(f"s3://{refusal[1].lower()}/folder").write("latest.json", b"x")
    assert reason in caught.value.message
    assert caught.value.hint
    assert SECRET not in str(caught.value)
    assert "AKIA" not in str(caught.value)


def test_a_server_that_is_away_is_said_soon(monkeypatch):
    """A minute is not spent on it."""
    pytest.importorskip("s3fs", reason="the extra cloud is not installed")
    for name, value in environment("http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)
    began = time.monotonic()
    with pytest.raises(StoreError, match=r"s3://away/x cannot be read: could not connect to the endpoint"):
        Storage("s3://away/x").read("latest.json")
    assert time.monotonic() - began < 30


def test_a_folder_that_may_not_be_written(tmp_path):
    """A file stands in its way: the reason in the system's words."""
    (tmp_path / "shelf").write_text("a file")
    with pytest.raises(StoreError, match=r"shelf cannot be written: (file exists|not a directory)\. Check the address"):
        Storage(str(tmp_path / "shelf")).write("latest.json", b"")


def test_nothing_secret_is_shown():
    """Neither of an address nor of a signed one."""
    assert without_secrets("s3://key:word@bucket/a cannot be read") == "s3://bucket/a cannot be read"
    assert without_secrets("https://host/a?X-Amz-Signature=1&X-Amz-Credential=2") == "https://host/a"
