"""Staging: a folder becomes a bundle by one rename, or not at all."""

import shutil
from pathlib import Path

import pytest

from services.adapters.bundle.staging import is_intact, settle, staged
from services.recommender.errors import BundleMissing


def copy_into(finished: Path, folder: Path) -> Path:
    return Path(shutil.copytree(finished, folder, dirs_exist_ok=True))


def test_a_finished_folder_is_moved_into_place(finished, tmp_path) -> None:
    root = tmp_path / "bundles"
    with staged(root) as folder:
        assert folder.parent == root
        target = settle(copy_into(finished, folder), root / finished.name)
    assert is_intact(target)
    assert [path.name for path in root.iterdir()] == [finished.name]


def test_a_failure_leaves_no_files(finished, tmp_path) -> None:
    def fail() -> None:
        with staged(tmp_path) as folder:
            copy_into(finished, folder)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_sound_existing_bundle_is_kept(finished, tmp_path) -> None:
    existing = copy_into(finished, tmp_path / finished.name)
    inode = existing.stat().st_ino
    with staged(tmp_path) as folder:
        settle(copy_into(finished, folder), existing)
    assert existing.stat().st_ino == inode
    assert [path.name for path in tmp_path.iterdir()] == [finished.name]


def test_a_damaged_existing_bundle_is_replaced(finished, tmp_path) -> None:
    existing = copy_into(finished, tmp_path / finished.name)
    (existing / "popularity.npy").write_bytes(b"short")
    assert not is_intact(existing)
    with staged(tmp_path) as folder:
        settle(copy_into(finished, folder), existing)
    assert is_intact(existing)
    assert [path.name for path in tmp_path.iterdir()] == [finished.name]


def test_a_sound_bundle_of_a_faster_process_is_accepted(finished, tmp_path, monkeypatch) -> None:
    existing = tmp_path / finished.name
    with staged(tmp_path) as folder:
        copy_into(finished, folder)

        def overtaken(self: Path, target: Path) -> Path:
            copy_into(finished, existing)
            raise OSError("Directory not empty")

        monkeypatch.setattr(Path, "rename", overtaken)
        assert settle(folder, existing) == existing
    assert is_intact(existing)


def test_any_other_failed_rename_is_an_error(finished, tmp_path, monkeypatch) -> None:
    def fail(self: Path, target: Path) -> Path:
        raise OSError("Read-only file system")

    with staged(tmp_path) as folder:
        copy_into(finished, folder)
        monkeypatch.setattr(Path, "rename", fail)
        with pytest.raises(BundleMissing):
            settle(folder, tmp_path / finished.name)
