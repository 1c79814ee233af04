"""Notes on settings without effect and on misspelt ones."""

import pytest

from services.cli.setting_hints import notes, unused_settings
from services.settings import load_settings

pytestmark = pytest.mark.usefixtures("empty_home")


def test_settings_without_effect_are_named() -> None:
    settings = load_settings(
        opensearch_kind="nextgen", ddb_cache_table="cache", explain_output="tool", aws_region="eu-west-1"
    )
    printed = notes(settings, {"MARQUEE_PROT": "1", "MARQUEE_PORT": "2", "PATH": "/bin"})
    names = ["OPENSEARCH_KIND", "DDB_CACHE_TABLE", "EXPLAIN_OUTPUT"]
    assert [note.split()[0] for note in printed] == [*names, "MARQUEE_PROT"]
    assert printed[0] == "OPENSEARCH_KIND has no effect: OPENSEARCH_ENDPOINT is not set, so search is embedded"
    assert unused_settings(settings) == {
        "OPENSEARCH_KIND": "nextgen", "DDB_CACHE_TABLE": "cache", "EXPLAIN_OUTPUT": "tool",
    }  # fmt: skip
    assert notes(load_settings(), {}) == []


def test_settings_in_use_are_not_named() -> None:
    settings = load_settings(
        opensearch_endpoint="http://127.0.0.1:9200",
        opensearch_index="f",
        vector_dim=384,
        ddb_users_table="users",
        ddb_cache_table="cache",
        aws_region="eu-west-1",
    )
    assert notes(settings, {}) == []
    assert unused_settings(settings) == {}


def test_settings_of_the_bucket_have_no_effect_without_one() -> None:
    assert notes(load_settings(bundle_bucket="films", s3_endpoint="http://127.0.0.1:9000"), {}) == []
    (note, second) = notes(load_settings(s3_endpoint="http://127.0.0.1:9000", bundle_poll_secs=5), {})
    assert note == "BUNDLE_POLL_SECS has no effect: BUNDLE_BUCKET is not set, so bundles are local"
    assert second.startswith("S3_ENDPOINT")
