import json
import pickle
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.adapters.bundle.layout import FORMAT, arrays_of
from services.adapters.bundle.manifest import Manifest, seal
from services.adapters.bundle.reader import open_bundle, text_index_of
from services.recommender.domain.weights import Weights
from services.recommender.errors import BundleDamaged, BundleError, BundleMissing
from tests.damage import flip_bit


@pytest.fixture
def copy(finished, tmp_path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / finished.name))


def edit(path: Path, **changes: object) -> None:
    """Change keys of the manifest; a value of ... removes the key."""
    document = json.loads((path / "manifest.json").read_text()) | changes
    edited = {key: value for key, value in document.items() if value is not ...}
    (path / "manifest.json").write_bytes(seal(edited))


def files_of(path: Path) -> list[str]:
    return sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file())


def test_arrays_are_mapped_and_read_only(finished):
    for name, array in arrays_of(open_bundle(finished)).items():
        assert not array.flags.writeable, name
        assert not array.flags.owndata, name
        assert type(array) is np.ndarray


def test_the_text_index_is_inside_the_bundle(finished):
    assert (text_index_of(finished) / "meta.json").is_file()


def test_a_missing_bundle(tmp_path):
    with pytest.raises(BundleMissing, match="marquee build"):
        open_bundle(tmp_path / "0123456789abcdef")


def test_a_folder_without_manifest(copy):
    (copy / "manifest.json").unlink()
    with pytest.raises(BundleDamaged, match=r"manifest\.json"):
        open_bundle(copy)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe{}", b'"x"', b"[" * 100_000, b"{}"])
def test_an_invalid_manifest_is_refused(copy, content):
    (copy / "manifest.json").write_bytes(content)
    with pytest.raises(BundleDamaged, match=r"manifest\.json"):
        open_bundle(copy)


@pytest.mark.parametrize("name", ["manifest.json", "popularity.npy", "text_index/meta.json"])
def test_a_missing_file_is_named_with_the_remedy(copy, name):
    (copy / name).unlink()
    with pytest.raises(BundleDamaged, match=rf"{name}: No such file.*build or copy the bundle again"):
        open_bundle(copy)


def test_a_newer_format_is_refused(copy):
    edit(copy, format=FORMAT + 1)
    with pytest.raises(BundleDamaged, match=f"format is {FORMAT + 1}, expected {FORMAT}"):
        open_bundle(copy)


KEYS = ["model_version", "created_at", "encoder_id", "analyser", "counts", "languages", "weights", "figures",
        "sources", "extra", "files", "version"]  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("value", [..., 5, None, "x", ["x"], {"x": 1}])
def test_a_manifest_with_a_missing_key_or_a_wrong_type(copy, key, value):
    harmless = (key, json.dumps(value, default=str)) in {
        ("created_at", '"x"'), ("figures", '{"x": 1}'), ("extra", '{"x": 1}'), ("sources", '["x"]'),
    }  # fmt: skip
    edit(copy, **{key: value})
    if harmless:
        open_bundle(copy)
        return
    with pytest.raises(BundleDamaged):
        open_bundle(copy)


@pytest.mark.parametrize(
    "path", ["../secret", "/etc/passwd", "text_index/../../x", "text_index/..", "a/b/c", "", "text_index\\x"]
)
def test_a_manifest_cannot_name_files_outside_the_bundle(copy, path):
    document = json.loads((copy / "manifest.json").read_text())
    edit(copy, files=document["files"] | {path: {"size": 1, "sha256": "0"}})
    with pytest.raises(BundleDamaged, match="is not a file of a bundle"):
        open_bundle(copy)


@pytest.mark.parametrize("entry", [5, {}, {"size": -1, "sha256": ""}, {"size": "9", "sha256": ""}, {"size": 1}])
def test_invalid_file_entries_are_refused(copy, entry):
    document = json.loads((copy / "manifest.json").read_text())
    edit(copy, files=document["files"] | {"popularity.npy": entry})
    with pytest.raises(BundleDamaged):
        open_bundle(copy)


@pytest.mark.parametrize(
    ("dtype", "shape"), [("<f8", [60]), ("O", [60]), ("nonsense", [60]), ("<f4", []), ("<f4", [2**52]), ("<i4", [120])]
)
def test_arrays_that_do_not_match_their_description_are_refused(copy, dtype, shape):
    document = json.loads((copy / "manifest.json").read_text())
    document["files"]["popularity.npy"] |= {"dtype": dtype, "shape": shape}
    rewrite(copy, document)
    with pytest.raises(BundleDamaged):
        open_bundle(copy)


def rewrite(copy: Path, document: dict) -> None:
    """Write a manifest with the matching version, so that only the later checks can refuse it."""
    manifest = Manifest._parse(document)
    (copy / "manifest.json").write_bytes(seal(manifest.to_json()))


def test_a_bundle_from_before_a_weight_existed_has_its_default(copy):
    """A newer version of Marquee must not refuse the bundles of an older one."""
    document = json.loads((copy / "manifest.json").read_text())
    del document["weights"]["similar_dissonance"]
    rewrite(copy, document)
    version = Manifest.load(copy).content_version()
    assert json.loads((copy / "manifest.json").read_text())["version"] == version != document["version"]
    bundle = open_bundle(copy)
    assert (bundle.version, bundle.weights) == (version, Weights())


def test_an_edited_manifest_no_longer_matches_its_version(copy):
    document = json.loads((copy / "manifest.json").read_text())
    edit(copy, weights=document["weights"] | {"popularity": 9.0})
    with pytest.raises(BundleDamaged, match="its content gives"):
        open_bundle(copy)


def test_another_analyser_is_refused(copy):
    document = json.loads((copy / "manifest.json").read_text())
    rewrite(copy, document | {"analyser": "marquee-english-0"})
    with pytest.raises(BundleDamaged, match="marquee-english-0"):
        open_bundle(copy)


def test_an_extra_array_and_a_missing_one_are_refused(copy):
    document = json.loads((copy / "manifest.json").read_text())
    entry = document["files"].pop("popularity.npy")
    rewrite(copy, document)
    with pytest.raises(BundleDamaged, match=r"popularity\.npy: missing"):
        open_bundle(copy)
    shutil.copy(copy / "popularity.npy", copy / "fame.npy")
    rewrite(copy, document | {"files": document["files"] | {"popularity.npy": entry, "fame.npy": entry}})
    with pytest.raises(BundleDamaged, match=r"fame\.npy"):
        open_bundle(copy)


def test_wrong_counts_and_a_missing_index_are_refused(copy):
    document = json.loads((copy / "manifest.json").read_text())
    rewrite(copy, document | {"counts": document["counts"] | {"films": 7}})
    with pytest.raises(BundleDamaged, match="counts"):
        open_bundle(copy)
    arrays = {name: entry for name, entry in document["files"].items() if not name.startswith("text_index")}
    rewrite(copy, document | {"files": arrays})
    with pytest.raises(BundleDamaged, match="text_index"):
        open_bundle(copy)


def test_offsets_that_do_not_span_their_bytes_are_refused(copy):
    path = copy / "catalogue.titles.offsets.npy"
    offsets = np.load(path)
    offsets[-1] += 1
    np.save(path, offsets)
    with pytest.raises(BundleDamaged, match=r"catalogue\.titles\.offsets\.npy: spans 0 to"):
        open_bundle(copy)


def test_every_truncated_or_missing_file_is_named(finished, tmp_path):
    for name in files_of(finished):
        for cut in (0, 1, None):
            copy = Path(shutil.copytree(finished, tmp_path / "copy"))
            damaged = copy / name
            if cut is None:
                damaged.unlink()
            else:
                damaged.write_bytes(damaged.read_bytes()[: -1 if cut else 0])
            with pytest.raises(BundleDamaged, match=Path(name).name):
                open_bundle(copy)
            shutil.rmtree(copy)


@settings(max_examples=80)
@given(st.data())
def test_corrupt_bytes_raise_only_bundle_errors(finished, tmp_path_factory, data):
    name = data.draw(st.sampled_from(files_of(finished)))
    original = (finished / name).read_bytes()
    at = data.draw(st.integers(0, min(len(original) - 1, 4_000)))
    patch = data.draw(st.binary(min_size=1, max_size=60))
    corrupt = original[:at] + patch + original[at + len(patch) :]
    copy = Path(shutil.copytree(finished, tmp_path_factory.mktemp("fuzz") / finished.name))
    (copy / name).write_bytes(corrupt)
    for verify in (False, True):
        if corrupt != original and verify:
            with pytest.raises(BundleDamaged, match=Path(name).name):
                open_bundle(copy, verify)
        else:
            # Only a checksum detects some changes; every other failure must be a BundleError.
            with suppress(BundleError):
                assert len(open_bundle(copy, verify).catalogue) == 120
    shutil.rmtree(copy)


def test_a_manifest_without_its_own_checksum_is_refused_with_the_remedy(copy):
    document = json.loads((copy / "manifest.json").read_text())
    del document["sha256"]
    (copy / "manifest.json").write_text(json.dumps(document, indent=1) + "\n")
    with pytest.raises(BundleDamaged, match="older version; rebuild or copy the bundle again"):
        open_bundle(copy)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_single_flipped_bit_is_detected_in_every_file(finished, tmp_path_factory, data):
    copy = tmp_path_factory.getbasetemp() / "flipped" / finished.name
    if not copy.exists():
        shutil.copytree(finished, copy)
    name = data.draw(st.sampled_from(files_of(finished)))
    flip_bit(copy / name, data.draw(st.integers(0, (finished / name).stat().st_size * 8 - 1)))
    try:
        with pytest.raises(BundleDamaged, match=Path(name).name):
            open_bundle(copy, verify=True)
    finally:
        shutil.copyfile(finished / name, copy / name)


def test_every_flipped_bit_of_the_manifest_is_detected(finished, tmp_path):
    """Including values that no other file contradicts: figures, sources, the build time."""
    copy = Path(shutil.copytree(finished, tmp_path / finished.name))
    manifest = copy / "manifest.json"
    content = manifest.read_bytes()
    for bit in range(0, len(content) * 8, 7):
        flip_bit(manifest, bit)
        with pytest.raises(BundleDamaged, match=r"manifest\.json"):
            Manifest.load(copy)
        manifest.write_bytes(content)


def test_the_message_of_a_damaged_bundle_ends_with_advice_also_after_pickling():
    usual, own = BundleDamaged("a.npy: missing"), BundleDamaged("a.npy: missing", "run it again")
    assert str(usual) == "a.npy: missing; rebuild or copy the bundle again"
    assert str(own) == "a.npy: missing; run it again"
    assert str(pickle.loads(pickle.dumps(own))) == str(own)
