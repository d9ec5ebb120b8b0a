"""Records in which every fact is written one way: dates in ISO 8601, one name for a category, one unit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rag_app.errors import InvalidInputError
from rag_app.registry import register

# How much one of a unit is in the unit that its quantity is measured in.
_UNITS = {
    "mass": {"kg": 1.0, "g": 0.001, "mg": 1e-6, "t": 1000.0, "lb": 0.45359237, "oz": 0.028349523125},
    "length": {"m": 1.0, "cm": 0.01, "mm": 0.001, "km": 1000.0, "in": 0.0254, "ft": 0.3048, "mi": 1609.344},
    "time": {"s": 1.0, "ms": 0.001, "min": 60.0, "h": 3600.0, "d": 86400.0},
}
_PART = r"(-?\d+(?:\.\d+)?)\s*([a-z]+)"
_QUANTITY = re.compile(rf"{_PART}(?:\s+{_PART})*", re.IGNORECASE)
_DIGITS = 6  # places that a converted number is rounded to
_Record = dict[str, Any]


@register("tool", "D008")
def standardise_records(
    records: Sequence[Mapping[str, Any]],
    dates: Mapping[str, list[str]] | None = None,
    categories: Mapping[str, Mapping[str, str]] | None = None,
    units: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return records with dates in ISO 8601, one name for each category and one unit for each quantity.

    Parameters
    ----------
    records : list of dict
        Rows; missing values (null) stay.
    dates : dict of str to list of str, optional
        For each column of dates the formats that occur in it, such as "%d/%m/%Y".
    categories : dict of str to dict, optional
        For each column of categories the standard name of every variant; case and outer blanks do not matter.
    units : dict of str to str, optional
        For each column of quantities, such as "154 lb" or "5 ft 11 in", the unit that they should have: of mass (kg, g,
        mg, t, lb, oz), length (m, cm, mm, km, in, ft, mi) or time (s, ms, min, h, d).

    Returns
    -------
    dict
        ``records``; ``changed``, a list of ``record``, ``column``, ``before`` and ``after``; ``unresolved``, a list of
        ``record``, ``column`` and ``value`` that no rule fits or several do: these are left as they are. A second run
        changes nothing.

    Raises
    ------
    InvalidInputError
        If a unit is not known.

    Notes
    -----
    1 lb = 0.45359237 kg and 1 in = 2.54 cm exactly. A date that two formats read differently is reported, not guessed.
    Rahm & Do, "Data cleaning: problems and current approaches", IEEE Data Engineering Bulletin 23 (2000).

    Examples
    --------
    154 × 0.45359237 = 69.853225.

    >>> found = standardise_records([{"weight": "154 lb", "country": " usa "}], units={"weight": "kg"},
    ...     categories={"country": {"usa": "US", "u.s.": "US"}})
    >>> found["records"], len(found["changed"]), found["unresolved"]
    ([{'weight': '69.853225 kg', 'country': 'US'}], 2, [])
    """
    for unit in (units or {}).values():
        _quantity_of(unit)
    rules = [(column, _as_date, formats) for column, formats in (dates or {}).items()]
    rules += [(column, _as_category, names) for column, names in (categories or {}).items()]  # type: ignore[misc]
    rules += [(column, _as_unit, unit) for column, unit in (units or {}).items()]  # type: ignore[misc]
    cleaned = [dict(record) for record in records]
    changed: list[_Record] = []
    unresolved: list[_Record] = []
    for n, record in enumerate(cleaned):
        for column, rule, setting in rules:
            before = record.get(column)
            after = before if before is None else rule(str(before), setting)
            if before is not None and after is None:
                unresolved.append({"record": n, "column": column, "value": before})
            elif after != before:
                changed.append({"record": n, "column": column, "before": before, "after": after})
                record[column] = after
    return {"records": cleaned, "changed": changed, "unresolved": unresolved}


def _as_date(text: str, formats: Sequence[str]) -> str | None:
    found = set()
    for form in ("%Y-%m-%d", *formats):
        try:
            found.add(datetime.strptime(text.strip(), form).date().isoformat())  # noqa: DTZ007  (a date has no zone)
        except ValueError:
            continue
    return found.pop() if len(found) == 1 else None


def _as_category(text: str, names: Mapping[str, str]) -> str | None:
    known = {_folded(name): name for name in names.values()} | {_folded(k): v for k, v in names.items()}
    return known.get(_folded(text))


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _as_unit(text: str, unit: str) -> str | None:
    if not _QUANTITY.fullmatch(text.strip()):
        return None
    factors = _UNITS[_quantity_of(unit)]
    parts = [(float(number), name.lower()) for number, name in re.findall(_PART, text, re.IGNORECASE)]
    signed = len(parts) > 1 and any(number < 0 for number, _ in parts)  # does "-5 ft 11 in" go on downwards?
    if signed or any(name not in factors for _, name in parts):
        return None
    if [name for _, name in parts] == [unit]:
        return f"{_shown(parts[0][0])} {unit}"
    total = sum(number * factors[name] for number, name in parts) / factors[unit]
    return f"{_shown(round(total, _DIGITS))} {unit}"


def _shown(number: float) -> str:
    return str(int(number)) if number.is_integer() else repr(number)


def _quantity_of(unit: str) -> str:
    for quantity, factors in _UNITS.items():
        if unit in factors:
            return quantity
    known = ", ".join(name for factors in _UNITS.values() for name in factors)
    msg = f"units must be among {known}; got {unit!r}."
    raise InvalidInputError(msg)
