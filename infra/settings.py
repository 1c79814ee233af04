"""The settings of a deployment: CDK context (``-c name=value``, ``cdk.json``) over the defaults of its stage."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

SMALL_OCUS = frozenset({2, 4, 8})
LARGE_OCU_STEP = 16

# What a stage sets unless the context says otherwise. In dev OpenSearch costs nothing while nobody searches.
STAGES: Mapping[str, Mapping[str, object]] = {
    "dev": {
        "search_ocu_min": 0, "search_ocu_max": 4, "indexing_ocu_max": 4, "demo_page": True, "log_days": 30,
        "throttle_rate": 50, "throttle_burst": 100, "waf_requests_per_ip": 7_500, "monthly_budget_usd": 100,
        "fargate_tasks_min": 1, "demo_users": "sim-0019,sim-0022,sim-0054,sim-0070,sim-0125,sim-0216",
    },
    "prod": {
        "search_ocu_min": 2, "search_ocu_max": 16, "indexing_ocu_max": 8, "demo_page": False, "log_days": 90,
        "throttle_rate": 500, "throttle_burst": 1_000, "waf_requests_per_ip": 75_000, "monthly_budget_usd": 800,
        "fargate_tasks_min": 2, "demo_users": "",
    },
}  # fmt: skip


class SettingsError(ValueError):
    """A deployment setting has a value that can't be deployed; the message names it and what was expected."""


class Settings(BaseModel):
    """One deployment. Names are those of the context keys; rates are requests a second, capacities OpenSearch
    Compute Units (OCU), money US dollars.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: Literal["dev", "prod"] = "dev"
    compute: Literal["lambda", "fargate"] = "lambda"
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    region: str = Field("eu-west-1", pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    account: str | None = Field(None, pattern=r"^\d{12}$")

    # Of a public hosted zone in Route 53. Without a domain the API answers at CloudFront's own name.
    domain_name: str | None = Field(None, pattern=r"^[a-z0-9.-]+\.[a-z]{2,}$")
    hosted_zone_id: str | None = Field(None, pattern=r"^Z[A-Z0-9]+$")
    hosted_zone_name: str | None = None

    # embedded: the index in the bundle answers, and nothing asks the collection, which sleeps.
    search: Literal["opensearch", "embedded"] = "opensearch"
    # The generation of the collection, and with it OPENSEARCH_KIND. Classic never falls asleep.
    classic_search: bool = False
    search_ocu_min: int
    search_ocu_max: int
    indexing_ocu_min: int = 0
    indexing_ocu_max: int

    memory_mb: int = Field(1_769, ge=512, le=10_240)  # 1,769 MB is one vCPU (AWS: "Configure Lambda function memory").
    # None: as many as the account allows. A new account has 10 and can't reserve any.
    reserved_concurrency: int | None = Field(None, ge=1)
    throttle_rate: int = Field(ge=1)
    throttle_burst: int = Field(ge=1)
    # In five minutes. The defaults are half of what the stage lets through: most callers are a film product's own
    # servers, with few addresses and many people behind each.
    waf_requests_per_ip: int = Field(ge=10)
    fargate_tasks_min: int = Field(ge=1)
    fargate_tasks_max: int = Field(8, ge=1)

    demo_page: bool
    # Whom the page offers, comma-separated; the release job seeds them. The default: viewers of the sample catalogue.
    demo_users: str
    log_days: Literal[7, 14, 30, 60, 90, 180, 365]
    alarm_mail: str | None = Field(None, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
    monthly_budget_usd: int = Field(ge=1)
    # False: a person without events, answered out of the bundle. True: a person with a taste, never from the cache,
    # so that OpenSearch is asked every five minutes and, with a capacity that may fall to 0, never sleeps: two search
    # OCUs around the clock are about 350 dollars a month.
    canary_deep: bool = False
    canary_person: str = Field("sim-0001", min_length=1, max_length=128)
    release_schedule: str | None = Field(None, pattern=r"^(cron|rate)\(.+\)$")
    # A version id of the origin secret: a changed one makes CloudFormation give CloudFront the rotated secret.
    origin_secret_version: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _stage_defaults(cls, values: dict[str, Any]) -> dict[str, Any]:
        stage = values.get("stage", "dev")
        if stage not in STAGES:
            raise ValueError(f"stage = {stage!r}: expected {' or '.join(STAGES)}")
        classic = {"search_ocu_min": 2, "indexing_ocu_min": 2} if values.get("classic_search") in (True, "true") else {}
        asleep = {"search_ocu_min": 0} if values.get("search") == "embedded" and not classic else {}
        return {**STAGES[stage], **classic, **asleep, **values}

    @model_validator(mode="after")
    def _capacities(self) -> Self:
        for side in ("search", "indexing"):
            least, most = getattr(self, f"{side}_ocu_min"), getattr(self, f"{side}_ocu_max")
            for name, value, extra in ((f"{side}_ocu_min", least, {1} if self.classic_search else {0}),
                                       (f"{side}_ocu_max", most, set())):  # fmt: skip
                if value not in SMALL_OCUS | extra and (value < LARGE_OCU_STEP or value % LARGE_OCU_STEP):
                    allowed = ", ".join(map(str, sorted(SMALL_OCUS | extra)))
                    raise ValueError(f"{name} = {value}: expected {allowed} or a multiple of {LARGE_OCU_STEP}")
            if least > most:
                raise ValueError(f"{side}_ocu_min = {least}: expected at most {side}_ocu_max = {most}")
        return self

    @model_validator(mode="after")
    def _domain(self) -> Self:
        zone = (self.hosted_zone_id, self.hosted_zone_name)
        if self.domain_name and not all(zone):
            raise ValueError("domain_name is set: expected hosted_zone_id and hosted_zone_name of its zone, too")
        if self.compute == "fargate" and not self.domain_name:
            raise ValueError("compute = fargate: expected domain_name, because a load balancer needs a certificate")
        if self.fargate_tasks_min > self.fargate_tasks_max:
            raise ValueError(f"fargate_tasks_min = {self.fargate_tasks_min}: expected at most fargate_tasks_max")
        return self

    @property
    def name(self) -> str:
        """What everything of this deployment is called by."""
        return f"marquee-{self.stage}"

    @property
    def keeps_data(self) -> bool:
        """Whether data outlives the stack."""
        return self.stage == "prod"


def load_settings(context: Mapping[str, object], environment: Mapping[str, str]) -> Settings:
    """The settings in CDK context; the account is that of the CDK's credentials, if there are any.

    Raises SettingsError: a key that nobody reads, a value that can't be deployed.
    """
    # Keys with a colon, a slash or an @ are CDK's own.
    given = {key: value for key, value in context.items() if not set(key) & set(":/@")}
    if account := environment.get("CDK_DEFAULT_ACCOUNT"):
        given.setdefault("account", account)
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise SettingsError("deployment settings: " + "; ".join(map(_told, error.errors(include_url=False)))) from error


def _told(problem: "ErrorDetails") -> str:
    """One problem: the setting, unless the message names it itself, and what was expected."""
    message = problem["msg"].removeprefix("Value error, ")
    return f"{problem['loc'][0]} = {problem['input']!r}: {message}" if problem["loc"] else message
