"""A custom model in EMBEDDER_DIR: its description is required and verified."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.adapters.embed.onnx import ModelFiles, OnnxEncoder, OnnxModel, find_model, load_encoder
from services.recommender.errors import EncoderUnavailable


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The packaged model under another name, with a tokenizer file of different bytes."""
    files = find_model()
    shutil.copy(files.model, tmp_path / "model.onnx")
    (tmp_path / "tokenizer.json").write_bytes(files.tokenizer.read_bytes() + b"\n")
    describe(tmp_path)
    return tmp_path


def describe(folder: Path, **other: Any) -> None:
    document = {
        "name": "of-our-own", "dims": 384, "max_tokens": 8, "model_sha256": sha256(folder / "model.onnx"),
        "tokenizer_sha256": sha256(folder / "tokenizer.json"),
    }  # fmt: skip
    document = {name: value for name, value in (document | other).items() if value is not None}
    (folder / "encoder.json").write_text(json.dumps(document))


def test_a_described_model_is_loaded_under_its_own_name(folder):
    encoder = load_encoder(folder)
    assert (encoder.encoder_id, encoder.dims) == ("of-our-own:8199be6f", 384)
    assert encoder.encode(["a heist"]) == pytest.approx(load_encoder().encode(["a heist"]), abs=1e-5)


def test_texts_are_cut_at_the_described_number_of_tokens(folder):
    encoder = load_encoder(folder)
    start = " ".join(["film"] * 6)
    assert encoder.encode([f"{start} one"]).tobytes() == encoder.encode([f"{start} two"]).tobytes()


@pytest.mark.parametrize("name", ["name", "dims", "max_tokens", "model_sha256", "tokenizer_sha256"])
def test_a_missing_or_invalid_field_of_the_description_is_named(folder, name):
    describe(folder, **{name: None})
    with pytest.raises(EncoderUnavailable, match=f"{name}.*is missing.*sha256sum"):
        load_encoder(folder)
    describe(folder, **{name: 0.5})
    with pytest.raises(EncoderUnavailable, match=f"{name} is 0.5"):
        load_encoder(folder)


def test_a_description_that_is_no_json_is_refused(folder):
    (folder / "encoder.json").write_text("[]")
    with pytest.raises(EncoderUnavailable, match=r"encoder\.json: cannot be read"):
        load_encoder(folder)


def test_another_model_than_the_described_one_is_refused(folder):
    describe(folder, model_sha256="0" * 64)
    with pytest.raises(EncoderUnavailable, match="SHA-256 is"):
        load_encoder(folder).warm()


def test_vectors_of_another_length_than_described_are_refused(folder):
    describe(folder, dims=128)
    with pytest.raises(EncoderUnavailable, match=r"expected token states of 128 numbers; correct dims"):
        load_encoder(folder).encode(["a heist"])


class Tokens:
    """A tokenizer of three tokens for any text."""

    ids = (0, 7, 2)

    def encode(self, text: str) -> "Tokens":
        return self


class Session:
    """A model without an input for token types, and with more than one output."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def get_inputs(self) -> list[Any]:
        return [type("Input", (), {"name": name})() for name in ("input_ids", "attention_mask")]

    def run(self, outputs: None, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        self.seen = set(inputs)
        return [np.arange(12, dtype=np.float32).reshape(1, 3, 4), np.zeros((1, 4), np.float32)]


def test_a_model_gets_only_the_inputs_it_declares():
    kind = OnnxModel("tiny", 4, 16, "ab" * 32, "cd" * 32)
    encoder = OnnxEncoder(ModelFiles(Path("model.onnx"), Path("tokenizer.json"), kind))
    encoder._loaded = (Tokens(), session := Session())
    vector = encoder.encode(["a heist"])[0]
    assert session.seen == {"input_ids", "attention_mask"}
    assert vector == pytest.approx(np.array([4, 5, 6, 7]) / np.linalg.norm([4, 5, 6, 7]))
