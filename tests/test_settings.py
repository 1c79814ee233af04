"""Settings: names, types, and one line for each wrong value."""

from pathlib import Path

import pytest

from services.settings import Settings, SettingsError, load_settings

PEPPER = "sixteen letters or more"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the developer's variables and .env."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_defaults_are_those_of_the_documentation() -> None:
    settings = load_settings()
    assert settings.marquee_home == Path(".marquee")
    assert (settings.marquee_host, settings.marquee_port, settings.marquee_stage) == ("127.0.0.1", 8000, "local")
    assert settings.cache_ttl_secs == 1_800
    assert settings.request_deadline_ms == 1_200
    assert settings.cors_origins == ()
    assert settings.api_keys is False
    assert settings.pepper == ""
    assert settings.state_path == Path(".marquee/state.db")
    assert not settings.is_exposed()


def test_environment_then_dotenv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MARQUEE_PORT=9001\nCACHE_TTL_SECS=60\nCORS_ORIGINS=\nSOMETHING_ELSE=1\n")
    monkeypatch.setenv("MARQUEE_PORT", "9002")
    settings = load_settings()
    assert (settings.marquee_port, settings.cache_ttl_secs, settings.cors_origins) == (9002, 60, ())


def test_the_command_line_overrides_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARQUEE_PORT", "9002")
    assert load_settings(marquee_port=9003).marquee_port == 9003


@pytest.mark.parametrize(("value", "on"), [("on", True), ("1", True), ("true", True), ("off", False), ("0", False)])
def test_switches(monkeypatch: pytest.MonkeyPatch, value: str, on: bool) -> None:
    monkeypatch.setenv("API_KEYS", value)
    monkeypatch.setenv("API_KEY_PEPPER", PEPPER)
    assert load_settings().api_keys is on


def test_lists_are_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ORIGINS", "https://films.example, http://localhost:5173,")
    monkeypatch.setenv("DEMO_USERS", "1,2")
    settings = load_settings()
    assert settings.cors_origins == ("https://films.example", "http://localhost:5173")
    assert settings.demo_users == ("1", "2")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("MARQUEE_PORT", "http", "MARQUEE_PORT = 'http': expected a port number, 0 to 65535"),
        ("MARQUEE_PORT", "70000", "MARQUEE_PORT = '70000': expected a port number"),
        ("CACHE_TTL_SECS", "-1", "CACHE_TTL_SECS = '-1': expected whole seconds"),
        ("API_KEYS", "perhaps", "API_KEYS = 'perhaps': expected on or off"),
        ("MARQUEE_STAGE", "My Stage", "MARQUEE_STAGE = 'My Stage': expected a name of lower-case letters"),
        ("VECTOR_DIM", "many", "VECTOR_DIM = 'many': expected a number of dimensions"),
        ("CORS_ORIGINS", "films.example", "'films.example' is not an origin"),
        ("CORS_ORIGINS", "https://films.example/path", "is not an origin"),
    ],
)
def test_a_wrong_value_is_one_line(monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARQUEE_PORT", "x")
    monkeypatch.setenv("CACHE_TTL_SECS", "y")
    with pytest.raises(SettingsError, match=r"MARQUEE_PORT.*CACHE_TTL_SECS"):
        load_settings()


def test_keys_need_a_pepper() -> None:
    with pytest.raises(SettingsError, match=r"API_KEY_PEPPER is not set.*openssl rand"):
        load_settings(api_keys=True)
    with pytest.raises(SettingsError, match="too short") as caught:
        load_settings(api_keys=True, api_key_pepper="short-one")
    assert "short-one" not in str(caught.value), "a secret is never printed"
    assert load_settings(api_keys=True, api_key_pepper=PEPPER).pepper == PEPPER


def test_the_pepper_is_not_shown() -> None:
    assert PEPPER not in repr(load_settings(api_key_pepper=PEPPER))


def test_any_origin_and_keys_contradict_each_other() -> None:
    assert load_settings(cors_origins="*").cors_origins == ("*",)
    with pytest.raises(SettingsError, match=r"CORS_ORIGINS.*named origins"):
        load_settings(cors_origins="*", api_keys=True, api_key_pepper=PEPPER)


@pytest.mark.parametrize(
    ("host", "keys", "exposed"),
    [("127.0.0.1", False, False), ("localhost", False, False), ("0.0.0.0", False, True), ("0.0.0.0", True, False)],
)
def test_exposure(host: str, keys: bool, exposed: bool) -> None:
    assert load_settings(marquee_host=host, api_keys=keys, api_key_pepper=PEPPER).is_exposed() is exposed


@pytest.mark.parametrize(("given", "ids"), [({}, None), ({"opensearch_custom_ids": "on"}, True)])
def test_ids_are_used_if_they_are_taken_unless_the_settings_say_otherwise(
    given: dict[str, str], ids: bool | None
) -> None:
    target = load_settings(opensearch_endpoint="http://127.0.0.1:9200", **given).opensearch
    assert target is not None
    assert target.custom_ids is ids


SERVERLESS = "https://abc123.eu-west-1.aoss.amazonaws.com"


def test_the_defaults_of_the_remote_stores() -> None:
    settings = load_settings()
    assert settings.opensearch_endpoint is None
    assert settings.ddb_users_table is None
    assert (settings.opensearch_index, settings.opensearch_engine) == ("films", "faiss")
    assert (settings.opensearch_kind, settings.opensearch_compression) == ("auto", "auto")
    assert settings.opensearch_custom_ids == "auto"
    assert (settings.opensearch_timeout_ms, settings.ddb_timeout_ms) == (300, 300)
    assert (settings.ddb_cache_table, settings.ddb_events_table) == ("marquee-rec-cache", "marquee-events")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("OPENSEARCH_ENDPOINT", "search.example", "expected an address like https://search.example:9200"),
        ("OPENSEARCH_ENDPOINT", "https://search.example/films", "expected an address"),
        ("OPENSEARCH_ENDPOINT", "https://me:secret@search.example", "expected an address"),
        ("OPENSEARCH_INDEX", "Films", "OPENSEARCH_INDEX = 'Films': expected lower-case letters"),
        (
            "OPENSEARCH_KIND",
            "serverless",
            "OPENSEARCH_KIND = 'serverless': expected auto, server, or the generation of",
        ),
        ("OPENSEARCH_ENGINE", "nmslib", "OPENSEARCH_ENGINE = 'nmslib': expected faiss or lucene"),
        ("OPENSEARCH_COMPRESSION", "3x", "OPENSEARCH_COMPRESSION = '3x': expected auto, 1x, 2x"),
        ("OPENSEARCH_TIMEOUT_MS", "0", "OPENSEARCH_TIMEOUT_MS = '0': expected whole milliseconds"),
        ("OPENSEARCH_AUTH", "basic", "OPENSEARCH_AUTH = 'basic': expected auto, aoss or none"),
        ("AWS_REGION", "Frankfurt!", "AWS_REGION = 'Frankfurt!': expected a region"),
        ("DDB_USERS_TABLE", "u", "DDB_USERS_TABLE = 'u': expected a DynamoDB table name"),
        ("DDB_ENDPOINT", "localhost:8001", "DDB_ENDPOINT = 'localhost:8001': expected an address"),
    ],
)
def test_a_wrong_remote_setting_is_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_opensearch_target() -> None:
    target = load_settings(
        opensearch_endpoint="http://127.0.0.1:9200/", opensearch_timeout_ms=50, opensearch_compression="none"
    ).opensearch
    assert target is not None
    assert (target.endpoint, target.timeout_s, target.compression) == ("http://127.0.0.1:9200", 0.05, "none")
    assert not target.signs
    assert load_settings(opensearch_auth="aoss").opensearch is None


@pytest.mark.parametrize(
    ("endpoint", "given", "kind"),
    [
        ("http://127.0.0.1:9200/", {}, "server"),
        (SERVERLESS, {}, "classic"),
        ("https://abc123.aoss.eu-west-1.on.aws/", {}, "nextgen"),
        (SERVERLESS, {"opensearch_kind": "nextgen"}, "nextgen"),
        ("https://films.internal", {"opensearch_kind": "classic", "aws_region": "eu-west-1"}, "classic"),
    ],
)
def test_the_kind_is_what_is_said_or_else_what_the_host_tells(endpoint: str, given: dict[str, str], kind: str) -> None:
    target = load_settings(opensearch_endpoint=endpoint, **given).opensearch
    assert target is not None
    assert target.kind == kind


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"opensearch_endpoint": "https://search.example", "opensearch_auth": "aoss"}, "AWS_REGION is not set"),
        (
            {"opensearch_endpoint": "https://search.example", "opensearch_auth": "aoss", "aws_region": "eu-west-1"},
            "OPENSEARCH_KIND: expected classic or nextgen while OPENSEARCH_AUTH is aoss",
        ),
        ({"opensearch_endpoint": SERVERLESS, "opensearch_engine": "lucene"}, "OPENSEARCH_ENGINE = 'lucene'"),
        ({"opensearch_endpoint": SERVERLESS.replace("https", "http")}, "expected https:// for signed requests"),
        ({"ddb_users_table": "users"}, "AWS_REGION is not set: expected the region of DDB_USERS_TABLE"),
        (
            {"ddb_users_table": "marquee-events", "aws_region": "eu-west-1"},
            "marquee-events, marquee-rec-cache, marquee-events: expected different tables",
        ),
    ],
)
def test_remote_settings_that_contradict_each_other(given: dict[str, str], expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(**given)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_local_dynamodb_needs_no_region() -> None:
    settings = load_settings(ddb_users_table="users", ddb_endpoint="http://127.0.0.1:8001")
    assert settings.aws_region is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPENSEARCH_ENDPOINT", "https://admin:hunter2@search.example"),
        ("DDB_ENDPOINT", "http://x:hunter2@127.0.0.1:1/path"),
        ("S3_ENDPOINT", "http://127.0.0.1:9000/?token=hunter2"),
        ("CORS_ORIGINS", "ftp://user:hunter2@films.example"),
        ("API_KEY_PEPPER_ARN", "hunter2"),
        ("ORIGIN_SECRET_ARN", "hunter2hunter2"),
        ("API_KEY_PEPPER", "hunter2"),
        # An API key or a pepper in the wrong setting.
        ("AWS_REGION", "mq_ann_" + "hunter2" * 6),
        ("CACHE_TTL_SECS", "hunter2" * 5),
    ],
)
def test_error_messages_contain_no_secret(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("API_KEYS", "on")
    with pytest.raises(SettingsError) as error:
        load_settings()
    assert name in str(error.value)
    assert "hunter2" not in str(error.value)
