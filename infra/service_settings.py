"""The service settings of a stage, checked by the service's own rules before deployment."""

from collections.abc import Mapping, Sequence

from infra.settings import SERVICE, DeploymentSettings, Undeployable, unknown
from services.settings import Settings as ServiceSettings
from services.settings import SettingsError as ServiceSettingsError
from services.settings import load_settings

# Set by the deployment itself, or meaningless on AWS: a batch job may queue for longer than a release may take.
OWNED = frozenset({
    "api_key_pepper", "api_key_pepper_arn", "api_keys", "aws_endpoint_url_bedrock", "aws_endpoint_url_bedrock_runtime",
    "aws_endpoint_url_sagemaker_runtime", "aws_region", "bedrock_batch_role", "bedrock_guardrail", "bedrock_model",
    "bundle_bucket", "explain_output", "ddb_cache_table",
    "ddb_endpoint", "ddb_events_table", "ddb_users_table", "demo_page", "demo_users", "embedder_dir", "marquee_home",
    "marquee_host", "marquee_port", "marquee_stage", "metrics", "opensearch_auth", "opensearch_endpoint",
    "opensearch_engine", "opensearch_index", "opensearch_kind", "origin_secret", "origin_secret_arn",
    "otel_exporter_otlp_headers", "s3_endpoint", "tmdb_token", "two_tower_endpoint", "movielens_url", "tmdb_url",
})  # fmt: skip
# Placeholders for what only AWS knows, so that rules about several settings hold, too.
_SECRET = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:checked-AbCdEf"  # noqa: S105 - a name
_DEPLOYED: Mapping[str, object] = {
    "api_keys": "on", "api_key_pepper_arn": _SECRET, "aws_region": "eu-west-1", "ddb_users_table": "users",
    "ddb_events_table": "events", "ddb_cache_table": "cache", "metrics": "emf",
}  # fmt: skip


def variables(given: Mapping[str, object], *, kind: str | None) -> dict[str, str]:
    """Return environment variables for a stage's table ``[service]``. ``kind``: the collection's generation, None for
    embedded search.

    Raises Undeployable for a name that cannot be set and for a value that the service would refuse.
    """
    settable = sorted(ServiceSettings.model_fields.keys() - OWNED)
    for name in given:
        if name in OWNED:
            raise Undeployable(f"deployment settings: service.{name}: not for a stage to set; leave it out")
        if name not in settable:
            raise Undeployable(f"deployment settings: service.{name}: {_expected(name, settable)}")
    texts = {name: _text(value) for name, value in given.items()}
    search = {"opensearch_endpoint": "https://search.example", "opensearch_kind": kind} if kind else {}
    try:
        # No .env is read, and an empty value means that the setting is not set, as in the environment.
        load_settings(_env_file=None, **{**_DEPLOYED, **search, **{name: text for name, text in texts.items() if text}})
    except ServiceSettingsError as error:
        raise Undeployable(f"deployment settings: service: {error}") from error
    return {name.upper(): text for name, text in texts.items()}


def embedding_model(given: Mapping[str, object]) -> str | None:
    """Return the id of the Bedrock embedding model in a stage's table ``[service]``; None if there is none. Raises
    Undeployable.
    """
    chosen = {name: _text(given[name]) for name in ("encoder", "encoder_dims") if name in given}
    try:
        return load_settings(_env_file=None, **{**_DEPLOYED, **chosen}).embedding_model
    except ServiceSettingsError as error:
        raise Undeployable(f"deployment settings: service: {error}") from error


def _expected(name: str, settable: Sequence[str]) -> str:
    """Return what to do about an unknown name. In TOML, all lines after ``[service]`` belong to that table."""
    if name in DeploymentSettings.model_fields:
        return f"a setting of the stage; put it above the line [{SERVICE}]"
    return unknown(name, settable)


def explains_by_tool(model: str) -> bool:
    """Return whether an explanation model must answer through a tool. Raises Undeployable for a model that the service
    would refuse.
    """
    try:
        return load_settings(_env_file=None, **{**_DEPLOYED, "bedrock_model": model}).explains_by_tool
    except ServiceSettingsError as error:
        raise Undeployable(f"deployment settings: explain_model: {error}") from error


def _text(value: object) -> str:
    """Return a TOML value as an environment variable."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
