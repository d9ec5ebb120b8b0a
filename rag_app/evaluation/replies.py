"""What a language model that judges replies: kept as it came, and read as the form that was asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from rag_app.llms.tally import Tally, is_cut

if TYPE_CHECKING:
    from pydantic import BaseModel

    Form = TypeVar("Form", bound=BaseModel)

_MOST_PROBLEM = 200  # characters of what is wrong with a reply


@dataclass(slots=True)
class Transcript:
    """What a judge was asked and replied, for one score.

    Parameters
    ----------
    replies : list of str
        As they came, those that could not be used too.
    tally : Tally
        Tokens and cost, added up.
    n_repairs : int
        How many replies could not be used.
    """

    replies: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    n_repairs: int = 0

    def add(self, reply: Any) -> tuple[str, bool]:  # noqa: ANN401
        """Return the text of a reply and whether it was cut, after keeping it.

        Parameters
        ----------
        reply : AIMessage, mapping or ChatCompletion
            A message, what `with_structured_output` makes of one, or what OpenAI's client raises an error about.
        """
        if hasattr(reply, "choices"):
            self.replies.append(reply.choices[0].message.content or "")
            return self.replies[-1], True
        message = reply["raw"] if isinstance(reply, dict) else reply
        text = json.dumps(message.tool_calls[0]["args"], ensure_ascii=False) if message.tool_calls else message.text
        self.replies.append(text)
        self.tally.add(message)
        return text, is_cut(message.response_metadata)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that the details of a score hold."""
        return {
            "replies": list(self.replies),
            "n_repairs": self.n_repairs,
            "usage": dict(self.tally.usage),
            "cost_usd": self.tally.cost_usd,
        }


def read_reply(text: str, form: type[Form], check: Callable[[Form], str]) -> tuple[Form | None, str]:
    """Return what a reply holds, or None with what is wrong with it.

    Parameters
    ----------
    text : str
        The reply; words and code fences around the JSON are passed over.
    form : type of pydantic.BaseModel
        What it must be.
    check : callable
        Returns what is wrong with a reply of the right form, or an empty text.

    Examples
    --------
    >>> from pydantic import BaseModel
    >>> class Grade(BaseModel):
    ...     score: int
    >>> read_reply('Here it is: {"score": 4}', Grade, lambda grade: "")
    (Grade(score=4), '')
    >>> read_reply("Four.", Grade, lambda grade: "")
    (None, 'it holds no JSON object')
    """
    from pydantic import ValidationError

    problem = "it holds no JSON object"
    for value in _objects(text):
        try:
            found = form.model_validate(value)
        except ValidationError as exc:
            first = exc.errors(include_url=False, include_input=False)[0]
            problem = f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}"[:_MOST_PROBLEM]
            continue
        problem = check(found)
        if not problem:
            return found, ""
    return None, problem


def _objects(text: str) -> list[Mapping[str, Any]]:
    """Return the JSON objects in a text that are in no other one."""
    decoder = json.JSONDecoder(strict=False)  # language models break lines within texts
    found, position = [], text.find("{")
    while position >= 0:
        try:
            value, end = decoder.raw_decode(text, position)
            found.append(value)
        except (json.JSONDecodeError, RecursionError):
            end = position + 1
        position = text.find("{", end)
    return found
