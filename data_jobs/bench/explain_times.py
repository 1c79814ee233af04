"""Measure what explanations add to a response: from the template, and from a model when all are cached. In-process, no
HTTP.
"""

import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from data_jobs.bench.bench_people import BenchPerson, logged_events
from data_jobs.bench.figures import Figures, over_passes, percentiles
from data_jobs.bench.mix import TYPICAL, K
from data_jobs.bench.world import FixedRelease
from services.adapters.explain.bedrock import BedrockExplainer, ConverseModel, Converses
from services.adapters.explain.template import TemplateExplainer
from services.adapters.state.sqlite.database import Database
from services.adapters.state.sqlite.sentences import SqliteSentences
from services.adapters.state.sqlite.state import SqliteState
from services.bootstrap import SystemClock
from services.recommender.domain.request import Request
from services.recommender.ports import Deadline, Explainer, Release, SentenceStore
from services.recommender.service import Options, Recommender

PEOPLE = 40
_SENTENCE = "It sits close to what you like, and this is one more of the kind."
_DAY_S = 86_400
_MODEL = ConverseModel("of-the-bench", by_tool=False, daily_tokens=1, input_usd=0.0, output_usd=0.0)


class PrefilledSentences(SqliteSentences):
    """A store that has every sentence cached from the second lookup on."""

    def find(self, keys: Sequence[str], deadline: Deadline) -> dict[str, str]:
        """Return the cached sentences; the missing ones are cached from now on."""
        sentences = super().find(keys, deadline)
        missing = {key: _SENTENCE for key in keys if key not in sentences}
        if missing:
            self.keep(missing, _DAY_S)
        return sentences | missing


def explain_times(release: Release, people: Mapping[int, Sequence[BenchPerson]], passes: int) -> dict[str, Any]:
    """Return ``{without, template, kept: figures, template_ms, kept_ms}``: CPU milliseconds of a whole response of 20
    films for people with 50 events, bypassing the answer cache, and the median of what explanations add to the same
    request.

    CPU time, because nothing waits and other load on the machine would count. The first pass does not count.
    """
    group = people[TYPICAL][:PEOPLE]
    with tempfile.TemporaryDirectory(prefix="explain-") as folder:
        database = Database(Path(folder) / "state.db", SystemClock())
        state = SqliteState(database)
        try:
            state.seed(logged_events(group))
            store: SentenceStore = PrefilledSentences(database)
            cached = BedrockExplainer(_MODEL, _no_model, store, SystemClock())
            explainers: dict[str, Explainer] = {"template": TemplateExplainer(), "kept": cached}
            recommenders = {
                name: Recommender(FixedRelease(release), state, None, explainer, SystemClock(), Options(cache_ttl_s=0))
                for name, explainer in explainers.items()
            }
            return _measure(recommenders, [person.user_id for person in group], passes)
        finally:
            state.close()


def _no_model() -> Converses:
    raise AssertionError("every sentence is cached, so no model is called")


def _measure(recommenders: Mapping[str, Recommender], users: Sequence[str], passes: int) -> dict[str, Any]:
    passes_by_explainer: dict[str, list[Figures]] = {"without": [], **{name: [] for name in recommenders}}
    added: dict[str, list[float]] = {name: [] for name in recommenders}
    for number in range(passes + 1):
        seconds: dict[str, list[float]] = {name: [] for name in passes_by_explainer}
        for user_id in users:
            for name, recommender in recommenders.items():
                # Alternating, so that other load on the machine affects both.
                without = _recommend_s(recommender, user_id, explain=False)
                explained = _recommend_s(recommender, user_id, explain=True)
                seconds["without"].append(without)
                seconds[name].append(explained)
                if number:
                    added[name].append(explained - without)
        if number:
            for name, times in seconds.items():
                passes_by_explainer[name].append(percentiles(times))
    merged: dict[str, Any] = {name: over_passes(figures) for name, figures in passes_by_explainer.items()}
    return merged | {f"{name}_ms": round(1_000 * median(times), 3) for name, times in added.items()}


def _recommend_s(recommender: Recommender, user_id: str, *, explain: bool) -> float:
    start = time.thread_time()
    recommender.recommend(Request(user_id=user_id, k=K, explain=explain))
    return time.thread_time() - start
