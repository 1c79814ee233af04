"""``marquee data`` and builds from data sets by name and from the bucket."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_jobs import download
from data_jobs.movielens_download import DATA_SETS
from services.adapters.bundle.s3.bucket import Bucket
from tests.cli.conftest import Marquee
from tests.data_jobs.test_movielens_download import Site, archive
from tests.e2e.kit import bundles
from tests.patience import PATIENCE_S
from tests.s3_server import keys_of, new_bucket, s3_server, stored
from tests.tmdb_site import TOKEN, Tmdb, film, tmdb_site


def small_set() -> bytes:
    """Return a zipped data set in the MovieLens layout from which a bundle can be built."""
    films = [f"{n},Film {n} (19{50 + n}),Drama|Comedy\n" for n in range(1, 41)]
    ratings = [
        f"{u},{1 + (u * 7 + n * 3) % 40},{3 + (u + n) % 3},{1_000_000 + n}\n" for u in range(30) for n in range(12)
    ]
    members = {
        "movies.csv": "movieId,title,genres\n" + "".join(films),
        "ratings.csv": "userId,movieId,rating,timestamp\n" + "".join(dict.fromkeys(ratings)),
        "links.csv": "movieId,imdbId,tmdbId\n" + "".join(f"{n},{n:07d},{600 + n}\n" for n in range(1, 41)),
        "tags.csv": "userId,movieId,tag,timestamp\n1,1,slow,1000000\n",
        "README.txt": "terms",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name, content in members.items():
            made.writestr(f"ml-latest-small/{name}", content)
    return buffer.getvalue()


@pytest.fixture
def site(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(download, "TIMEOUT_S", PATIENCE_S)
    running = Site()
    running.publish(small_set())
    monkeypatch.setenv("MOVIELENS_URL", running.url)
    yield running
    running.close()


@pytest.fixture
def bucket(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    with s3_server() as url:
        made = new_bucket(url)
        monkeypatch.setenv("S3_ENDPOINT", url)
        monkeypatch.setenv("BUNDLE_BUCKET", f"{made.name}/{made.prefix}".rstrip("/"))
        yield made


def test_a_build_by_name_asks_for_agreement_once(marquee: Marquee, site, empty_home):
    refused = marquee("build", "--dataset", "ml-latest-small", "--encoder", "none")
    assert refused.code == 2
    assert "no commercial use without GroupLens' permission" in refused.err
    assert site.requests == []
    done = marquee("build", "--dataset", "ml-latest-small", "--encoder", "none", "--yes")
    assert done.code == 0, done.err
    assert len(bundles(empty_home)) == 1
    assert "--movielens" in done.out
    site.requests.clear()
    assert marquee("data", "movielens", "ml-latest-small").code == 0
    assert marquee("build", "--dataset", "ml-latest-small", "--encoder", "none").code == 0
    assert site.requests == []


@pytest.mark.parametrize("name", DATA_SETS)
def test_every_data_set_is_downloaded_by_its_name(marquee: Marquee, site, empty_home, name):
    site.publish(archive(DATA_SETS[name].files, name), name=name)
    done = marquee("data", "movielens", name, "--yes", "--json")
    assert done.code == 0, done.err
    assert {path.name for path in Path(done.json["path"]).iterdir()} == set(DATA_SETS[name].files)


def test_a_missing_download_is_an_outage(marquee: Marquee, site):
    site.pages = {}
    done = marquee("build", "--dataset", "ml-25m", "--yes")
    assert done.code == 3
    assert "does not answer" in done.err


@pytest.fixture
def tmdb(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tmdb]:
    with tmdb_site() as running:
        running.films = {600 + n: film(600 + n, f"Film {n}") for n in range(1, 41)}
        monkeypatch.setenv("TMDB_URL", running.url)
        monkeypatch.setenv("TMDB_TOKEN", TOKEN)
        yield running


def test_metadata_is_fetched_and_attributed(marquee: Marquee, site, tmdb):
    folder = marquee("data", "movielens", "ml-latest-small", "--yes", "--json").json["path"]
    done = marquee("data", "tmdb", "--movielens", folder, "--yes")
    assert done.code == 0, done.err
    assert "not endorsed or certified by TMDB" in done.out
    path = done.out.split("--tmdb ")[1].split()[0]
    built = marquee("build", "--dataset", "ml-latest-small", "--tmdb", path, "--encoder", "none", "--json")
    assert built.code == 0
    assert "no-metadata" not in {each["code"] for each in built.json["warnings"]}


def test_without_a_token_the_setting_is_named(marquee: Marquee, empty_home, tmp_path):
    done = marquee("data", "tmdb", "--movielens", str(tmp_path))
    assert done.code == 2
    assert "TMDB_TOKEN is not set" in done.err


def test_a_wrong_token_is_never_shown(marquee: Marquee, site, tmdb, monkeypatch):
    folder = marquee("data", "movielens", "ml-latest-small", "--yes", "--json").json["path"]
    monkeypatch.setenv("TMDB_TOKEN", "secret-and-wrong")
    done = marquee("data", "tmdb", "--movielens", folder, "--yes")
    assert done.code == 3
    assert "secret" not in done.out + done.err


def test_raw_data_and_features_go_to_the_bucket_and_come_back(
    marquee: Marquee, site, tmdb, bucket, empty_home, monkeypatch
):
    folder = marquee("data", "movielens", "ml-latest-small", "--yes", "--json").json["path"]
    metadata = marquee("data", "tmdb", "--movielens", folder, "--yes", "--json").json["path"]
    assert marquee("data", "push", "--movielens", folder, "--tmdb", metadata, "--json").json["files"] == 5
    assert marquee("data", "push", "--movielens", folder, "--tmdb", metadata, "--json").json["files"] == 0
    here = marquee("build", "--movielens", folder, "--tmdb", metadata, "--json").json["version"]
    assert marquee("bundle", "publish").code == 0
    raw = [key for key in keys_of(bucket) if not key.startswith("bundles/")]
    assert raw == [
        "features/item_embeddings.parquet", "features/items.parquet", "raw/movielens/links.csv",
        "raw/movielens/movies.csv", "raw/movielens/ratings.csv", "raw/movielens/tags.csv", "raw/tmdb/tmdb.jsonl",
    ]  # fmt: skip
    other = empty_home.parent / "other"
    monkeypatch.setenv("MARQUEE_HOME", str(other))
    # Texts in the features are not embedded again.
    monkeypatch.setattr("services.adapters.embed.onnx.OnnxEncoder.encode", _never)
    done = marquee("build", "--from-bucket", "--json")
    assert done.code == 0, done.err
    assert done.json["version"] == here
    assert (other / "features" / "items.parquet").read_bytes() == stored(bucket, "features/items.parquet")
    assert marquee("data", "pull", "--json").json["files"] == 0


def _never(*_: object) -> None:
    raise AssertionError("a text is embedded again")


def test_another_data_set_replaces_the_one_in_the_bucket(marquee: Marquee, site, bucket, tmp_path, empty_home):
    folder = marquee("data", "movielens", "ml-latest-small", "--yes", "--json").json["path"]
    assert marquee("data", "push", "--movielens", folder).code == 0
    assert marquee("data", "pull").code == 0
    other = tmp_path / "other-set"
    other.mkdir()
    (other / "movies.csv").write_text("movieId,title,genres\n1,One (1990),Drama\n")
    (other / "ratings.csv").write_text("userId,movieId,rating,timestamp\n1,1,5,1\n")
    assert marquee("data", "push", "--movielens", str(other)).code == 0
    assert keys_of(bucket) == ["raw/movielens/movies.csv", "raw/movielens/ratings.csv"]
    assert marquee("data", "pull").code == 0
    names = sorted(path.name for path in (empty_home / "raw" / "movielens").iterdir())
    assert names == ["movies.csv", "ratings.csv"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("build", "--dataset", "ml-1m", "--from-bucket"), "cannot be combined with other inputs"),
        (("build", "--dataset", "ml-1m", "--movielens", "."), "cannot be combined with other inputs"),
        (("build", "--from-bucket"), "BUNDLE_BUCKET is not set"),
        (("data", "push"), "nothing to upload"),
        (("data", "push", "--tmdb", "nowhere"), "no such file"),
        (("data", "pull"), "BUNDLE_BUCKET is not set"),
    ],
)
def test_invalid_combinations_are_refused(marquee: Marquee, empty_home, arguments, message):
    done = marquee(*arguments)
    assert done.code == 2
    assert message in done.err


def test_an_empty_bucket_names_the_command_that_fills_it(marquee: Marquee, bucket):
    done = marquee("build", "--from-bucket")
    assert done.code == 2
    assert "marquee data push" in done.err
