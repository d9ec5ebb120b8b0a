"""What is put to the test, asked on the nodes of a Ray cluster; rows, caches, limits and the journal stay here."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from rag_app.cluster import Origin, joined, n_processors, translated
from rag_app.errors import ClusterError, RagAppError

if TYPE_CHECKING:
    from rag_app.evaluation.cases import Case
    from rag_app.evaluation.subjects import Reply, Subject

_RETRIES = 3  # of a question whose worker died
_MOST_VARIANTS = 16  # that a worker keeps

Make = Callable[[int], "Subject"]


@contextmanager
def subjects_on_ray(
    subjects: Mapping[str, Subject], make: Mapping[str, Make], address: str, concurrency: int, most: int | None = None
) -> Iterator[tuple[Mapping[str, Subject], int]]:
    """Hold a cluster, and yield subjects whose replies come from it, with how many can be asked at the same time.

    Parameters
    ----------
    subjects : mapping of str to Subject
        Those of this process, by variant: what their replies depend on is what it must depend on in a worker.
    make : mapping of str to callable
        Makes the same subjects in a worker, given how many workers there are.
    address : str
        ``HOST:PORT`` of the cluster; empty starts Ray on this machine.
    concurrency : int
        Questions to ask at the same time; 1, which is the default of suites, means one for each processor.
    most : int, optional
        No more than so many, where a provider allows no more in a minute.

    Raises
    ------
    ClusterError
        If the cluster cannot be joined.
    """
    with joined(address):
        n_together = concurrency if concurrency > 1 else n_processors()
        if most is not None:
            n_together = min(n_together, most)
        cpus = min(n_processors() / n_together, 1.0)
        yield {name: RaySubject(own, make[name], n_together, cpus) for name, own in subjects.items()}, n_together


class RaySubject:
    """A subject whose replies are made by workers. What a worker does not finish, because it died, another one does.

    Parameters
    ----------
    subject : Subject
        The same in this process.
    make : callable
        Makes it in a worker, given how many workers there are.
    n_together : int
        How many there are.
    cpus : float
        The share of a processor that each of them has.
    """

    def __init__(self, subject: Subject, make: Make, n_together: int, cpus: float) -> None:
        import ray

        self._subject = subject
        self._made_by = pickle.dumps((uuid4().hex, Origin(), make, n_together))  # anew for each run: the index may be
        self._task: Any = ray.remote(num_cpus=cpus, max_retries=_RETRIES)(_reply)

    @property
    def strength(self) -> bool:
        """Whether a reply has the strength of the evidence."""
        return self._subject.strength

    def key(self, case: Case) -> dict[str, Any]:
        """Return what a reply depends on besides prompts."""
        return self._subject.key(case)

    def prompts(self) -> dict[str, str]:
        """Return the hashes of the prompts that may be sent."""
        return self._subject.prompts()

    def reply(self, case: Case) -> Reply:
        """Return what a worker says to a case.

        Raises
        ------
        RagAppError
            What the subject raises there; `ClusterError` where no worker can be asked.
        """
        import ray

        with translated():
            found: Reply | RagAppError = ray.get(self._task.remote(self._made_by, case, self.key(case)))
        if isinstance(found, RagAppError):
            raise found
        return found


def _reply(made_by: bytes, case: Case, key: Mapping[str, Any]) -> Reply | RagAppError:
    """Return the reply to a case, or the error to be raised: in a worker."""
    try:
        subject = _made(made_by)
        if subject.key(case) != key:
            msg = "Every node of the cluster must have the same code and the same index; one has another."
            return ClusterError(msg, hint="Install the same version on every node, and share the data folder.")
        return subject.reply(case)
    except RagAppError as exc:
        return exc


@lru_cache(maxsize=_MOST_VARIANTS)
def _made(made_by: bytes) -> Subject:
    _, origin, make, n_workers = pickle.loads(made_by)  # noqa: S301  (what this job's own process wrote)
    origin.adopt()
    subject: Subject = make(n_workers)
    return subject
