"""A Ray cluster for the time of a job: one that is running, or one of this machine's own."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from typing import Any

from rag_app.errors import ClusterError, MissingExtraError

_CONNECT_S = 5.0
_OBJECTS_BYTES = 512 * 2**20  # between the stages; what does not fit is written to the disk
_GREETING = """
import sys
import ray
try:
    ray.init(address=sys.argv[1], log_to_driver=False, logging_level="critical")
except Exception as exc:
    print(exc)
    sys.exit(1)
"""
_REFUSED = 1
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # it would report to its makers
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # it would send the current folder to the workers
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # an error is raised, and told once
    "RAY_DATA_LOG_LEVEL": "CRITICAL",
    "RAY_DEDUP_LOGS_SKIP_REGEX": "^",  # what happens to a node would be printed among our results
}
_ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token"}  # on Linux, too, loopback alone
_TO_JOIN = "Start it with ray start --head, or leave --address out to use this machine alone."


@contextmanager
def joined(address: str = "") -> Iterator[None]:
    """Hold a connection to Ray; one that the program has opened itself is used, and left open.

    Parameters
    ----------
    address : str, default=""
        ``HOST:PORT`` of a cluster that this machine is a node of. Empty starts Ray on this machine, for this process
        alone: it listens on loopback, asks for a token, and leaves nothing behind.

    Raises
    ------
    MissingExtraError
        If Ray is not installed.
    ClusterError
        If there is no cluster of the same versions at the address.
    """
    held = sys.modules.get("ray")
    if held is not None and held.is_initialized():
        yield
        return
    folder = None if address else _own_folder()
    try:
        with _environment(alone=not address):
            ray = _load_ray()
            try:
                _connect(address, folder)
                yield
            finally:
                ray.shutdown()
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def translated() -> Iterator[None]:
    """Turn what Ray raises while it works into a `ClusterError`."""
    from ray.exceptions import RayError

    try:
        yield
    except (RayError, ConnectionError, RuntimeError) as exc:
        lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
        reason = lines[-1] if lines else type(exc).__name__
        msg = f"Ray stopped before the work was done: {reason.rstrip('.')[:300]}."
        raise ClusterError(msg, hint="Run this again: what was finished is kept.") from exc


def n_nodes() -> int:
    """Return the number of nodes that can work."""
    import ray

    able = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]
    return max(len(able), 1)


def n_processors() -> int:
    """Return the number of processors of all nodes together."""
    import ray

    return max(int(ray.cluster_resources().get("CPU", 1)), 1)


@cache
def _own_version() -> str:
    return version("rag-app")


@dataclass(frozen=True, slots=True)
class Origin:
    """What workers must have in common with the process that gives them work.

    Parameters
    ----------
    version : str
        Of the program.
    folder : str
        The current one, which relative paths start from where there is such a folder here too.

    Examples
    --------
    >>> Origin().adopt()
    """

    version: str = field(default_factory=_own_version)
    folder: str = field(default_factory=os.getcwd)

    def adopt(self) -> None:
        """Make this process, a worker's, like the origin.

        Raises
        ------
        ClusterError
            If it runs another version of the program.
        """
        if _own_version() != self.version:
            here = f"{socket.gethostname()} has {_own_version()}"
            msg = f"Every node of the cluster must have rag-app {self.version}; {here}."
            raise ClusterError(msg, hint=f'Run there: pip install "rag-app[ray]=={self.version}"')
        with suppress(OSError):  # a machine without it has nothing to do with relative paths
            os.chdir(self.folder)


@contextmanager
def _environment(*, alone: bool) -> Iterator[None]:
    """Set what Ray and the processes that it starts read from the environment."""
    wanted = _QUIET | (_ALONE | {"RAY_AUTH_TOKEN": _token()} if alone else {})
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _own_folder() -> str:
    """Return a folder for what does not fit into memory: nobody else may look into it, and it goes with the job."""
    short = "/tmp"  # noqa: S108  (its sockets' paths may have 107 characters at most)
    return tempfile.mkdtemp(prefix=f"rag-ray-{os.getpid()}-", dir=short if os.path.isdir(short) else None)


def _load_ray() -> Any:  # noqa: ANN401  (ray is an extra)
    try:
        import ray
    except ImportError as exc:
        feature = "The engine ray"
        raise MissingExtraError(feature, "rag-app[ray]") from exc
    return ray


@cache
def _token() -> str:
    return secrets.token_hex(32)


def _connect(address: str, folder: str | None) -> None:
    import ray

    options: dict[str, Any] = {"address": address, "log_to_driver": False, "logging_level": "critical"}
    if folder is not None:
        options |= {"address": "local", "include_dashboard": False, "object_store_memory": _OBJECTS_BYTES}
        options |= {"_temp_dir": folder, "_node_ip_address": "127.0.0.1"}
    else:
        check_reachable(address)
    try:
        with _without_stderr():
            ray.init(**options)
    except (RuntimeError, ValueError, OSError) as exc:
        raise _refusal(str(exc), address) from exc


def check_reachable(address: str, timeout_s: float = 30.0) -> None:
    """Raise a `ClusterError` within seconds: Ray itself would try for minutes.

    Parameters
    ----------
    address : str
        ``HOST:PORT``.
    timeout_s : float, default=30.0
        Seconds that a server has to behave like Ray.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in host:
        msg = f"address must be HOST:PORT; got {address!r}."
        raise ClusterError(msg, hint="Run this on a node of the cluster: ray start prints the address.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_S).close()
    except (OSError, OverflowError) as exc:
        reason = (getattr(exc, "strerror", None) or str(exc)).lower()
        msg = f"The Ray cluster at {address} cannot be reached: {reason}."
        raise ClusterError(msg, hint=_TO_JOIN) from exc
    try:  # in a process that can be ended: Ray waits long for a server that is not Ray, or ends the process itself
        done = subprocess.run(  # noqa: S603  (our own words)
            [sys.executable, "-c", _GREETING, address], capture_output=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        done = None
    if done is not None and done.returncode == _REFUSED:
        raise _refusal(done.stdout.decode(errors="replace"), address)
    if done is None or done.returncode:
        msg = f"What answers at {address} is no Ray cluster that can be joined."
        raise ClusterError(msg, hint=_TO_JOIN)


def _refusal(text: str, address: str) -> ClusterError:
    if "Version mismatch" in text:
        import ray

        own = f"Ray {ray.__version__} and Python {sys.version.split()[0]}"
        theirs = " ".join(line.strip() for line in text.splitlines()[1:3])
        msg = f"The Ray cluster at {address} must run {own}; got {theirs}."
        return ClusterError(msg, hint="Install the same versions on every node.")
    where = f"The Ray cluster at {address} cannot be joined" if address else "Ray cannot be started"
    reason = (text.strip().splitlines() or ["it does not say why"])[0].rstrip(".")
    return ClusterError(f"{where}: {reason[:300]}.", hint=_TO_JOIN if address else "Run without --engine ray.")


@contextmanager
def _without_stderr() -> Iterator[None]:
    """Send what Ray's own libraries print past Python nowhere."""
    try:
        kept = os.dup(2)
    except OSError:  # there is no standard error
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
