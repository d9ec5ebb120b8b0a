"""Two runs, case by case: which metrics moved, by how much, how sure that is, and which cases were won and lost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any, Literal

from rag_app.errors import EvaluationError
from rag_app.evaluation.metrics.cards import Card
from rag_app.evaluation.resampling import FEWEST_CLUSTERS, clustered_interval, holm, sign_flip_p_value, split_clusters
from rag_app.evaluation.runs import Row, Run
from rag_app.evaluation.suites import Bound

ALPHA = 0.05
_EQUAL = 1e-9

Verdict = Literal["better", "worse", "worse within the margin", "not worse", "unclear", "not covered", "advisory"]


@dataclass(frozen=True, slots=True)
class Duel:
    """One case in both runs, by one metric.

    Parameters
    ----------
    case_id, question : str
        The case.
    answer_a, answer_b : str
        What was answered first.
    score_a, score_b : float
        Means over the repeats.
    gain : float
        How much better B is; negative where it is worse.
    why_a, why_b : str
        What the metric says of the first answers.
    """

    case_id: str
    question: str
    answer_a: str
    answer_b: str
    score_a: float
    score_b: float
    gain: float
    why_a: str = ""
    why_b: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric in both runs, over the cases that have a score in both.

    Parameters
    ----------
    metric, direction : str
        Which, and what is better.
    mean_a, mean_b : float
        Over the paired cases.
    gain, low, high : float
        Mean of the cases' gains, positive where B is better, with a 95 % interval.
    p_value, p_adjusted : float
        Of the sign-flip test, and corrected for the number of metrics; of an advisory metric it is not.
    margin : float
        The loss that is put up with.
    detectable : float or None
        The smallest true difference that so many cases show in 80 % of such comparisons; None where gains are equal.
    n_cases, n_clusters, n_unpaired, n_failed : int
        Cases with a score in both runs, groups of them, cases with a score in one run only, and cases with one in A and
        an error in B.
    verdict : str
        What that comes to.
    wins, losses : tuple of Duel
        Cases that B does better and worse, the largest gain or loss first.
    """

    metric: str
    direction: str
    mean_a: float
    mean_b: float
    gain: float
    low: float
    high: float
    p_value: float
    p_adjusted: float
    margin: float
    detectable: float | None
    n_cases: int
    n_clusters: int
    n_unpaired: int
    n_failed: int
    verdict: Verdict
    wins: tuple[Duel, ...]
    losses: tuple[Duel, ...]

    @property
    def n_ties(self) -> int:
        """Cases that both do equally well."""
        return self.n_cases - len(self.wins) - len(self.losses)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two variants compared.

    Parameters
    ----------
    name_a, name_b : str
        What is compared.
    differences : tuple of Difference
        By metric, in the order of run B.
    only_a, only_b : tuple of str
        Ids of cases that the other lacks.
    notes : tuple of str
        What the reader should know.
    complete : bool, default=True
        Whether neither run was stopped by a limit.
    """

    name_a: str
    name_b: str
    differences: tuple[Difference, ...]
    only_a: tuple[str, ...] = ()
    only_b: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    complete: bool = True

    def failures(self, *, strict: bool = False) -> tuple[Difference, ...]:
        """Return the differences for which B must not replace A.

        Parameters
        ----------
        strict : bool, default=False
            Whether a metric of which it is unclear that B is not worse counts too.
        """
        wrong = {"worse", "not covered", *(["unclear"] if strict else [])}
        return tuple(d for d in self.differences if d.verdict in wrong)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that ``rag eval compare --json`` prints."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Paired:
    """The cases with a score in both."""

    card: Card
    duels: tuple[Duel, ...]
    clusters: tuple[str, ...]
    n_unpaired: int
    n_failed: int


def compare_runs(a: Run, b: Run, variant_a: str | None = None, variant_b: str | None = None) -> Comparison:
    """Return how a variant of run B differs from one of run A.

    Parameters
    ----------
    a, b : Run
        May be the same one, if the variants differ.
    variant_a, variant_b : str, optional
        Default: the only one of the run.

    Raises
    ------
    EvaluationError
        If a variant is unknown or must be named, or the runs have no metric or no case in common.
    """
    name_a, name_b = _variant(a, variant_a, "--a"), _variant(b, variant_b, "--b")
    rows_a, rows_b = _by_case(a.rows_of(name_a)), _by_case(b.rows_of(name_b))
    common = [case_id for case_id in rows_b if case_id in rows_a]
    known = {card.name for card in a.metrics}
    cards = [card for card in b.metrics if card.name in known]
    if not common or not cards:
        msg = f"The runs must have {'a metric' if common else 'cases'} in common; they have none."
        raise EvaluationError(msg, hint="Compare runs of one suite.")
    pairs = [_pair(card, common, rows_a, rows_b) for card in cards]
    paired = [found for found in pairs if found.duels]
    alone = [found.card.name for found in pairs if found.n_unpaired and not found.duels]
    gated = [found for found in paired if not found.card.advisory]
    p_values = [_p_value(found, b.seed) for found in gated]
    adjusted = dict(zip((found.card.name for found in gated), zip(p_values, holm(p_values), strict=True), strict=True))
    bounds = {name: Bound(**bound) for name, bound in b.suite.get("thresholds", {}).items()}
    return Comparison(
        name_a,
        name_b,
        tuple(
            _difference(found, b.seed, adjusted.get(found.card.name), bounds.get(found.card.name, Bound()))
            for found in paired
        ),
        tuple(case_id for case_id in rows_a if case_id not in rows_b),
        tuple(case_id for case_id in rows_b if case_id not in rows_a),
        (*_notes(a, b), *_few(rows_b, common), *(f"{name} has no case with a score in both runs." for name in alone)),
        not (a.stopped or b.stopped),
    )


def compare_all(a: Run, b: Run) -> tuple[Comparison, ...]:
    """Return a comparison for each variant that both runs have; for the only ones of both, whatever their names.

    Raises
    ------
    EvaluationError
        If they have none in common.
    """
    if len(a.variants) == len(b.variants) == 1:
        return (compare_runs(a, b),)
    common = [name for name in b.variants if name in a.variants]
    if not common:
        msg = f"The runs must have a variant in common; got {list(a.variants)!r} and {list(b.variants)!r}."
        raise EvaluationError(msg, hint="Name the two with --a and --b.")
    return tuple(compare_runs(a, b, name, name) for name in common)


def passes(comparisons: Sequence[Comparison], *, strict: bool = False) -> bool:
    """Return whether nothing is a change for the worse; of runs that were stopped, nobody knows."""
    return all(comparison.complete and not comparison.failures(strict=strict) for comparison in comparisons)


def _variant(run: Run, name: str | None, option: str) -> str:
    known = list(run.variants)
    if name is None and len(known) == 1:
        return known[0]
    if name not in known:
        msg = f"{option} must be followed by a variant of the run, one of {known!r}; got {name!r}."
        raise EvaluationError(msg)
    return name


def _by_case(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.case_id, []).append(row)
    return found


def _pair(
    card: Card, common: Sequence[str], rows_a: Mapping[str, list[Row]], rows_b: Mapping[str, list[Row]]
) -> _Paired:
    duels, clusters, n_unpaired, n_failed = [], [], 0, 0
    for case_id in common:
        mine, others = _values(card.name, rows_a[case_id]), _values(card.name, rows_b[case_id])
        if mine and others:
            duels.append(_duel(card, rows_a[case_id][0], rows_b[case_id][0], fmean(mine), fmean(others)))
            clusters.append(rows_b[case_id][0].case.cluster)
        else:
            n_unpaired += bool(mine or others)
            n_failed += bool(mine) and any(_fails(card.name, row) for row in rows_b[case_id])
    groups = split_clusters(clusters, [duel.case_id for duel in duels])
    return _Paired(card, tuple(duels), tuple(groups), n_unpaired, n_failed)


def _fails(metric: str, row: Row) -> bool:
    return metric in row.scores and row.scores[metric].status == "error"


def _values(metric: str, rows: Sequence[Row]) -> list[float]:
    scores = [row.scores[metric] for row in rows if metric in row.scores]
    return [score.value for score in scores if score.value is not None]


def _duel(card: Card, first: Row, second: Row, a: float, b: float) -> Duel:
    gain = b - a if card.direction == "higher" else a - b
    why = [row.scores[card.name].why for row in (first, second)]
    return Duel(second.case_id, second.question, first.text, second.text, a, b, gain, *why)


def _p_value(paired: _Paired, seed: int) -> float:
    return sign_flip_p_value([duel.gain for duel in paired.duels], paired.clusters, seed)


def _difference(paired: _Paired, seed: int, p: tuple[float, float] | None, bound: Bound) -> Difference:
    card, duels = paired.card, paired.duels
    found = clustered_interval([duel.gain for duel in duels], paired.clusters, seed)
    p_value, p_adjusted = p or (raw := _p_value(paired, seed), raw)
    wins = sorted((d for d in duels if d.gain > _EQUAL), key=lambda d: -d.gain)
    losses = sorted((d for d in duels if d.gain < -_EQUAL), key=lambda d: d.gain)
    low = found.low if found.n > 1 or not found.mean else -math.inf  # of one case alone, nothing is sure
    verdict: Verdict = "advisory" if p is None else _verdict(found.mean, low, p_adjusted, bound.margin)
    if p is not None and len(duels) / (len(duels) + paired.n_failed) < bound.min_coverage:
        verdict = "not covered"
    return Difference(
        metric=card.name,
        direction=card.direction,
        mean_a=fmean(duel.score_a for duel in duels),
        mean_b=fmean(duel.score_b for duel in duels),
        gain=found.mean,
        low=found.low,
        high=found.high,
        p_value=p_value,
        p_adjusted=p_adjusted,
        margin=bound.margin,
        detectable=found.detectable,
        n_cases=found.n,
        n_clusters=found.n_clusters,
        n_unpaired=paired.n_unpaired,
        n_failed=paired.n_failed,
        verdict=verdict,
        wins=tuple(wins),
        losses=tuple(losses),
    )


def _verdict(gain: float, low: float, p_adjusted: float, margin: float) -> Verdict:
    if p_adjusted < ALPHA:
        if gain > 0:
            return "better"
        return "worse" if gain < -margin else "worse within the margin"
    return "not worse" if low >= -margin else "unclear"


def _few(rows: Mapping[str, Sequence[Row]], common: Sequence[str]) -> list[str]:
    n_groups = len({rows[case_id][0].case.cluster for case_id in common})
    if n_groups == len(common) or n_groups >= FEWEST_CLUSTERS:
        return []
    groups = f"{n_groups} groups" if n_groups > 1 else "one group"
    return [f"The cases are in {groups} (by document, or as they say): too few to tell how others would fare."]


def _notes(a: Run, b: Run) -> list[str]:
    notes = [f"Run {name} was stopped: {run.stopped}." for name, run in (("A", a), ("B", b)) if run.stopped]
    cases = [run.fingerprint.get("cases") for run in (a, b)]
    if cases[0] != cases[1]:
        notes.append("The cases of the two runs are not the same: those with one id are compared.")
    names = [[card.name for card in run.metrics] for run in (a, b)]
    for which, own, others in (("first", *names), ("second", *reversed(names))):
        alone = [name for name in own if name not in others]
        notes += [f"Metrics that only the {which} run has: {', '.join(alone)}."] if alone else []
    if a.fingerprint.get("metrics") != b.fingerprint.get("metrics"):
        notes.append("The code of the metrics was another one in the two runs.")
    return notes
