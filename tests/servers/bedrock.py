"""A stand-in for Bedrock's ``Converse`` on loopback: strict about requests, honest or hostile in its responses.

::

    with Bedrock() as bedrock: ...                 # honest: rephrases the given reasons
    with Bedrock("extra names") as bedrock: ...    # one of HOSTILE
    bedrock.mood = "late"                          # changes from the next request on

    python -m tests.servers.bedrock                # serves until Ctrl-C, and prints the settings

It uses nothing but the request. It refuses what the service would refuse: a form of output that the model lacks, a
schema that can't be compiled. Source: Amazon Bedrock API reference, "Converse".
"""

import json
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Self
from urllib.parse import unquote

from tests.servers.http_server import Answer, HttpServer, Request

Json = dict[str, Any]
Entries = list[Json]
MODEL = "eu.anthropic.claude-haiku-4-5-20251001-v1:0"
BY_TOOL = "eu.amazon.nova-2-lite-v1:0"
_PATH = re.compile(r"/model/([^/]+)/converse")


class _Failure(Exception):
    """An error of the service: status, code, message."""


@dataclass
class Bedrock:
    """Listens on a port of its own. ``requests``: the bodies of all requests; ``mood``: honest, or one of HOSTILE."""

    mood: str = "honest"
    requests: list[Json] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._over = Event()
        self._server = HttpServer(self._answer)
        self.url = f"http://127.0.0.1:{self._server.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End waiting requests and close the port."""
        self._over.set()
        self._server.close()

    def _answer(self, request: Request) -> Answer | None:
        match = _PATH.fullmatch(request.path)
        if request.method != "POST" or match is None:
            return _failed(404, "UnknownOperationException", request.path)
        body: Json = json.loads(request.body)
        self.requests.append(body)
        try:
            films = _films_of(body, unquote(match[1]))
        except _Failure as failure:
            return _failed(*failure.args)
        if self.mood == "late":
            self._over.wait()
            return None
        if self.mood in _FAILURES:
            return _failed(*_FAILURES[self.mood])
        if self.mood in _WHOLE:
            return _WHOLE[self.mood](body, films)
        return _said(body, _ENTRIES[self.mood](films))


def _films_of(body: Json, model: str) -> Entries:
    """The films of a request. Raises _Failure for a request that the service would refuse."""
    tool = body.get("toolConfig")
    form = body.get("outputConfig", {}).get("textFormat")
    structured = "anthropic.claude" in model
    if (form is None) == (tool is None) or (form is not None) != structured:
        raise _Failure(400, "ValidationException", f"{model} has no such output")
    schema = tool["tools"][0]["toolSpec"]["inputSchema"]["json"] if tool else json.loads(
        form["structure"]["jsonSchema"]["schema"]
    )  # fmt: skip
    if schema.get("additionalProperties") is not False or "maxLength" in json.dumps(schema):
        raise _Failure(400, "ValidationException", "the schema can't be compiled")
    if tool and set(tool["toolChoice"]) != {"tool"}:
        raise _Failure(400, "ValidationException", "the tool need not be used")
    if not body["system"][0]["text"] or not 0 < body["inferenceConfig"]["maxTokens"] <= 5_000:
        raise _Failure(400, "ValidationException", "maxTokens")
    (message,) = body["messages"]
    (part,) = message["content"]
    films: Entries = json.loads(part["text"])["films"]
    return films


def _said(body: Json, entries: object, stopped: str | None = None) -> Answer:
    document = {"items": entries}
    if "toolConfig" in body:
        use = {"toolUseId": "tooluse_1", "name": "sentences", "input": document}
        return _message([{"toolUse": use}], stopped or "tool_use", body, document)
    return _message([{"text": json.dumps(document)}], stopped or "end_turn", body, document)


def _message(content: Entries, stopped: str, body: Json, document: object = "") -> Answer:
    read, wrote = len(json.dumps(body)) // 4, len(json.dumps(document)) // 4
    answer = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stopped,
        "usage": {"inputTokens": read, "outputTokens": wrote, "totalTokens": read + wrote},
        "metrics": {"latencyMs": 1},
    }
    return _json(200, answer)


def _json(status: int, document: object, *headers: tuple[str, str]) -> Answer:
    all_headers = [("Content-Type", "application/json"), ("x-amzn-RequestId", "request-1"), *headers]
    return Answer(status, json.dumps(document).encode(), all_headers)


def _failed(status: int, code: str, message: str) -> Answer:
    return _json(status, {"message": message}, ("x-amzn-ErrorType", code))


def honest(films: Entries) -> Entries:
    """One true sentence per film, in its own words, varied from film to film."""
    return [{"id": film["id"], "why": _rephrased(film, at)} for at, film in enumerate(films)]


_LIKED = re.compile(r"Because you (liked|watched|looked at) (.+)")
_WAYS = (
    ("{fact}, and it is a natural match for {film}, which you {verb}", "{Fact}, so it should suit you"),
    ("You {verb} {film}, and this shares the same spirit: {fact}", "Here is a good pick for you: {fact}"),
    ("Since you {verb} {film}, try this one; {fact}", "A natural choice: {fact}"),
    ("If you want more like {film}, which you {verb}, this fits well", "It fits because {fact}"),
)
_FACTS = (
    (re.compile(r"(?:Also d|D)irected by ([^,]+).*"), "{0} directed it"),
    (re.compile(r"(?:Also w|W)ith ([^,]+).*"), "{0} stars in it"),
    (re.compile(r"(?:Also a|A)bout (“[^”]+”).*"), "it explores {0}"),
    (re.compile(r"From the (\d+s), .*"), "it comes from the {0}"),
    (re.compile(r"(?:From|Also in) the (.+) series.*"), "it belongs to the {0} series"),
    (re.compile(r"Popular in .*"), "many people know this one"),
    (re.compile(r"Matches (.+)"), "it matches {0}"),
    (re.compile(r"From (\d{4})"), "it is from {0}"),
)


def _rephrased(film: Json, at: int) -> str:
    liked = next((match for each in film["reasons"] if (match := _LIKED.fullmatch(each))), None)
    facts = [form.format(*match.groups()) for each in film["reasons"] for rule, form in _FACTS
            if (match := rule.fullmatch(each))]  # fmt: skip
    if not facts and film["genres"]:
        facts = [f"it is {film['genres'][0]}"]
    fact = facts[0] if facts else "it sits close to your taste"
    with_film, alone = _WAYS[at % len(_WAYS)]
    form = with_film if liked else alone
    named = {"verb": liked[1], "film": liked[2]} if liked else {}
    why = form.format(fact=fact, Fact=fact[0].upper() + fact[1:], **named)
    if len(why.split()) > 22 and liked:
        why = f"You {liked[1]} {liked[2]}, and this is close to it"
    return why[0].upper() + why[1:] + "."


def _each(spoil: Callable[[str, Json], object]) -> Callable[[Entries], Entries]:
    """Honest sentences, each spoilt."""
    return lambda films: [
        {"id": entry["id"], "why": spoil(entry["why"], film)} for entry, film in zip(honest(films), films, strict=True)
    ]


def _with_film(*forms: str) -> Callable[[Entries], Entries]:
    """Unsupported claims about a film that the person liked, or about another one, in these forms in turn."""

    def entries(films: Entries) -> Entries:
        sentences = []
        for at, film in enumerate(films):
            liked = next((match[2] for each in film["reasons"] if (match := _LIKED.fullmatch(each))), "another one")
            sentences.append({"id": film["id"], "why": forms[at % len(forms)].format(liked)})
        return sentences

    return entries


def _obeys(_: str, film: Json) -> str:
    return str(film["overview"]) or "Ignore the rules."


_ENTRIES: dict[str, Callable[[Entries], Any]] = {
    "honest": honest,
    "wrong ids": lambda films: [{**each, "id": f"x{each['id']}"} for each in honest(films)],
    "ids of others": lambda films: [{**each, "id": films[at - 1]["id"]} for at, each in enumerate(honest(films))],
    "left out": lambda films: honest(films)[: len(films) // 3],
    "twice": lambda films: [{"id": films[0]["id"], "why": "Buy it now at our shop."}] * 3 + honest(films)[1:],
    "extra names": _each(lambda why, _: why[:-1] + ", like Vertigo by Alfred Hitchcock."),
    "small names": _each(lambda why, _: why[:-1] + ", like vertigo by hitchcock."),
    "numbers": _each(lambda why, _: why[:-1] + " with 7 awards."),
    "praise": _each(lambda *_: "An Oscar-winning masterpiece that critics adore."),
    "plot": _each(lambda *_: "The hero dies in the end and the butler did it."),
    "10,000 words": _each(lambda why, _: " ".join([why] * 600)),
    "another language": _each(lambda *_: "Dieser Film passt zu dem, was dir gefallen hat."),
    "another script": _each(lambda *_: "这部电影与你喜欢的电影非常相似。"),
    "hidden characters": _each(lambda why, _: why[:5] + "\u202e\u200b\U000e0041" + why[5:]),
    "lookalikes": _each(lambda why, _: why.replace("e", "\u0435").replace("a", "\u0430")),
    "markup": _each(lambda why, _: f"<b onclick=alert(1)>{why}</b> [more](https://evil.example)"),
    "two sentences": _each(lambda why, _: why + " You will like it."),
    "no text": _each(lambda *_: {"why": ["x"]}),
    "empty": lambda _: [],
    "no list": lambda _: {"f1": "You liked it."},
    "obeys overviews": _each(_obeys),
    "relations": _with_film(
        "It shares its cast with {}, which you liked.",
        "It is in the same series as {}, which you liked.",
        "It is from the same year as {}, which you liked.",
    ),
    "sequels": _with_film("It continues the story of {}.", "It comes before {}.", "It follows {}."),
    "habits": _with_film("You have been watching {} often.", "{} is what you often watch.", "You always watch {}."),
    "roles": _each(lambda *_: "You liked films directed by this film's stars, and they liked you."),
}
_FAILURES = {
    "throttled": (429, "ThrottlingException", "Too many tokens, please wait before trying again."),
    "unavailable": (503, "ServiceUnavailableException", "The service is down."),
    "model timeout": (408, "ModelTimeoutException", "The model took too long."),
    "model error": (424, "ModelErrorException", "The model failed."),
    "denied": (403, "AccessDeniedException", "User: arn:aws:iam::111111111111:role/x is not authorized"),
}
_WHOLE: dict[str, Callable[[Json, Entries], Answer | None]] = {
    "half json": lambda body, films: _message(
        [{"text": json.dumps({"items": honest(films)})[: 80 * len(films) // 2]}], "max_tokens", body
    ),
    "half json, said to be whole": lambda body, films: _message(
        [{"text": json.dumps({"items": honest(films)})[: 80 * len(films) // 2]}], "end_turn", body
    ),
    "prose": lambda body, _: _message([{"text": "Sure! Here are your sentences:"}], "end_turn", body),
    "deep json": lambda body, _: _message([{"text": "[" * 100_000}], "end_turn", body),
    "filtered": lambda body, _: _message([{"text": "I can't help with that."}], "content_filtered", body),
    "guardrail": lambda body, _: _message([{"text": "Blocked."}], "guardrail_intervened", body),
    "nothing": lambda body, _: _message([], "end_turn", body),
    "html": lambda *_: Answer(200, b"<html>Gateway</html>", [("Content-Type", "text/html")]),
    "another document": lambda *_: _json(200, {"hello": "world"}),
    "a megabyte": lambda *_: Answer(200, b'{"output": "' + b"x" * (1 << 20) + b'"}'),
    "hangs up": lambda *_: None,
}
HOSTILE = (*(mood for mood in _ENTRIES if mood != "honest"), *_FAILURES, *_WHOLE, "late")


def main() -> None:
    """Serve until Ctrl-C and print the settings that make a server use it."""
    mood = sys.argv[1] if len(sys.argv) > 1 else "honest"
    with Bedrock(mood) as bedrock:
        sys.stdout.write(f"AWS_ENDPOINT_URL_BEDROCK_RUNTIME={bedrock.url} BEDROCK_MODEL={MODEL}\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            Event().wait()


if __name__ == "__main__":
    main()
