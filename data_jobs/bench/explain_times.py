"""Measure what explanations add to a response: from the template, and from a model when all are cached. In-process, no
HTTP.
"""

import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from data_jobs.bench.bench_people import BenchPerson, logged
from data_jobs.bench.figures import Figures, over_passes, percentiles
from data_jobs.bench.mix import TYPICAL, K
from data_jobs.bench.world import FixedRelease
from services.adapters.explain.bedrock import BedrockExplainer, ConverseModel, Converses
from services.adapters.explain.template import TemplateExplainer
from services.adapters.state.sqlite.connection import Database
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


class Kept(SqliteSentences):
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
    those = people[TYPICAL][:PEOPLE]
    with tempfile.TemporaryDirectory(prefix="explain-") as folder:
        database = Database(Path(folder) / "state.db", SystemClock())
        state = SqliteState(database)
        try:
            state.seed(logged(those))
            store: SentenceStore = Kept(database)
            kept = BedrockExplainer(_MODEL, _nobody, store, SystemClock())
            explainers: dict[str, Explainer] = {"template": TemplateExplainer(), "kept": kept}
            askers = {
                name: Recommender(FixedRelease(release), state, None, explainer, SystemClock(), Options(cache_ttl_s=0))
                for name, explainer in explainers.items()
            }
            return _measured(askers, [person.user_id for person in those], passes)
        finally:
            state.close()


def _nobody() -> Converses:
    raise AssertionError("every sentence is cached, so no model is called")


def _measured(askers: Mapping[str, Recommender], users: Sequence[str], passes: int) -> dict[str, Any]:
    passes_by_author: dict[str, list[Figures]] = {"without": [], **{name: [] for name in askers}}
    added: dict[str, list[float]] = {name: [] for name in askers}
    for turn in range(passes + 1):
        seconds: dict[str, list[float]] = {name: [] for name in passes_by_author}
        for user_id in users:
            for name, recommender in askers.items():
                # Alternating, so that other load on the machine affects both.
                without = _spent(recommender, user_id, explain=False)
                explained = _spent(recommender, user_id, explain=True)
                seconds["without"].append(without)
                seconds[name].append(explained)
                if turn:
                    added[name].append(explained - without)
        if turn:
            for name, spent in seconds.items():
                passes_by_author[name].append(percentiles(spent))
    figures: dict[str, Any] = {name: over_passes(those) for name, those in passes_by_author.items()}
    return figures | {f"{name}_ms": round(1_000 * median(spent), 3) for name, spent in added.items()}


def _spent(recommender: Recommender, user_id: str, *, explain: bool) -> float:
    begun = time.thread_time()
    recommender.recommend(Request(user_id=user_id, k=K, explain=explain))
    return time.thread_time() - begun
