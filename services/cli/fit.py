"""Whether people's data belong to the films that are served: `users seed` stores nobody where they do not."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from services.cli.failures import Failed, Misused

if TYPE_CHECKING:
    from data_jobs.records import Dataset
    from services.recommender.domain.bundle import Bundle

# Films come and go between a bundle and the data; below this the data are of another catalogue.
_LEAST_KNOWN = 0.5


def active_bundle(home: Path) -> "Bundle":
    """The bundle that people are to be served from. Raises BundleMissing if none is active, BundleDamaged."""
    from services.adapters.bundle.local import LocalBundles

    bundles = LocalBundles(home)
    return bundles.verify(bundles.pointer().version)


def check_sample(bundle: "Bundle") -> None:
    """Raise Misused unless the bundle was built from the sample catalogue with its simulated viewers."""
    from data_jobs.sample.load import SIMULATED

    if SIMULATED not in bundle.sources:
        raise Misused(
            f"{_named(bundle)}. Without options the simulated viewers of the sample catalogue would be seeded: name "
            "the files with its people instead (--catalogue FILE --events FILE, or --movielens DIR)"
        )


def known_films(bundle: "Bundle", dataset: "Dataset") -> frozenset[str]:
    """The ids of the data's films that the bundle has under the same title: ids alone meet where both count from 1.

    Raises Failed where the data have no people, or most of their events are of films that the bundle does not have.
    """
    if not len(dataset.events):
        raise Failed(f"{', '.join(dataset.sources)}: nobody is in there; name the people's events, too (--events FILE)")
    films, titles = dataset.films, bundle.catalogue.titles
    rows = bundle.catalogue.rows_of(film.item_id for film in films).tolist()
    known = [row >= 0 and titles[row] == film.title for row, film in zip(rows, films, strict=True)]
    of_known = int(np.array(known, bool)[dataset.events.film].sum())
    if of_known < _LEAST_KNOWN * len(dataset.events):
        raise Failed(
            f"{_named(bundle)}, and has the films, by id and title, of {of_known:,} of these {len(dataset.events):,} "
            "events only: name the files that it was built from, or run `marquee build` with these first"
        )
    return frozenset(film.item_id for film, is_known in zip(films, known, strict=True) if is_known)


def _named(bundle: "Bundle") -> str:
    return f"bundle {bundle.version} is active, which was built from {', '.join(bundle.sources) or 'unknown files'}"
