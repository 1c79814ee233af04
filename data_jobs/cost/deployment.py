"""A deployment and its load: everything that a bill depends on except the prices."""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from services.recommender.errors import MarqueeError

HOURS = 730.0
SECONDS = HOURS * 3_600


class DeploymentError(MarqueeError):
    """An invalid deployment; the message names the value and what was expected."""


class ComputeKind(StrEnum):
    """The compute platform: ``compute`` of infra/settings.py."""

    LAMBDA = "lambda"
    FARGATE = "fargate"


class SearchKind(StrEnum):
    """The search engine: a NextGen or a Classic collection of OpenSearch Serverless, or the index in the bundle."""

    OPENSEARCH = "opensearch"
    CLASSIC = "classic"
    EMBEDDED = "embedded"


class Cache(StrEnum):
    """Which responses are cached: ``CACHE_ANSWERS``, or none (``CACHE_TTL_SECS=0``)."""

    ALL = "all"
    DEAR = "dear"
    NONE = "none"


class TwoTowerKind(StrEnum):
    """Where the two-tower model runs, in the bundle or behind an endpoint: ``two_tower`` of infra/settings.py."""

    OFF = "off"
    SERVERLESS = "serverless"
    INSTANCE = "instance"


# Set by the constructs per stage: NAT gateways, and days for which old versions of objects are kept.
STAGES = {"dev": (1, 7), "prod": (2, 90)}
_PACKAGE = Path(__file__).resolve().parent
# Next to the package in a checkout, inside it in a wheel.
_FOLDERS = (_PACKAGE.parents[1] / "infra/stages", _PACKAGE / "stages")


@dataclass(frozen=True, slots=True)
class StageFacts:
    """The settings of a stage, from its file and the constructs. Capacities in OCU, times in days."""

    nat_gateways: int
    noncurrent_days: int
    log_days: int
    fargate_tasks_min: int
    search_ocu_min: int = 0
    compute: ComputeKind = ComputeKind.LAMBDA
    search: SearchKind = SearchKind.OPENSEARCH
    region: str = "eu-west-1"
    architecture: str = "x86_64"
    memory_mb: int = 1_769
    explain_model: str = ""
    two_tower: str = "off"
    two_tower_instances: int = 1


@cache
def stage_of(name: str) -> StageFacts:
    """Read a stage from its file. Raises DeploymentError if there is no such stage or file."""
    if name not in STAGES:
        raise DeploymentError(f"stage {name!r}: expected {' or '.join(STAGES)}")
    paths = [folder / f"{name}.toml" for folder in _FOLDERS]
    path = next((candidate for candidate in paths if candidate.is_file()), None)
    if path is None:
        raise DeploymentError(f"{paths[0]}: no such file; run this in a checkout of Marquee")
    try:
        values = tomllib.loads(path.read_text("utf-8"))
        if values.get("classic_search") and values.get("search", SearchKind.OPENSEARCH) == SearchKind.OPENSEARCH:
            values["search"] = SearchKind.CLASSIC
        facts = {key: value for key, value in values.items() if key in StageFacts.__dataclass_fields__}
        search, compute = SearchKind(facts.pop("search", "opensearch")), ComputeKind(facts.pop("compute", "lambda"))
        return StageFacts(*STAGES[name], search=search, compute=compute, **facts)
    except (ValueError, TypeError) as error:
        raise DeploymentError(f"{path}: {error}") from error


@dataclass(frozen=True, slots=True)
class Deployment:
    """``rps``: requests per second, averaged over the month. Shares are from 0 to 1: ``search_share`` and
    ``explain_share`` of ``/recommend`` responses, ``cache_hit`` of those that ``cache`` covers, ``feedback_share`` of
    all requests. ``canary_minutes``: between two runs, 0 for none. ``search_ocu_min`` None: the stage's.

    Raises DeploymentError for invalid values.
    """

    rps: float = 0.0
    films: int = 62_000
    stage: str = "dev"
    compute: ComputeKind = ComputeKind.LAMBDA
    search: SearchKind = SearchKind.OPENSEARCH
    cache_hit: float = 0.6
    cache: Cache = Cache.DEAR
    # Assumed: queries and "films like this". A taste alone needs no search.
    search_share: float = 0.2
    explain_share: float = 0.0
    # Whether a model writes the explanations, and, assumed, the share of them found in the cache.
    explain_model: bool = False
    sentence_hit: float = 0.5
    # Where a two-tower model is queried, and the share of /recommend responses that query it.
    two_tower: TwoTowerKind = TwoTowerKind.OFF
    two_tower_share: float = 0.0
    # Events that Spark counts for each release; 0: the release job counts them.
    spark_events: float = 0.0
    feedback_share: float = 0.03
    people: int = 10_000
    releases: float = 4.0
    architecture: str = "x86_64"
    memory_mb: int = 1_769
    search_ocu_min: int | None = None
    canary_minutes: int = 5
    firewall: bool = True
    snapstart: bool = True

    def __post_init__(self) -> None:
        stage_of(self.stage)
        for name in ("cache_hit", "search_share", "explain_share", "sentence_hit", "feedback_share", "two_tower_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise DeploymentError(f"{name} {getattr(self, name)}: expected a share from 0 to 1")
        for name in ("rps", "people", "releases", "canary_minutes", "spark_events"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise DeploymentError(f"{name} {getattr(self, name)}: expected 0 or more")
        if self.films < 1:
            raise DeploymentError(f"films {self.films}: expected 1 or more")

    @property
    def settings(self) -> StageFacts:
        """Return the settings of the stage."""
        return stage_of(self.stage)

    @property
    def canary_runs(self) -> float:
        """Return canary runs per month."""
        return HOURS * 60 / self.canary_minutes if self.canary_minutes else 0.0

    @property
    def requests(self) -> float:
        """Return requests per month, including the canary's."""
        return self.rps * SECONDS + self.canary_runs

    @property
    def feedback(self) -> float:
        """Return events stored per month."""
        return self.rps * SECONDS * self.feedback_share

    @property
    def recommendations(self) -> float:
        """Return responses per month without the canary's; everything but feedback counts as ``/recommend``, the most
        expensive.
        """
        return self.rps * SECONDS * (1 - self.feedback_share)

    @property
    def explained_pages(self) -> float:
        """Return freshly computed responses per month that get explanations."""
        return self.fresh * self.explain_share

    @property
    def cache_lookups(self) -> float:
        """Return cache lookups per month. The expensive ("dear") responses are those that use OpenSearch."""
        dear = 0.0 if self.search is SearchKind.EMBEDDED else self.search_share
        return self.recommendations * {Cache.ALL: 1.0, Cache.DEAR: dear, Cache.NONE: 0.0}[self.cache]

    @property
    def hits(self) -> float:
        """Return cache hits per month."""
        return self.cache_lookups * self.cache_hit

    @property
    def cache_writes(self) -> float:
        """Return writes to the cache per month."""
        return self.cache_lookups - self.hits

    @property
    def fresh(self) -> float:
        """Return responses per month that are computed because no valid one is cached."""
        return self.recommendations - self.hits

    @property
    def searches(self) -> float:
        """Return OpenSearch queries per month; 0 if the index in the bundle is used."""
        if self.search is SearchKind.EMBEDDED:
            return 0.0
        miss_share = 1.0 if self.cache is Cache.NONE else 1 - self.cache_hit
        return self.recommendations * self.search_share * miss_share

    @property
    def two_tower_queries(self) -> float:
        """Return queries to the two-tower endpoint per month; 0 if the model in the bundle is used."""
        return 0.0 if self.two_tower is TwoTowerKind.OFF else self.fresh * self.two_tower_share

    @property
    def is_in_use(self) -> bool:
        """Whether there are requests besides the canary's."""
        return self.rps > 0
