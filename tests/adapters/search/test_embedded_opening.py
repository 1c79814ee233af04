import os
import shutil
import tempfile
from pathlib import Path

import pytest

from services.adapters.search.embedded import EmbeddedSearch
from services.recommender.errors import BundleDamaged, SearchUnavailable
from services.recommender.ports import Deadline, SearchRequest
from tests.builders import ManualClock, make_bundle
from tests.patience import PATIENCE_S

NOW = Deadline.within(ManualClock(), PATIENCE_S)


@pytest.fixture
def copy(world_index, tmp_path) -> Path:
    return Path(shutil.copytree(world_index, tmp_path / "index"))


def test_a_read_only_index_opens_and_leaves_no_files(world, copy, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    before = sorted(path.name for path in copy.iterdir())
    for path in copy.iterdir():
        path.chmod(0o444)
    copy.chmod(0o555)
    search = EmbeddedSearch(world, copy)
    assert search.search(SearchRequest(text="film 7"), NOW).text.rows[0] == 7
    assert list(scratch.iterdir()) == []
    assert sorted(path.name for path in copy.iterdir()) == before


def test_an_open_index_outlives_its_files(world, copy):
    search = EmbeddedSearch(world, copy)
    shutil.rmtree(copy)
    assert search.search(SearchRequest(text="film 7"), NOW).text.rows[0] == 7
    assert search.names.name(int(search.names.keyed(["film", "7"])[0])) == "film 7"


def test_a_closed_index_is_refused(world, copy):
    search = EmbeddedSearch(world, copy)
    search.close()
    search.close()
    with pytest.raises(SearchUnavailable, match="closed"):
        search.search(SearchRequest(text="film"), NOW)


def test_an_index_of_other_films_is_refused(copy):
    with pytest.raises(BundleDamaged, match="expected 299"):
        EmbeddedSearch(make_bundle(films=299), copy)


def test_a_missing_folder_is_refused(world, tmp_path):
    with pytest.raises(BundleDamaged, match="nowhere"):
        EmbeddedSearch(world, tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["meta.json", "names.text.npy", "names.starts.npy", "names.rows.npy"])
@pytest.mark.parametrize("content", [None, b"", b"nonsense"])
def test_missing_and_damaged_files_are_refused(world, copy, name, content):
    (copy / name).unlink()
    if content is not None:
        (copy / name).write_bytes(content)
    with pytest.raises(BundleDamaged, match="rebuild or copy the bundle again"):
        EmbeddedSearch(world, copy)


@pytest.mark.parametrize("suffix", [".term", ".idx", ".fast", ".fieldnorm"])
def test_a_truncated_segment_file_is_refused(world, copy, suffix):
    for path in copy.glob(f"*{suffix}"):
        os.truncate(path, 3)
    with pytest.raises(BundleDamaged):
        EmbeddedSearch(world, copy)
