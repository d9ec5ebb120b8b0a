"""OpenAI's chat completions request, checked field by field, as strictly as its documentation reads.

Only what the protocol knows may be in a request, each field has its type and its range, and messages stand in an order
that OpenAI accepts. Pictures and sound are left out: a program that sends text has no use for them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], bool]

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class BadRequestError(Exception):
    """The request breaks the protocol."""


def _number(low: float, high: float) -> Check:
    return lambda value: type(value) in {int, float} and low <= value <= high


def _whole(low: float, high: float = float("inf")) -> Check:
    return lambda value: type(value) is int and low <= value <= high


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _one_of(*values: str) -> Check:
    return lambda value: value in values


def _stop(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and 1 <= len(value) <= 4 and all(map(_text, value)))


def _metadata(value: Any) -> bool:
    return isinstance(value, dict) and len(value) <= 16 and all(map(_text, [*value, *value.values()]))


def _logit_bias(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_number(-100, 100), value.values()))


def _fits_format(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if value.get("type") == "json_schema":
        schema = {"schema": lambda given: isinstance(given, dict)}
        return set(value) == {"type", "json_schema"} and _is_described(value["json_schema"], schema)
    return set(value) == {"type"} and value["type"] in {"text", "json_object"}


def _is_described(value: Any, more: Mapping[str, Check]) -> bool:
    """Whether a value has a name and perhaps a description, strictness and what else it may have."""
    checks = {"description": _text, "strict": lambda given: given is None or _flag(given), **more}
    if not isinstance(value, dict) or not _NAME.fullmatch(str(value.get("name", ""))):
        return False
    return all(name in checks and checks[name](given) for name, given in value.items() if name != "name")


CHAT_FIELDS: Mapping[str, Check] = {
    "model": lambda value: isinstance(value, str) and bool(value),
    "messages": lambda value: isinstance(value, list) and bool(value),
    "frequency_penalty": _number(-2, 2),
    "logit_bias": _logit_bias,
    "logprobs": _flag,
    "max_completion_tokens": _whole(1),
    "max_tokens": _whole(1),
    "metadata": _metadata,
    "n": _whole(1, 128),
    "parallel_tool_calls": _flag,
    "presence_penalty": _number(-2, 2),
    "reasoning_effort": _one_of("none", "minimal", "low", "medium", "high"),
    "response_format": _fits_format,
    "seed": _whole(-(2**63), 2**63 - 1),
    "service_tier": _one_of("auto", "default", "flex", "scale", "priority"),
    "stop": _stop,
    "store": _flag,
    "stream": _flag,
    "stream_options": lambda value: (
        isinstance(value, dict) and set(value) == {"include_usage"} and _flag(*value.values())
    ),
    "temperature": _number(0, 2),
    "tool_choice": lambda value: value in ("none", "auto", "required") or _is_chosen(value),
    "tools": lambda value: isinstance(value, list) and bool(value) and all(map(_is_tool, value)),
    "top_logprobs": _whole(0, 20),
    "top_p": _number(0, 1),
    "user": _text,
    "verbosity": _one_of("low", "medium", "high"),
}
_NEEDS = {
    "stream_options": "stream",
    "tool_choice": "tools",
    "parallel_tool_calls": "tools",
    "top_logprobs": "logprobs",
}
_MESSAGE_FIELDS = {
    "system": {"content", "name"},
    "developer": {"content", "name"},
    "user": {"content", "name"},
    "assistant": {"content", "name", "refusal", "tool_calls"},
    "tool": {"content", "tool_call_id"},
}


def check_chat(body: dict[str, Any]) -> None:
    """Raise a `BadRequestError` unless a request is one of the protocol."""
    for name, value in body.items():
        if name not in CHAT_FIELDS:
            raise BadRequestError(f"Unrecognized request argument supplied: {name}")
        if not CHAT_FIELDS[name](value):
            raise BadRequestError(f"Invalid value for {name}.")
        if name in _NEEDS and not body.get(_NEEDS[name]):
            raise BadRequestError(f"{name} is only allowed with {_NEEDS[name]}.")
    missing = {"model", "messages"} - set(body)
    if missing:
        raise BadRequestError(f"Missing: {', '.join(sorted(missing))}.")
    if {"max_tokens", "max_completion_tokens"} <= set(body):
        raise BadRequestError("max_tokens and max_completion_tokens exclude each other.")
    _check_messages(body["messages"])


def read_content(message: Mapping[str, Any]) -> str:
    """Return the text of a message that was checked."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def _check_messages(messages: list[Any]) -> None:
    open_calls: set[str] = set()
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in _MESSAGE_FIELDS:
            raise BadRequestError("A message needs a known role.")
        role = message["role"]
        unknown = set(message) - _MESSAGE_FIELDS[role] - {"role"}
        if unknown:
            raise BadRequestError(f"A message of the role {role} has no {', '.join(sorted(unknown))}.")
        if role == "tool":
            if message.get("tool_call_id") not in open_calls:
                raise BadRequestError("A tool message must answer a call of the assistant's message before it.")
            open_calls.discard(message["tool_call_id"])
        elif open_calls:
            raise BadRequestError("Every tool call must be answered by a tool message.")
        _check_content(message)
        open_calls |= {call["id"] for call in message.get("tool_calls") or ()}
    if open_calls:
        raise BadRequestError("Every tool call must be answered by a tool message.")


def _check_content(message: Mapping[str, Any]) -> None:
    if "tool_calls" in message:
        calls = message["tool_calls"]
        if not isinstance(calls, list) or not calls or not all(map(_is_call, calls)):
            raise BadRequestError("tool_calls must be a list of calls.")
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    is_text = isinstance(content, str) or (bool(parts) and all(map(_is_text_part, parts)))
    if not is_text and not (content is None and "tool_calls" in message):
        raise BadRequestError("A message's content must be text.")


def _is_text_part(part: Any) -> bool:
    return isinstance(part, dict) and set(part) == {"type", "text"} and part["type"] == "text" and _text(part["text"])


def _is_call(call: Any) -> bool:
    if not isinstance(call, dict) or set(call) != {"id", "type", "function"} or call["type"] != "function":
        return False
    function = call["function"]
    if not isinstance(function, dict) or set(function) != {"name", "arguments"} or not _text(call["id"]):
        return False
    try:
        return isinstance(json.loads(function["arguments"]), dict) and bool(_NAME.fullmatch(function["name"]))
    except (TypeError, ValueError):
        return False


def _is_tool(tool: Any) -> bool:
    if not isinstance(tool, dict) or set(tool) != {"type", "function"} or tool["type"] != "function":
        return False
    return _is_described(tool["function"], {"parameters": lambda value: isinstance(value, dict)})


def _is_chosen(value: Any) -> bool:
    if not isinstance(value, dict) or set(value) != {"type", "function"} or value["type"] != "function":
        return False
    return isinstance(value["function"], dict) and set(value["function"]) == {"name"}
