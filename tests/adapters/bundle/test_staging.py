"""A folder that becomes a bundle: in one rename or not at all."""

import shutil
from pathlib import Path

import pytest

from services.adapters.bundle.staging import is_intact, settle, staged
from services.recommender.errors import BundleMissing


def copied(finished: Path, folder: Path) -> Path:
    return Path(shutil.copytree(finished, folder, dirs_exist_ok=True))


def test_a_finished_folder_appears_and_the_staging_is_gone(finished, tmp_path) -> None:
    root = tmp_path / "bundles"
    with staged(root) as folder:
        assert folder.parent == root
        target = settle(copied(finished, folder), root / finished.name)
    assert is_intact(target)
    assert [path.name for path in root.iterdir()] == [finished.name]


def test_what_fails_leaves_nothing(finished, tmp_path) -> None:
    def fail() -> None:
        with staged(tmp_path) as folder:
            copied(finished, folder)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_sound_bundle_that_is_there_stays(finished, tmp_path) -> None:
    there = copied(finished, tmp_path / finished.name)
    inode = there.stat().st_ino
    with staged(tmp_path) as folder:
        settle(copied(finished, folder), there)
    assert there.stat().st_ino == inode
    assert [path.name for path in tmp_path.iterdir()] == [finished.name]


def test_a_damaged_bundle_that_is_there_is_replaced(finished, tmp_path) -> None:
    there = copied(finished, tmp_path / finished.name)
    (there / "popularity.npy").write_bytes(b"short")
    assert not is_intact(there)
    with staged(tmp_path) as folder:
        settle(copied(finished, folder), there)
    assert is_intact(there)
    assert [path.name for path in tmp_path.iterdir()] == [finished.name]


def test_another_process_that_was_faster_is_believed_if_its_bundle_opens(finished, tmp_path, monkeypatch) -> None:
    there = tmp_path / finished.name
    with staged(tmp_path) as folder:
        copied(finished, folder)

        def overtaken(self: Path, target: Path) -> Path:
            copied(finished, there)
            raise OSError("Directory not empty")

        monkeypatch.setattr(Path, "rename", overtaken)
        assert settle(folder, there) == there
    assert is_intact(there)


def test_a_rename_that_fails_for_another_reason_is_an_error(finished, tmp_path, monkeypatch) -> None:
    def refused(self: Path, target: Path) -> Path:
        raise OSError("Read-only file system")

    with staged(tmp_path) as folder:
        copied(finished, folder)
        monkeypatch.setattr(Path, "rename", refused)
        with pytest.raises(BundleMissing):
            settle(folder, tmp_path / finished.name)
