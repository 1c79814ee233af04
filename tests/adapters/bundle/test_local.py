import gc
import json
import logging
import shutil
import threading
import weakref
from dataclasses import replace
from pathlib import Path

import pytest

from services.adapters.bundle.local import LocalBundles, LocalReleases, Pointer
from services.adapters.bundle.reader import text_index_of
from services.adapters.bundle.writer import write_bundle
from services.adapters.search.embedded import EmbeddedSearch
from services.recommender.errors import BundleDamaged, BundleMissing
from services.recommender.ports import Deadline, SearchRequest
from tests.builders import ManualClock, NumpySearch, make_bundle
from tests.damage import flip_bit
from tests.patience import wait_for


@pytest.fixture
def home(tmp_path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def versions(home, index_dir) -> list[str]:
    """Three bundles, none of them active."""
    bundles = (replace(make_bundle(), model_version=f"ease-{number}") for number in range(3))
    return [write_bundle(bundle, index_dir, home / "bundles").name for bundle in bundles]


def numpy_search(bundle, path):
    return NumpySearch(bundle)


class TestBundles:
    def test_a_new_home_has_no_bundles(self, home):
        bundles = LocalBundles(home)
        assert bundles.list() == []
        with pytest.raises(BundleMissing, match="marquee build"):
            bundles.current_path()
        with pytest.raises(BundleMissing, match="none; run"):
            bundles.path("0" * 16)

    def test_list_ignores_other_folders(self, home, versions):
        (home / "bundles" / ".building-x").mkdir()
        (home / "bundles" / "notes").mkdir()
        (home / "bundles" / ("f" * 16)).write_text("a file")
        assert set(LocalBundles(home).list()) == set(versions)

    def test_activate_and_back(self, home, versions):
        bundles = LocalBundles(home)
        first, second, _ = versions
        assert bundles.activate(first) == Pointer(first, None)
        assert bundles.activate(second) == Pointer(second, first)
        assert bundles.current_path() == home / "bundles" / second
        # Activating it again keeps the previous version.
        assert bundles.activate(second) == Pointer(second, first)
        previous = bundles.pointer().previous
        assert previous is not None
        assert bundles.activate(previous) == Pointer(first, second)

    @pytest.mark.parametrize("version", ["", "..", "../../etc", "0" * 16, "latest"])
    def test_only_an_existing_version_can_be_activated(self, home, versions, version):
        with pytest.raises(BundleMissing, match="available: "):
            LocalBundles(home).activate(version)
        assert not (home / "current.json").exists()

    def test_a_damaged_bundle_is_not_activated(self, home, versions):
        bundles = LocalBundles(home)
        bundles.activate(versions[0])
        damage(home, versions[1])
        with pytest.raises(BundleDamaged, match=r"popularity\.npy: SHA-256"):
            bundles.activate(versions[1])
        assert bundles.pointer() == Pointer(versions[0], None)

    def test_a_bundle_under_another_name_is_refused(self, home, versions):
        shutil.copytree(home / "bundles" / versions[0], home / "bundles" / ("a" * 16))
        with pytest.raises(BundleDamaged, match="holds version"):
            LocalBundles(home).verify("a" * 16)

    @pytest.mark.parametrize("content", ["", "{", "[]", "{}", "5", '"x"', "\0"])
    def test_an_invalid_pointer_is_refused_and_can_be_replaced(self, home, versions, content):
        (home / "current.json").write_text(content)
        with pytest.raises(BundleDamaged, match=r"current\.json"):
            LocalBundles(home).current_path()
        assert LocalBundles(home).activate(versions[0]) == Pointer(versions[0], None)

    def test_a_failed_write_leaves_the_pointer_as_it_was(self, home, versions, monkeypatch):
        bundles = LocalBundles(home)
        bundles.activate(versions[0])

        def fail(self, target):
            raise OSError("no space left")

        monkeypatch.setattr(Path, "replace", fail)
        with pytest.raises(OSError, match="no space"):
            bundles.activate(versions[1])
        assert bundles.pointer() == Pointer(versions[0], None)
        assert sorted(path.name for path in home.iterdir()) == ["bundles", "current.json"]


class TestReleases:
    def test_there_is_no_release_until_a_bundle_is_active(self, home, versions):
        releases = LocalReleases(home, numpy_search)
        for _ in range(2):
            with pytest.raises(BundleMissing):
                releases.current()
        LocalBundles(home).activate(versions[0])
        assert releases.current().bundle.version == versions[0]

    def test_the_same_release_until_the_pointer_moves(self, home, versions):
        bundles = LocalBundles(home)
        bundles.activate(versions[0])
        releases = LocalReleases(home, numpy_search)
        first = releases.current()
        releases.refresh()
        assert releases.current() is first
        # The pointer is rewritten with the same version: the open bundle stays.
        bundles.activate(versions[0])
        releases.refresh()
        assert releases.current() is first
        bundles.activate(versions[1])
        releases.refresh()
        assert releases.current().bundle.version == versions[1]
        assert first.bundle.catalogue.titles[0] == "Film 0"

    def test_it_checks_at_most_once_a_second_and_no_request_waits(self, home, versions):
        clock = ManualClock()
        opened, permitted = threading.Event(), threading.Event()

        def slow(bundle, path):
            if bundle.version == versions[1]:
                opened.set()
                wait_for(permitted.is_set, "permission to continue")
            return NumpySearch(bundle)

        bundles = LocalBundles(home)
        bundles.activate(versions[0])
        releases = LocalReleases(home, slow, monotonic=clock.monotonic)
        releases.current()
        bundles.activate(versions[1])
        assert releases.current().bundle.version == versions[0]
        clock.advance(0.9)
        assert releases.current().bundle.version == versions[0]
        assert not opened.is_set()
        clock.advance(0.2)
        assert releases.current().bundle.version == versions[0]
        wait_for(opened.is_set, "the new bundle to be opened")
        clock.advance(5)
        assert releases.current().bundle.version == versions[0]
        permitted.set()
        releases.refresh()
        assert releases.current().bundle.version == versions[1]

    def test_an_unchanged_pointer_starts_no_thread(self, home, versions, monkeypatch):
        clock, started = ManualClock(), []
        LocalBundles(home).activate(versions[0])
        releases = LocalReleases(home, numpy_search, monotonic=clock.monotonic)
        first = releases.current()
        monkeypatch.setattr(threading.Thread, "start", lambda thread: started.append(thread))
        for _ in range(3):
            clock.advance(2)
            assert releases.current() is first
        assert started == []
        LocalBundles(home).activate(versions[1])
        clock.advance(2)
        assert releases.current() is first
        assert [thread.name for thread in started] == ["marquee-releases"]

    def test_a_damaged_new_bundle_is_refused_once_and_the_old_one_is_served(self, home, versions, caplog):
        bundles = LocalBundles(home)
        bundles.activate(versions[0])
        releases = LocalReleases(home, numpy_search)
        old = releases.current()
        (home / "bundles" / versions[1] / "popularity.npy").write_bytes(b"short")
        point_to(home, versions[1])
        with caplog.at_level(logging.ERROR):
            for _ in range(3):
                releases.refresh()
        assert releases.current() is old
        assert releases.last_error is not None
        assert "popularity.npy" in releases.last_error
        assert len(caplog.records) == 1
        bundles.activate(versions[2])
        releases.refresh()
        assert releases.current().bundle.version == versions[2]
        assert releases.last_error is None

    @pytest.mark.parametrize("name", ["popularity.npy", "catalogue.traits.offsets.npy", "text_index", "manifest.json"])
    def test_a_new_bundle_with_one_flipped_bit_is_refused_and_the_old_one_is_served(self, home, versions, name):
        LocalBundles(home).activate(versions[0])
        releases = LocalReleases(home, numpy_search)
        old = releases.current()
        damaged = home / "bundles" / versions[1] / name
        path = max(damaged.glob("*"), key=lambda file: file.stat().st_size) if damaged.is_dir() else damaged
        flip_bit(path, path.stat().st_size * 4)
        point_to(home, versions[1])
        releases.refresh()
        assert releases.current() is old
        assert path.name in (releases.last_error or "")
        assert "rebuild" in (releases.last_error or "")

    def test_without_verification_the_bytes_are_not_read(self, home, versions):
        LocalBundles(home).activate(versions[0])
        path = home / "bundles" / versions[0] / "popularity.npy"
        flip_bit(path, path.stat().st_size * 8 - 1)
        assert LocalReleases(home, numpy_search, verify=False).current().bundle.version == versions[0]
        with pytest.raises(BundleDamaged, match=r"popularity\.npy: SHA-256"):
            LocalReleases(home, numpy_search).current()

    @pytest.mark.parametrize("content", ["{", '{"version": "nowhere"}', None])
    def test_a_lost_pointer_changes_nothing(self, home, versions, content):
        LocalBundles(home).activate(versions[0])
        releases = LocalReleases(home, numpy_search)
        old = releases.current()
        (home / "current.json").unlink()
        if content is not None:
            (home / "current.json").write_text(content)
        releases.refresh()
        assert releases.current() is old
        assert releases.last_error is not None

    def test_a_bundle_whose_index_does_not_open_is_refused(self, home, versions):
        bundles = LocalBundles(home)
        bundles.activate(versions[0])
        releases = LocalReleases(home, lambda bundle, path: EmbeddedSearch(bundle, text_index_of(path)))
        old = releases.current()
        for path in (home / "bundles" / versions[1] / "text_index").glob("*.term"):
            path.write_bytes(bytes(path.stat().st_size))
        point_to(home, versions[1])
        releases.refresh()
        assert releases.current() is old
        assert releases.last_error is not None

    def test_swaps_under_load_drop_no_request(self, home, versions):
        bundles = LocalBundles(home)
        bundles.activate(versions[0])
        releases = LocalReleases(
            home, lambda bundle, path: EmbeddedSearch(bundle, text_index_of(path)), every_s=0.0
        )  # fmt: skip
        deadline = Deadline.within(ManualClock(), 1)
        stop = threading.Event()
        failures: list[BaseException] = []
        served: set[str] = set()

        def send_requests() -> None:
            try:
                while not stop.is_set():
                    release = releases.current()
                    result = release.search.search(SearchRequest(text="film 7"), deadline)
                    assert release.search.index_version == f"embedded-{release.bundle.version}"
                    assert result.text is not None
                    assert release.bundle.catalogue.titles[int(result.text.rows[0])] == "Film 7"
                    served.add(release.bundle.version)
            except BaseException as error:  # noqa: BLE001 - shown by the assertion below
                failures.append(error)

        threads = [threading.Thread(target=send_requests) for _ in range(4)]
        for thread in threads:
            thread.start()
        for version in versions[1:] + versions[:2]:
            bundles.activate(version)
            wait_for(lambda version=version: releases.current().bundle.version == version, "the new bundle")
            wait_for(lambda version=version: failures or version in served, "an answer from it")
        stop.set()
        for thread in threads:
            thread.join()
        assert failures == []
        assert served == set(versions)

    def test_an_old_release_is_freed_when_the_last_reference_is_dropped(self, home, versions):
        bundles = LocalBundles(home)
        bundles.activate(versions[0])
        releases = LocalReleases(home, numpy_search)
        release = releases.current()
        search = weakref.ref(release.search)
        bundles.activate(versions[1])
        releases.refresh()
        assert search() is not None
        del release
        gc.collect()
        assert search() is None


def point_to(home: Path, version: str) -> None:
    """Move the pointer without the checks of ``activate``."""
    (home / "current.json").unlink()
    (home / "current.json").write_text(json.dumps({"version": version}))


def damage(home: Path, version: str) -> None:
    path = home / "bundles" / version / "popularity.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
