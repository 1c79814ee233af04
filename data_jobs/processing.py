"""Make a catalogue's features in an Amazon SageMaker Processing job: the code of ``marquee build``, in a container.

    python -m data_jobs.processing [--encoder minilm|none] [--prefix /opt/ml]

Below ``prefix`` it reads ``processing/input`` (``movielens/``, ``tmdb/``, like ``raw/`` of the bucket) and, if given,
an earlier run's results in ``processing/features``. It writes ``items.parquet`` and ``item_embeddings.parquet`` to
``processing/output``, and the reason for a failure to ``output/message``.

Source: Amazon SageMaker developer guide, "Build your own processing container", "How Amazon SageMaker Processing runs
your processing container image".
"""

import argparse
import logging
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from data_jobs.build import Order, embed, read
from data_jobs.embed_items import EMBEDDINGS_FILE
from data_jobs.items import write_items
from data_jobs.lake import raw_in
from data_jobs.report import DataError
from data_jobs.validate import Source
from services.adapters.embed.onnx import load_encoder
from services.recommender.errors import MarqueeError
from services.recommender.ports import TextEncoder

PREFIX = Path("/opt/ml")
# SageMaker keeps the first 1,024 characters of a message (DescribeProcessingJob, ExitMessage).
LONGEST_MESSAGE = 1_024
FAILED = 1

_log = logging.getLogger(__name__)


class LoggedProgress:
    """Progress as log lines, ten per step."""

    def __init__(self) -> None:
        self._last: tuple[str, int] = ("", -1)

    def advance(self, step: str, done: int, total: int | None) -> None:
        """Log a line for each tenth of a step."""
        tenth = (step, 10 * done // total if total else 0)
        if tenth != self._last:
            self._last = tenth
            _log.info("%s: %s of %s", step, f"{done:,}", f"{total:,}" if total else "?")


def run(prefix: Path, encoder: TextEncoder | None) -> int:
    """Make the features and return the number of films. Raises DataError, EncoderUnavailable, OSError."""
    folder = prefix / "processing"
    movielens, tmdb = raw_in(folder / "input")
    if movielens is None:
        raise DataError(f"{folder / 'input' / 'movielens'}: no MovieLens files; `marquee data push` uploads them")
    output, progress = folder / "output", LoggedProgress()
    with tempfile.TemporaryDirectory(prefix="marquee-processing-") as home:
        order = Order(home=Path(home), source=Source(movielens, tmdb), encoder=encoder)
        dataset, report = read(order, progress, [])
        for severity, code, count, done in report.summary():
            _log.info("%s %s: %s, %s", severity, code, f"{count:,}", done)
        write_items(dataset.films, output)
        embed(order, dataset, output, progress, folder / "features" / EMBEDDINGS_FILE)
    return len(dataset.films)


def main(arguments: Sequence[str], prefix: Path = PREFIX) -> int:
    """Run and return the exit code; errors go to the log, and to ``output/message`` for DescribeProcessingJob."""
    parser = argparse.ArgumentParser(
        prog="python -m data_jobs.processing", description="Make items.parquet and item_embeddings.parquet."
    )
    # No Bedrock model: the job has no network access.
    parser.add_argument("--encoder", choices=("minilm", "none"), default="minilm")
    parser.add_argument("--embedder-dir", type=Path, default=None)
    parser.add_argument("--prefix", type=Path, default=prefix)
    try:
        options = parser.parse_args(arguments)
    except SystemExit as error:
        _write_message(prefix, f"wrong arguments: {' '.join(arguments)}")
        return int(error.code or 0)
    try:
        films = run(options.prefix, load_encoder(options.embedder_dir) if options.encoder == "minilm" else None)
    except (MarqueeError, OSError) as error:
        _write_message(options.prefix, str(error))
        _log.error("%s", error)
        return FAILED
    except Exception as error:  # noqa: BLE001 - the outermost frame: whatever happens becomes a message
        _write_message(options.prefix, f"{type(error).__name__}: {error}; the log shows where")
        _log.exception("failed")
        return FAILED
    _log.info("done: %s films", f"{films:,}")
    return 0


def _write_message(prefix: Path, message: str) -> None:
    try:
        (prefix / "output").mkdir(parents=True, exist_ok=True)
        (prefix / "output" / "message").write_text(message[:LONGEST_MESSAGE], "utf-8")
    except OSError as error:
        _log.error("the message cannot be written: %s", error)


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    sys.exit(main(sys.argv[1:]))
