"""Ray on this machine for tests: several nodes on loopback, and processes of theirs that can be killed."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from rag_app import cluster

_OBJECTS_BYTES = 100 * 2**20


@contextmanager
def ray_nodes(n_nodes: int) -> Iterator[Any]:
    """Hold a cluster of nodes with one processor each, which this process has joined; without Ray, skip the test."""
    with pytest.MonkeyPatch.context() as own, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray's own: sockets and files that it leaves to the interpreter
        for name in [n for n in os.environ if n.startswith("RAY_")]:
            own.delenv(name)
        for name, value in {**cluster._QUIET, "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}.items():
            own.setenv(name, value)
        pytest.importorskip("ray", reason="needs the extra ray")
        import ray
        from ray._private import ray_constants
        from ray.cluster_utils import Cluster

        own.setattr(ray_constants, "ENABLE_RAY_CLUSTER", False)  # what the variable says, if ray was imported before
        folder = tempfile.mkdtemp(prefix="ray-")  # short: it holds sockets
        head = {"temp_dir": folder, "include_dashboard": False, **_node()}
        nodes = Cluster(initialize_head=True, head_node_args=head)
        try:
            for _ in range(n_nodes - 1):
                add_node(nodes)
            with cluster.joined(nodes.address):
                yield nodes
        finally:
            ray.shutdown()
            nodes.shutdown()
            shutil.rmtree(folder, ignore_errors=True)


def add_node(nodes: Any) -> Any:
    """Return a node that has joined the others."""
    return nodes.add_node(**_node())


def kill_workers(node: Any, title: str) -> int:
    """Kill the workers of a node whose title begins so; return how many those were."""
    (raylet,) = [started.process.pid for started in node.all_processes["raylet"]]
    found = [pid for pid in _children(raylet) if _title(pid).startswith(title)]
    for pid in found:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return len(found)


def _node() -> dict[str, Any]:
    return {"num_cpus": 1, "node_ip_address": "127.0.0.1", "object_store_memory": _OBJECTS_BYTES}


def _children(parent: int) -> list[int]:
    return [
        int(pid) for task in Path(f"/proc/{parent}/task").iterdir() for pid in (task / "children").read_text().split()
    ]


def _title(pid: int) -> str:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
    return ""


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, and those that they have."""
    with suppress(FileNotFoundError):
        return [found for child in _children(pid) for found in (child, *descendants(child))]
    return []


def listening(pids: list[int]) -> set[str]:
    """Return the addresses, in hexadecimal, at which processes wait for connections over IP."""
    inodes = set()
    for pid in pids:
        with suppress(FileNotFoundError):
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(FileNotFoundError):
                    inodes.add(str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]"))
    rows = [row.split() for kind in ("tcp", "tcp6") for row in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]]
    return {row[1].partition(":")[0] for row in rows if row[3] == "0A" and row[9] in inodes}
