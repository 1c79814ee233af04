"""Explanations by a Bedrock model, which rephrases the evidence; everything it writes is checked.

A page takes at most one ``Converse`` call, for the films without a cached sentence. Sentences that are late, throttled,
filtered, malformed, missing or untrue are replaced by the template's.
"""

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from services.adapters.bounded import within
from services.adapters.breaker import Breaker
from services.adapters.explain.prompt import (
    PROMPT_VERSION,
    answers_in,
    data_block,
    estimated_tokens,
    request_of,
)
from services.adapters.explain.template import TemplateExplainer
from services.adapters.foreign import translated
from services.adapters.state.days import day_of
from services.recommender.domain.request import ReasonKind
from services.recommender.errors import ExplainerUnavailable, StateUnavailable
from services.recommender.ports import Clock, Deadline, Evidence, Page, PageSentences, Record, SentenceStore
from services.recommender.sentences.check import complaint


class Converses(Protocol):
    """The required part of a Bedrock client."""

    def converse(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - as botocore takes them
        """Send a request and return the response. Raises botocore's errors."""
        ...


class _NothingUsed(ExplainerUnavailable):
    """The call was rejected before the model saw it."""


# Maximum films per call that a model can write about in time; the others use the template.
MOST_FILMS = 20
# Concurrent calls in this process: other requests must find a free thread meanwhile.
MOST_CALLS = 4
# Reserved for reading the response and for the template; and the minimum time for a call.
RESERVE_S, LEAST_S = 0.15, 0.3
LARGEST_ANSWER = 256 << 10
CACHED_S, REFUSED_CACHED_S = 30 * 86_400, 86_400
# If more than this share of the sentences is replaced, the response counts as degraded.
TOO_MANY_BAD = 0.5
# Complete responses.
_ENDED = frozenset({"end_turn", "tool_use", "stop_sequence"})
_FILTERED = frozenset({"guardrail_intervened", "content_filtered"})
_MILLION = 1e6

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ConverseModel:
    """``name``: of a model or an inference profile, for ``Converse``. ``by_tool``: see ``prompt.request_of``.
    ``daily_tokens``: limit per day (UTC). Prices: US dollars per million tokens, for estimates.
    """

    name: str
    by_tool: bool
    daily_tokens: int
    input_usd: float
    output_usd: float
    guardrail: tuple[str, str] | None = None


@dataclass
class _PageState:
    """State of one page: sentences so far by film, and what to report."""

    sentences: dict[int, str] = field(default_factory=dict)
    degraded: list[str] = field(default_factory=list)
    counts: dict[str, float] = field(default_factory=dict)


class BedrockExplainer:
    """Explainer port over a Bedrock client, which is created on first use. Thread-safe."""

    def __init__(
        self, model: ConverseModel, client: Callable[[], Converses], store: SentenceStore, clock: Clock
    ) -> None:
        self._model = model
        self._client = client
        self._store = store
        self._clock = clock
        self._template = TemplateExplainer()
        self._breaker = Breaker(clock)
        self._turns = threading.Semaphore(MOST_CALLS)
        self._log_key = hashlib.blake2b(
            json.dumps([model.name, model.guardrail, self._template.prompt_version, PROMPT_VERSION]).encode()
        ).digest()
        self.prompt_version = f"{PROMPT_VERSION}+{self._template.prompt_version}+{model.name}"

    def explain(self, page: Page, deadline: Deadline) -> PageSentences:
        """Implement the port."""
        state = _PageState()
        for_model = [at for at, each in enumerate(page.evidence[:MOST_FILMS]) if _is_for_a_model(each)]
        keys = {at: self._key(page.evidence[at]) for at in for_model}
        state.counts["wanted"] = len(for_model)
        if keys:
            stored = self._store.find(list(keys.values()), deadline)
            # An empty sentence is cached for a film whose model sentence could not be shown.
            cached = {at: stored[key] for at, key in keys.items() if key in stored}
            state.sentences = {at: sentence for at, sentence in cached.items() if sentence}
            state.counts["cached"] = len(state.sentences)
            missing = [at for at in for_model if at not in cached]
            if missing:
                self._ask(page, missing, keys, deadline, state)
        return self._complete(page, state)

    def _ask(
        self, page: Page, missing: Sequence[int], keys: dict[int, str], deadline: Deadline, state: _PageState
    ) -> None:
        """Have the missing sentences written, cache the good ones, and report failures."""
        films = {f"f{at + 1}": page.evidence[at] for at in missing}
        records = dict(zip(films, page.records(list(films.values())), strict=True))
        try:
            written = self._ask_model(page, films, records, deadline, state)
        except ExplainerUnavailable as error:
            state.degraded.append(str(error))
            return
        good, verdicts = {}, dict.fromkeys(films, "left out")
        for name, sentence in written.items():
            fault = complaint(sentence, films[name], records[name])
            verdicts[name] = fault or ""
            if fault is None:
                good[int(name[1:]) - 1] = sentence
        bad = [verdict for verdict in verdicts.values() if verdict]
        state.sentences |= good
        state.counts["model"], state.counts["replaced"] = len(good), len(bad)
        if bad:
            _log.warning("%s of %s sentences replaced: %s", len(bad), len(films), ", ".join(sorted(set(bad))))
        if len(bad) > TOO_MANY_BAD * len(films):
            state.degraded.append(f"{len(bad)} of {len(films)} sentences from the model could not be shown")
        self._keep(keys, good, missing)

    def _keep(self, keys: dict[int, str], good: dict[int, str], places: Sequence[int]) -> None:
        if good:
            self._store.keep({keys[at]: sentence for at, sentence in good.items()}, CACHED_S)
        refused = {keys[at]: "" for at in places if at not in good}
        # If no sentence could be shown, the call as a whole failed, and the next one may succeed.
        if refused and good:
            self._store.keep(refused, REFUSED_CACHED_S)

    def _ask_model(
        self, page: Page, films: dict[str, Evidence], records: dict[str, Record], deadline: Deadline, state: _PageState
    ) -> dict[str, str]:
        """Return the model's sentences, unchecked. Raises ExplainerUnavailable."""
        if not self._turns.acquire(blocking=False):
            raise ExplainerUnavailable("busy")
        try:
            block = data_block({name: (films[name], records[name]) for name in films}, page.likings())
            request = request_of(
                self._model.name, block, len(films), by_tool=self._model.by_tool, guardrail=self._model.guardrail
            )
            attempt = self._breaker.attempt()
            if attempt is None:
                raise ExplainerUnavailable("the model is not called for some seconds after failures")
            estimate = estimated_tokens(block, len(films))
            day = self._reserve(estimate, deadline, state)
            try:
                response = self._converse(request, deadline)
                sentences = self._read(response, list(films))
            except _NothingUsed:
                attempt.failed()
                self._give_back(day, estimate)
                raise
            except BaseException:
                # It may have been charged, so the tokens stay counted.
                attempt.failed()
                raise
            attempt.succeeded()
            self._settle(day, estimate, response, state)
            return sentences
        finally:
            self._turns.release()

    def _reserve(self, estimate: int, deadline: Deadline, state: _PageState) -> str:
        """Reserve the tokens of a call before it is made; return the day. Raises ExplainerUnavailable."""
        day = day_of(self._clock.now_ms())
        limit = self._model.daily_tokens
        try:
            used = self._store.reserve(day, estimate, limit, deadline)
        except StateUnavailable as error:
            raise ExplainerUnavailable("the day's tokens cannot be counted") from error
        state.counts["budget_pct"] = 100.0 if used is None else 100.0 * used / limit
        if used is None:
            raise ExplainerUnavailable("the day's tokens are used up")
        return day

    def _converse(self, request: dict[str, Any], deadline: Deadline) -> dict[str, Any]:
        """Make one call within the deadline. Raises ExplainerUnavailable."""
        from services.adapters.explain.converse_failures import BOTO_ERRORS, REFUSED, reason_of

        left = deadline.remaining() - RESERVE_S
        if left < LEAST_S:
            raise _NothingUsed("late")
        try:
            with translated(ExplainerUnavailable, "malformed response:", *BOTO_ERRORS), within(left, LARGEST_ANSWER):
                return self._client().converse(**request)
        except BOTO_ERRORS as error:
            # The message may name the account and the role, so it only goes to the log.
            _log.warning("Bedrock wrote no sentences: %s: %s", type(error).__name__, error)
            reason = reason_of(error)
            raise (_NothingUsed if reason.startswith(REFUSED) else ExplainerUnavailable)(reason) from error

    def _read(self, response: dict[str, Any], names: Sequence[str]) -> dict[str, str]:
        """Return the sentences of a response. Raises ExplainerUnavailable if it is filtered, truncated or
        unreadable.
        """
        stop_reason = str(response.get("stopReason"))
        if stop_reason in _FILTERED:
            raise ExplainerUnavailable("filtered")
        if stop_reason not in _ENDED:
            raise ExplainerUnavailable("malformed: the response is truncated")
        try:
            return answers_in(response, names, by_tool=self._model.by_tool)
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration, RecursionError) as error:
            raise ExplainerUnavailable("malformed: the response does not have the requested format") from error

    def _settle(self, day: str, estimate: int, response: dict[str, Any], state: _PageState) -> None:
        """Count the tokens used: return the rest of the reservation, or count what exceeds it."""
        usage = response.get("usage")
        usage_counts = usage if isinstance(usage, dict) else {}
        input_tokens, output_tokens = (_count(usage_counts.get(name)) for name in ("inputTokens", "outputTokens"))
        if input_tokens is None or output_tokens is None:
            return
        usd = (input_tokens * self._model.input_usd + output_tokens * self._model.output_usd) / _MILLION
        state.counts |= {"input_tokens": input_tokens, "output_tokens": output_tokens, "usd": usd}
        if 0 < input_tokens + output_tokens != estimate:
            self._give_back(day, estimate - input_tokens - output_tokens)

    def _give_back(self, day: str, tokens: int) -> None:
        try:
            self._store.give_back(day, tokens)
        except StateUnavailable as error:
            _log.warning("today's token count exceeds the tokens used by %s: %s", tokens, error)

    def _complete(self, page: Page, state: _PageState) -> PageSentences:
        """Return the page's sentences, with the template's for missing ones."""
        missing = [at for at in range(len(page.evidence)) if at not in state.sentences]
        by_template = self._template.of(tuple(page.evidence[at] for at in missing))
        sentences = state.sentences | dict(zip(missing, by_template, strict=True))
        state.counts["template"] = len(missing)
        return PageSentences(
            tuple(sentences[at] for at in range(len(page.evidence))), tuple(state.degraded), state.counts
        )

    def _key(self, evidence: Evidence) -> str:
        """Return the cache key: film, evidence, model and prompt, so the same evidence gets the same sentence."""
        reasons = [(reason.kind.value, reason.text, reason.subject, reason.item_id) for reason in evidence.reasons]
        parts = [evidence.item_id, evidence.title, evidence.year, evidence.genres, reasons]
        text = json.dumps(parts, separators=(",", ":"))
        return hashlib.blake2b(text.encode(), digest_size=16, key=self._log_key).hexdigest()


def _is_for_a_model(evidence: Evidence) -> bool:
    """Return whether there is something to rephrase; non-matching films have fixed sentences."""
    kinds = {reason.kind for reason in evidence.reasons}
    return bool(kinds) and ReasonKind.NEAREST not in kinds


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and 0 <= value < _MILLION else None


def bedrock_client(region: str | None, endpoint: str | None, timeout_s: float) -> Callable[[], Converses]:
    """Return a function that creates the client once, on first call. No retries: the deadline leaves no time
    for them.
    """
    lock = threading.Lock()
    clients: list[Converses] = []

    def client() -> Converses:
        from botocore.config import Config

        from services.adapters.aws import make_client

        with lock:
            if not clients:
                config = Config(
                    connect_timeout=1,
                    read_timeout=timeout_s,
                    retries={"mode": "standard", "total_max_attempts": 1},
                    max_pool_connections=MOST_CALLS,
                    tcp_keepalive=True,
                )
                clients.append(make_client("bedrock-runtime", region, config, endpoint))
            return clients[0]

    return client
