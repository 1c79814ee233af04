"""``python -m data_jobs.evaluate.panel``: check that the panel is fair to a catalogue, for its authors."""

import argparse
import sys
from pathlib import Path

from data_jobs.evaluate.panel.check import check
from data_jobs.evaluate.panel.entry_files import FOLDER, read_panel
from data_jobs.sample.load import load_sample
from data_jobs.validate import Source, load


def main(arguments: list[str] | None = None) -> None:
    """Check a panel on a MovieLens folder or on the sample catalogue, and print the result."""
    parser = argparse.ArgumentParser(prog="python -m data_jobs.evaluate.panel", description=__doc__)
    parser.add_argument("--movielens", type=Path, help="Folder in the MovieLens layout; default: the sample.")
    parser.add_argument("--tmdb", type=Path, help="TMDB metadata of its films.")
    parser.add_argument("--panel", type=Path, default=FOLDER, help="Folder of the panel's files.")
    options = parser.parse_args(arguments)
    source = None if options.movielens is None else Source(movielens=options.movielens, tmdb=options.tmdb)
    dataset, _ = load_sample() if source is None else load(source)
    sys.stdout.writelines(f"{line}\n" for line in check(read_panel(options.panel), dataset))


if __name__ == "__main__":
    main()
