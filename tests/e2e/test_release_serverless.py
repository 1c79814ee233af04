"""A complete release to a strict fake of OpenSearch Serverless that is cold and late, ending in accepted answers."""

import json
from pathlib import Path

import pytest

from tests.e2e.kit import Served, bundles, copy_home, marquee
from tests.e2e.world import World
from tests.patience import LONGEST_MS
from tests.s3_server import new_bucket, s3_server
from tests.servers.rules import NO_IDS, Generation
from tests.servers.serverless import Serverless


@pytest.mark.parametrize("kind", ["nextgen", "classic"])
def test_a_release_to_a_collection_of_each_generation_is_served_from_its_index(
    world: World, unique_name: str, tmp_path: Path, kind: Generation
) -> None:
    """The bundle has vectors; access is granted late, the collection is cold, and an answer is lost."""
    builder, server_home = copy_home(world.server.home, tmp_path / "builder"), tmp_path / "server"
    server_home.mkdir()
    (version,) = bundles(builder)
    with (
        s3_server() as s3,
        Serverless(
            world.opensearch_url, kind=kind, first=[403, 503], lost=[504], keeps_meta=kind != "classic"
        ) as collection,
    ):
        bucket = new_bucket(s3)
        settings = {
            "BUNDLE_BUCKET": f"{bucket.name}/{bucket.prefix}",
            "S3_ENDPOINT": s3,
            "OPENSEARCH_ENDPOINT": collection.url,
            "OPENSEARCH_INDEX": unique_name,
            "OPENSEARCH_KIND": kind,
            "OPENSEARCH_AUTH": "none",
            "OPENSEARCH_TIMEOUT_MS": str(LONGEST_MS),
        }
        released = marquee(builder, "release", version, "--json", env=settings)
        assert released.returncode == 0, released.stderr
        with Served(server_home, env=settings) as server:
            accepted = marquee(builder, "doctor", "--url", server.url, "--json")
            assert accepted.returncode == 0, accepted.stdout
            words = next(check for check in json.loads(accepted.stdout)["checks"] if check["part"] == "words")
            assert f"{unique_name}-{version}" in words["found"], "the index answers, not the bundle"
        pruned = marquee(builder, "index", "prune", "--keep", "0", env=settings)
        assert pruned.returncode == 0, pruned.stderr
        assert [refusal for refusal in collection.refused if not refusal.endswith(NO_IDS)] == []
