"""Pydantic errors as plain sentences with JSON pointers: "k must be between 1 and 100; got 101"."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from services.api.app.schemas.fields import LIMITS

MAX_SHOWN = 20
_SHOWN_CHARS = 60
_MUST = {
    "extra_forbidden": "is not a known field",
    "missing": "is required",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number within the supported range",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be a string",
    "string_unicode": "must be valid Unicode, without lone surrogates",
    "string_pattern_mismatch": "must not contain disallowed characters, such as control characters",
    "string_too_short": "must have at least {min_length} character(s)",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must hold at least {min_length} entry",
    "too_long": "must hold at most {max_length} entries",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "model_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
    "dict_type": "must be a JSON object",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}
_NOTHING_TO_SHOW = frozenset({"missing", "extra_forbidden", "string_unicode"})
_RANGE = frozenset({"greater_than_equal", "less_than_equal"})


def field_errors(errors: Sequence[Any], under: Sequence[int | str] = ()) -> list[dict[str, str]]:
    """Return ``[{pointer, detail, location}]`` for the first 20 Pydantic errors, whose ``loc`` starts with the location
    (body, query, path, header). ``under`` is prepended to each pointer.
    """
    faults = [_field_error(error, under) for error in errors[:MAX_SHOWN]]
    if len(errors) > MAX_SHOWN:
        faults.append({"pointer": "", "detail": f"and {len(errors) - MAX_SHOWN} more", "location": "body"})
    return faults


def pointer_of(path: Sequence[int | str]) -> str:
    """Return the RFC 6901 pointer of a path."""
    return "".join("/" + str(part)[:300].replace("~", "~0").replace("/", "~1") for part in path)


def _field_error(error: Mapping[str, Any], under: Sequence[int | str]) -> dict[str, str]:
    location, *path = error["loc"] or ("body",)
    detail = f"{_name(path)} {_sentence(error, path)}{_got(error)}"
    return {"pointer": pointer_of([*under, *path]), "detail": detail, "location": str(location)}


def _sentence(error: Mapping[str, Any], path: Sequence[int | str]) -> str:
    limits = LIMITS.get(str(path[-1])) if path else None
    if limits and error["type"] in _RANGE:
        return f"must be between {limits[0]} and {limits[1]}"
    template = _MUST.get(error["type"])
    return template.format(**error.get("ctx", {})) if template else str(error["msg"])


def _name(path: Sequence[int | str]) -> str:
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return _clip(name.removeprefix(".")) or "the body"


def _got(error: Mapping[str, Any]) -> str:
    if error["type"] in _NOTHING_TO_SHOW or "input" not in error:
        return ""
    value = error["input"]
    if error["type"] in ("string_too_long", "too_long"):
        return f"; got {len(value)}"
    return f"; got {_shown(value)}"


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, Mapping):
        return "an object"
    try:
        return _clip(json.dumps(value[: _SHOWN_CHARS + 1] if isinstance(value, str) else value))
    except (TypeError, ValueError):  # an integer of thousands of digits cannot be formatted
        return f"a value of type {type(value).__name__}"


def _clip(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "..."
