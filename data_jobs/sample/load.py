"""Read the sample catalogue, for a first try without your own data."""

from dataclasses import replace
from pathlib import Path

from data_jobs.records import Dataset
from data_jobs.report import Progress, Report, Silent
from data_jobs.sample.simulate import simulate
from data_jobs.validate import load_own

SIMULATED = "simulated viewers"
_SILENT = Silent()


def sample_files() -> list[Path]:
    """Return the catalogue's files in order."""
    return sorted(Path(__file__).parent.glob("films_*.jsonl"))


def load_sample(progress: Progress = _SILENT) -> tuple[Dataset, Report]:
    """Return the sample films with *simulated* events; ``sources`` says so. Raises DataError if the files are
    damaged.
    """
    catalogue, report = load_own(sample_files(), progress=progress)
    progress.advance("simulating viewers", 0, None)
    events = simulate(catalogue.films)
    progress.advance("simulating viewers", len(events), len(events))
    return replace(catalogue, events=events, sources=(*catalogue.sources, SIMULATED)), report
