"""Find the changes of an OpenAPI document that break clients, as sentences.

A valid request must stay valid, and an answer must keep the fields that clients read. So a request may gain optional
fields and lose limits; an answer may gain fields and lose none. A field of a request cannot be removed either, since
unknown fields are refused.
"""

from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]
_PREFIX = "#/components/schemas/"
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")


def breaking_changes(old: Document, new: Document) -> list[str]:
    """Return the breaking changes without duplicates, in the order of the old document."""
    return list(dict.fromkeys(_of_operations(old, new)))


def _of_operations(old: Document, new: Document) -> Iterator[str]:
    for path, operations in old["paths"].items():
        for method, before in operations.items():
            name = f"{method.upper()} {path}"
            after = new["paths"].get(path, {}).get(method)
            if after is None:
                yield f"{name} was removed"
                continue
            if before.get("operationId") != after.get("operationId"):
                yield f"{name}: its operation id was {before.get('operationId')!r}, now {after.get('operationId')!r}"
            if after.get("security") and not before.get("security"):
                yield f"{name} needs a key"
            yield from _of_parameters(name, before, after, _Comparison(old, new))
            yield from _of_body(name, before, after, _Comparison(old, new))
            yield from _of_responses(name, before, after, _Comparison(old, new))


def _of_parameters(name: str, before: Document, after: Document, comparison: "_Comparison") -> Iterator[str]:
    was, now = (
        {(item["in"], item["name"]): item for item in operation.get("parameters", [])} for operation in (before, after)
    )
    for key, parameter in was.items():
        where = f"{name}: the {key[0]} parameter {key[1]}"
        if key not in now:
            yield f"{where} was removed"
            continue
        if now[key].get("required") and not parameter.get("required"):
            yield f"{where} is now required"
        yield from comparison.sent(where, parameter["schema"], now[key]["schema"])
    for key in now.keys() - was.keys():
        if now[key].get("required"):
            yield f"{name}: the {key[0]} parameter {key[1]} is new and required"


def _of_body(name: str, before: Document, after: Document, comparison: "_Comparison") -> Iterator[str]:
    was, now = before.get("requestBody"), after.get("requestBody")
    if was is None:
        if now is not None and now.get("required"):
            yield f"{name}: a body is new and required"
        return
    if now is None:
        yield f"{name}: the body was removed"
        return
    if now.get("required") and not was.get("required"):
        yield f"{name}: the body is now required"
    for media_type, content in was["content"].items():
        if media_type not in now["content"]:
            yield f"{name}: a body of {media_type} is no longer taken"
        else:
            yield from comparison.sent(f"{name}: the body", content["schema"], now["content"][media_type]["schema"])


def _of_responses(name: str, before: Document, after: Document, comparison: "_Comparison") -> Iterator[str]:
    for status, was in before["responses"].items():
        now = after["responses"].get(status)
        if now is None:
            yield f"{name}: the response {status} was removed"
            continue
        for header in was.get("headers", {}).keys() - now.get("headers", {}).keys():
            yield f"{name}: the response {status} lost the header {header}"
        for media_type, content in was.get("content", {}).items():
            if media_type not in now.get("content", {}):
                yield f"{name}: the response {status} is no longer {media_type}"
            else:
                yield from comparison.answered(
                    f"{name}: the response {status}", content["schema"], now["content"][media_type]["schema"]
                )


class _Comparison:
    """Compare schemas of two documents, following references; each pair is compared once."""

    def __init__(self, old: Document, new: Document) -> None:
        self._documents = (old, new)
        self._seen: set[tuple[str, str, bool]] = set()

    def sent(self, where: str, old: Document, new: Document) -> Iterator[str]:
        """Changes in a part that clients send."""
        return self._changes(where, old, new, is_sent=True)

    def answered(self, where: str, old: Document, new: Document) -> Iterator[str]:
        """Changes in a part that clients read."""
        return self._changes(where, old, new, is_sent=False)

    def _changes(self, where: str, old: Document, new: Document, *, is_sent: bool) -> Iterator[str]:
        pair = (old.get("$ref", ""), new.get("$ref", ""), is_sent)
        if pair[0] and pair in self._seen:
            return
        self._seen.add(pair)
        if pair[0] and pair[1] and pair[0] != pair[1]:
            yield f"{where}: the schema {pair[0].removeprefix(_PREFIX)} is now {pair[1].removeprefix(_PREFIX)}"
        was, now = (self._resolved(side, schema) for side, schema in enumerate((old, new)))
        where = was.get("title", where) if pair[0] else where
        yield from _of_types(where, was, now, is_sent=is_sent)
        if is_sent:
            yield from _of_limits(where, was, now)
        yield from self._of_fields(where, was, now, is_sent=is_sent)
        if "items" in was and "items" in now:
            yield from self._changes(f"{where}[]", was["items"], now["items"], is_sent=is_sent)

    def _of_fields(self, where: str, was: Document, now: Document, *, is_sent: bool) -> Iterator[str]:
        before, after = was.get("properties", {}), now.get("properties", {})
        required, needed = set(was.get("required", [])), set(now.get("required", []))
        for name, schema in before.items():
            if name not in after:
                yield f"{where}.{name} was removed"
                continue
            if is_sent and name in needed - required:
                yield f"{where}.{name} is now required"
            if not is_sent and name in required - needed:
                yield f"{where}.{name} may now be absent"
            yield from self._changes(f"{where}.{name}", schema, after[name], is_sent=is_sent)
        for name in after.keys() - before.keys():
            if is_sent and name in needed:
                yield f"{where}.{name} is new and required"

    def _resolved(self, side: int, schema: Document) -> Document:
        """The schema behind references; "X or null" becomes X with null among its types."""
        while "$ref" in schema:
            schema = self._documents[side]["components"]["schemas"][schema["$ref"].removeprefix(_PREFIX)]
        kinds = [option for option in schema.get("anyOf", []) if option.get("type") != "null"]
        if len(kinds) != 1 or "properties" in schema:
            return schema
        inner = self._resolved(side, kinds[0])
        nullable = len(kinds) < len(schema["anyOf"])
        return {**inner, "type": [inner.get("type"), "null"]} if nullable else inner


def _types(schema: Document) -> set[str]:
    """The JSON types that a value may have; empty means any."""
    kind = schema.get("type")
    if kind is not None:
        return set(kind) if isinstance(kind, list) else {kind}
    return {kind for option in schema.get("anyOf", []) for kind in _types(option) or {option.get("$ref", "any")}}


def _of_types(where: str, was: Document, now: Document, *, is_sent: bool) -> Iterator[str]:
    before, after = _types(was), _types(now)
    # A client may keep sending the old types, and must be able to read every type of an answer.
    lost = (before - after if after else set()) if is_sent else (after - before if before else set())
    if is_sent and "integer" in lost and "number" in after:
        lost.discard("integer")
    if lost:
        change = "no longer takes" if is_sent else "may now be"
        yield f"{where} {change} {', '.join(sorted(map(str, lost)))}"
    allowed, choices = was.get("enum"), now.get("enum")
    if is_sent and choices is not None and (allowed is None or set(allowed) - set(choices)):
        yield f"{where} no longer takes every value it took"


def _of_limits(where: str, was: Document, now: Document) -> Iterator[str]:
    for name in _LOWER:
        if name in now and now[name] > was.get(name, float("-inf")):
            yield f"{where}: {name} rose to {now[name]}"
    for name in _UPPER:
        if name in now and now[name] < was.get(name, float("inf")):
            yield f"{where}: {name} fell to {now[name]}"
    if "pattern" in now and now["pattern"] != was.get("pattern"):
        yield f"{where}: the pattern changed"
