"""The settings of a deployment: its stage's file in ``infra/stages``, overridden by CDK context (``-c name=value``)."""

import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

SMALL_OCUS = frozenset({2, 4, 8})
LARGE_OCU_STEP = 16
# Default of a Classic collection on each side: it never sleeps.
CLASSIC_OCUS = 2

STAGES = ("dev", "prod")
FOLDER = Path(__file__).resolve().parent / "stages"
# In context: service.cache_ttl_secs=0 is cache_ttl_secs of the file's table [service].
SERVICE = "service"
# The CDK's own context key, by which stacks find what `cdk bootstrap --qualifier` made.
QUALIFIER = "@aws-cdk/core:bootstrapQualifier"


class Undeployable(ValueError):
    """A deployment setting cannot be deployed; the message names it and what was expected."""


class DeploymentSettings(BaseModel):
    """One deployment. Names are the context keys; rates are requests per second, capacities OpenSearch Compute Units
    (OCU), money US dollars.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: Literal["dev", "prod"] = "dev"
    compute: Literal["lambda", "fargate"] = "lambda"
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    region: str = Field("eu-west-1", pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", description="a region like eu-west-1")
    account: str | None = Field(None, pattern=r"^\d{12}$", description="the 12 digits of an account")
    # Of `cdk bootstrap --qualifier`. None: the one in CDK context, else the CDK's default.
    bootstrap_qualifier: str | None = Field(
        None, pattern=r"^[a-z0-9]{1,10}$", description="up to ten small letters and digits"
    )

    # Of a public hosted zone in Route 53. Without a domain the API uses CloudFront's own name.
    domain_name: str | None = Field(
        None, pattern=r"^[a-z0-9.-]+\.[a-z]{2,}$", description="a name like films.example.com, without https://"
    )
    hosted_zone_id: str | None = Field(
        None, pattern=r"^Z[A-Z0-9]+$", description="the id of a hosted zone like Z0123456789ABC"
    )
    hosted_zone_name: str | None = None

    # embedded: the index in the bundle is used, and there is no collection.
    search: Literal["opensearch", "embedded"] = "opensearch"
    # The generation of the collection, and with it OPENSEARCH_KIND. Classic never sleeps.
    classic_search: bool = False
    search_ocu_min: int
    search_ocu_max: int
    indexing_ocu_min: int
    indexing_ocu_max: int

    # A Bedrock inference profile that writes the explanations, e.g. eu.anthropic.claude-haiku-4-5-20251001-v1:0, or a
    # model of the region. Without one the template writes them.
    explain_model: str | None = Field(
        None,
        pattern=r"^[a-z][a-z0-9-]*(\.[a-zA-Z0-9-]+)+(:\d+)?$",
        description="the id of an inference profile or a model, e.g. eu.anthropic.claude-haiku-4-5-20251001-v1:0",
    )
    explain_guardrail: bool = False
    # Where the profile routes requests, comma-separated in context; default: by its geography.
    explain_regions: tuple[str, ...] = ()

    # The two-tower model behind a SageMaker endpoint: serverless costs nothing while idle and wakes up in seconds,
    # during which the bundle answers; instance is always awake.
    two_tower: Literal["off", "serverless", "instance"] = "off"
    two_tower_instance: str = Field(
        "ml.m5.large", pattern=r"^ml\.[a-z0-9]+\.[a-z0-9]+$", description="an instance type like ml.m5.large"
    )
    two_tower_instances: int = Field(1, ge=1, le=20)

    memory_mb: int = Field(1_769, ge=512, le=10_240)  # 1,769 MB is one vCPU (AWS: "Configure Lambda function memory").
    # None: as many as the account allows. A new account has 10 and cannot reserve any.
    reserved_concurrency: int | None = Field(None, ge=1)
    throttle_rate: int = Field(ge=1)
    throttle_burst: int = Field(ge=1)
    # Per five minutes. The defaults are half of what the stage lets through: most callers are a film product's own
    # servers, with few addresses and many people behind each.
    waf_requests_per_ip: int = Field(ge=10)
    fargate_tasks_min: int = Field(ge=1)
    fargate_tasks_max: int = Field(8, ge=1)

    demo_page: bool
    # People shown on the page, comma-separated; the release job seeds them. Default: viewers of the sample catalogue.
    demo_users: str
    log_days: Literal[7, 14, 30, 60, 90, 180, 365]
    alarm_mail: str | None = Field(
        None, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", description="one mail address like films@example.com"
    )
    monthly_budget_usd: int = Field(ge=1)
    # False: a person without events, served from the bundle. True: a person with a taste, never from the cache, so that
    # OpenSearch is queried every five minutes and, with a capacity that may fall to 0, never sleeps: two search OCUs
    # around the clock cost about 350 dollars a month.
    canary_deep: bool = False
    canary_person: str = Field("sim-0001", min_length=1, max_length=128)
    # How long a new version gets a tenth of the requests before it gets all of them; rolled back before on any alarm.
    release_shift_minutes: int = Field(5, ge=1, le=60)
    release_schedule: str | None = Field(
        None, pattern=r"^(cron|rate)\(.+\)$", description="a schedule like cron(0 3 ? * SUN *) or rate(7 days)"
    )
    # An instance type like ml.m5.large: a SageMaker job makes the features. None: the release job makes them itself.
    features_instance: str | None = Field(
        None, pattern=r"^ml\.[a-z0-9]+\.[a-z0-9]+$", description="an instance type like ml.m5.large"
    )
    # Spark on EMR Serverless counts events, for logs too large for one machine; costs nothing while idle.
    spark: Literal["off", "on"] = "off"
    # The maximum for all concurrent jobs.
    spark_vcpus: int = Field(64, ge=8, le=400)
    # 5,000 texts or more go to Bedrock in a batch job, at half the price, which may queue for hours. Needs
    # service.encoder titan or nova, and a region with batch inference of the model.
    embedding_batch: bool = False
    # A version id of the origin secret: a change makes CloudFormation give CloudFront the rotated secret.
    origin_secret_version: str | None = None

    # Service settings by field of services/settings.py; infra/service_settings.py checks them.
    service: dict[str, object] = {}

    @model_validator(mode="before")
    @classmethod
    def _minimum_capacities(cls, values: dict[str, Any]) -> dict[str, Any]:
        least = CLASSIC_OCUS if values.get("classic_search") in (True, "true") else 0
        return {"search_ocu_min": least, "indexing_ocu_min": least, **values}

    @field_validator("explain_regions", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _needs_explain_model(self) -> Self:
        if self.explain_model is None and (self.explain_guardrail or self.explain_regions):
            raise ValueError("explain_guardrail or explain_regions is set: expected explain_model, too")
        return self

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
        """Return the name prefix of this deployment's resources."""
        return f"marquee-{self.stage}"

    @property
    def generation(self) -> str:
        """Return the generation that a collection would have, as OPENSEARCH_KIND takes it."""
        return "classic" if self.classic_search else "nextgen"

    @property
    def probe_person(self) -> str:
        """Return the person to probe a new version with: one whom the release job seeds, if there is one."""
        people = [self.canary_person] if self.canary_deep else self.demo_users.split(",")
        return people[0] or "release-probe"

    @property
    def keeps_data(self) -> bool:
        """Whether data outlives the stack."""
        return self.stage == "prod"


def load_settings(
    context: Mapping[str, object], environment: Mapping[str, str], folder: Path = FOLDER
) -> DeploymentSettings:
    """Return the settings of the stage in CDK context; the account is that of the CDK's credentials, if there are any.

    Raises Undeployable for an unknown key and for a value that cannot be deployed.
    """
    # Keys with a colon, a slash or an @ are the CDK's own.
    given = {key: value for key, value in context.items() if not set(key) & set(":/@")}
    prefix = f"{SERVICE}."
    service = {key.removeprefix(prefix): given.pop(key) for key in list(given) if key.startswith(prefix)}
    values = stage_file(str(given.get("stage", "dev")), folder) | given
    values[SERVICE] = {**_table(values.get(SERVICE, {})), **service}
    if account := environment.get("CDK_DEFAULT_ACCOUNT"):
        values.setdefault("account", account)
    try:
        return DeploymentSettings.model_validate(values)
    except ValidationError as error:
        raise Undeployable(
            "deployment settings: " + "; ".join(map(_message, error.errors(include_url=False)))
        ) from error


def stage_file(stage: str, folder: Path = FOLDER) -> dict[str, object]:
    """Return the settings of a stage's file. Raises Undeployable for an unknown stage and for an unreadable file."""
    if stage not in STAGES:
        raise Undeployable(f"deployment settings: stage = {stage!r}: expected {' or '.join(STAGES)}")
    path = folder / f"{stage}.toml"
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Undeployable(f"deployment settings: infra/stages/{path.name}: {error}") from error
    if values.get("stage", stage) != stage:
        raise Undeployable(f"deployment settings: infra/stages/{path.name}: stage = {values['stage']!r}: leave it out")
    return values


def _table(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise Undeployable(f"deployment settings: {SERVICE} = {value!r}: expected a table, or {SERVICE}.NAME=VALUE")
    return value


def _message(problem: "ErrorDetails") -> str:
    """Return one problem: the setting, unless the message already names it, and what was expected. The value of an
    unknown setting may be a secret.
    """
    message = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return message
    name = str(problem["loc"][0])
    if problem["type"] == "extra_forbidden":
        return f"{name}: {unknown(name, DeploymentSettings.model_fields)}, or in [{SERVICE}] a setting of the service"
    if problem["type"] == "missing":
        return f"{name}: missing; the stage's file must have it"
    expected = DeploymentSettings.model_fields[name].description
    return f"{name} = {problem['input']!r}: {f'expected {expected}' if expected else message}"


def unknown(name: str, names: Iterable[str]) -> str:
    """Return what was expected in place of an unknown name: the most similar one, otherwise all of them."""
    candidates = sorted(names)
    similar = get_close_matches(name, candidates, 1)
    return f"no such setting; expected {similar[0] if similar else 'one of ' + ', '.join(candidates)}"
