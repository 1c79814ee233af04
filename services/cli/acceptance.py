"""``marquee doctor --url``: check over HTTP, as a client would, that a deployment is fit for traffic.

The checks search for films by text and for a person, store one like of a throwaway person twice under the same
idempotency key, and erase that person again. A ``degraded`` response fails the check: it is fine for a visitor but a
warning sign for the operator.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from services.cli.checks import Check
from services.cli.http import Caller, Reply
from services.recommender.errors import Unavailable

K = 10
MOST = 100
PAUSE_S = 2.0
_SAFE = {
    "x-content-type-options": "nosniff",
    "cache-control": "private, no-store",
    "referrer-policy": "no-referrer",
}


class CheckFailed(Exception):
    """A failed check; the message says what was received. ``final``: waiting would not help."""

    def __init__(self, message: str, *, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


@dataclass
class Acceptance:
    """``wait_s``: how long a sleeping deployment may take to wake up, for the checks that may hit it first."""

    caller: Caller
    keyed: bool
    wait_s: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    person: str = field(default_factory=lambda: f"marquee-doctor-{secrets.token_hex(6)}")
    _catalogue: int = MOST
    _films: list[dict[str, Any]] = field(default_factory=list)

    def checks(self) -> Iterator[Check]:
        """Yield each check in turn; skip those that need films if there are none."""
        ready = self._run("ready", self._ready, "see /health/ready?deep=1&strict=1", wait=True)
        yield ready
        yield self._run("version", self._version)
        person = self._run("person", self._person, "check that the bundle and the state store are available")
        yield person
        if person.state == "ok":
            yield self._run("words", self._words, "check that the index exists and can be read", wait=True)
            yield self._run("k", self._size)
            yield self._run("feedback", self._feedback, "check that the server may write to the state store")
            yield self._run("erasure", self._erasure)
        yield self._run("headers", self._headers, "check whether a proxy in front strips them")
        yield self._run("keys", self._keys, "API_KEYS is on, but requests without a key are accepted")

    def _run(self, part: str, check: Callable[[], str], advice: str = "", *, wait: bool = False) -> Check:
        until = time.monotonic() + (self.wait_s if wait else 0.0)
        while True:
            try:
                result = check()
            except (CheckFailed, Unavailable) as error:
                final = isinstance(error, CheckFailed) and error.final
                if not final and time.monotonic() + PAUSE_S < until:
                    self.sleep(PAUSE_S)
                    continue
                return Check(part, "missing", str(error), advice)
            state, _, text = result.rpartition("\t")
            return Check(part, state or "ok", text)

    def _ready(self) -> str:
        reply = self._checked_reply("GET", "/health/ready?deep=1&strict=1")
        parts = reply.document.get("parts", {})
        if wrong := [f"{name}: {state}" for name, state in parts.items() if state != "ok"]:
            raise CheckFailed("; ".join(wrong))
        return ", ".join(parts)

    def _version(self) -> str:
        document = self._checked_reply("GET", "/version").document
        self._catalogue = int(document["films"])
        return f"bundle {document['bundle_version']}, index {document['index_version']}, {document['films']:,} films"

    def _person(self) -> str:
        answer = self._answer(user_id=self.person, k=min(K, self._catalogue))
        self._films = answer["items"]
        return f"{len(self._films)} films in {answer['ms']:.0f} ms, nothing degraded"

    def _words(self) -> str:
        title = self._films[0]["title"]
        # A diversity no other request uses, so that the response cannot come from the cache.
        answer = self._answer(
            query=title, k=min(K, self._catalogue), diversity=round(0.2 + secrets.randbelow(1_000) / 10_000, 4)
        )
        if title not in [item["title"] for item in answer["items"]]:
            raise CheckFailed(f"searching for {title!r} does not find that film")
        return f"{title!r} found, by {answer['index_version']} in {answer['ms']:.0f} ms"

    def _size(self) -> str:
        size = min(MOST, self._catalogue)
        items = self._answer(user_id=self.person, k=size)["items"]
        rejected = self.caller.ask("POST", "/recommend", {"k": MOST + 1})
        if rejected.status != 422:
            raise CheckFailed(f"k = {MOST + 1} returns {rejected.status}, expected 422")
        return f"{len(items)} films of {size}; {MOST + 1} is rejected"

    def _feedback(self) -> str:
        key = {"Idempotency-Key": secrets.token_hex(16)}
        like = {"user_id": self.person, "item_id": self._films[0]["item_id"], "event": "like"}
        first, second = (self._checked_reply("POST", "/feedback", like, key, status=202) for _ in range(2))
        if first.document["event_id"] != second.document["event_id"]:
            raise CheckFailed("the same request with the same Idempotency-Key was stored twice")
        if second.headers.get("idempotency-replayed") != "true":
            raise CheckFailed("the second request with the same Idempotency-Key is not marked as a replay")
        # One less than the catalogue has: the liked film is left out.
        answer = self._answer(user_id=self.person, k=min(K, self._catalogue - 1))
        if self._films[0]["item_id"] in [item["item_id"] for item in answer["items"]]:
            raise CheckFailed("a film just liked is recommended: the feedback was not taken into account")
        return f"stored once, replayed, used by the next request ({answer['strategy']})"

    def _erasure(self) -> str:
        reply = self.caller.ask("DELETE", f"/users/{self.person}")
        if reply.status == 403:
            return f"note\t{self.person} remains: the key lacks the scope admin"
        if reply.status != 204:
            raise CheckFailed(f"{self.person} was not erased: {reply}")
        return "the test person was deleted"

    def _headers(self) -> str:
        headers = self._checked_reply("GET", "/version").headers
        wrong = [f"{name}: {headers.get(name)}" for name, value in _SAFE.items() if headers.get(name) != value]
        wrong += [f"no {name}" for name in ("x-request-id", "server-timing") if not headers.get(name)]
        if wrong:
            raise CheckFailed(", ".join(wrong))
        return "security headers, request id and timings present"

    def _keys(self) -> str:
        status = self.caller.ask("POST", "/recommend", {"k": 1}, keyed=False).status
        if self.keyed and status != 401:
            raise CheckFailed(f"a request without a key returns {status}, expected 401")
        return "required" if self.keyed else "note\tnot required: the API is open to anyone"

    def _answer(self, **body: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        """Return a /recommend response of exactly ``k`` films with nothing degraded; ``ms`` is added."""
        started = time.monotonic()
        document = self._checked_reply("POST", "/recommend", body).document
        if document["degraded"]:
            raise CheckFailed(f"degraded: {', '.join(document['degraded'])}")
        if len(document["items"]) != body["k"]:
            raise CheckFailed(f"{len(document['items'])} films, expected {body['k']}")
        return {**document, "ms": 1_000 * (time.monotonic() - started)}

    def _checked_reply(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None, status: int = 200
    ) -> Reply:
        reply = self.caller.ask(method, path, body, headers)
        if reply.status == 401:
            raise CheckFailed("401: a key is required: pass --key or set API_KEY", final=True)
        if reply.status != status or not isinstance(reply.document, dict):
            raise CheckFailed(f"{method} {path.partition('?')[0]}: {reply}")
        return reply
