"""A real PostgreSQL of one's own: a cluster in a temporary folder, on a free port of loopback."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.chroma_server import free_port

START_S = 30.0
OWNER = "keeper"
PASSWORD = "owl/ä 1861@"  # as people choose them
ESCAPED = "owl%2F%C3%A4%201861%40"  # as it stands in a URL
_FAST = ("fsync=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=40")


def why_not() -> str:
    """Return why no server can be started here, or nothing."""
    if _binary("initdb") is None or _binary("postgres") is None:
        return "PostgreSQL is not installed"
    if os.geteuid() == 0 and _user() is None:
        return "PostgreSQL does not run as root, and there is no user postgres"
    return ""


class Server:
    """A cluster that runs, may be stopped and started again.

    Parameters
    ----------
    folder : pathlib.Path
        Its files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder.with_name("log")
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    def url(self, database: str = "postgres", user: str = OWNER, password: str = ESCAPED) -> str:
        """Return the address of a database."""
        return f"postgresql+psycopg://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Return the name of an empty database."""
        name = f"kept_{uuid.uuid4().hex[:12]}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return name

    def execute(self, sql: str, database: str = "postgres") -> list[tuple]:
        """Return the rows of a statement that the owner of the cluster gives."""
        import psycopg

        place = {"host": "127.0.0.1", "port": self.port, "user": OWNER, "password": PASSWORD, "dbname": database}
        with psycopg.connect(**place, autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = [part for setting in _FAST for part in ("-c", setting)]
        where = ["-D", self._folder, "-h", "127.0.0.1", "-p", str(self.port), "-k", ""]
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                [_binary("postgres"), *where, *settings], stdout=out, stderr=out, **_as_user()
            )
        deadline = time.monotonic() + START_S
        ready = [_binary("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, check=False).returncode:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {self._log.read_text()[-2000:]}")
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it, whoever is connected; by SIGQUIT without writing what is in its memory."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=30)
            self._process = None


@contextmanager
def postgres_server() -> Iterator[Server]:
    """Run a server on a new folder; it is stopped and removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))  # not one of pytest's: those are closed to other users
    password = folder / "password"
    password.write_text(f"{PASSWORD}\n", encoding="utf-8")
    if os.geteuid() == 0:
        for path in (folder, password):
            shutil.chown(path, "postgres")
    made = ["-D", folder / "data", "-U", OWNER, "--auth=scram-sha-256", f"--pwfile={password}"]
    subprocess.run(
        [_binary("initdb"), *made, "--no-sync", "--encoding=UTF8", "--locale=C"],
        check=True,
        stdout=subprocess.DEVNULL,
        **_as_user(),
    )
    server = Server(folder / "data")
    server.start()
    try:
        yield server
    finally:
        server.stop(signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)


def _binary(name: str) -> Path | None:
    """Return where a program of PostgreSQL is; Debian keeps them off the path."""
    packaged = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which(name)
    return packaged[-1] if packaged else Path(on_path) if on_path else None


def _user() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return None


def _as_user() -> dict[str, object]:
    """Return what makes a program run as another user than root."""
    user = _user()
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": "/"} if os.geteuid() == 0 else {}
