"""Check that people's data match the films of the active bundle, before `users seed` stores them."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from services.cli.verb_errors import Failed, Misused

if TYPE_CHECKING:
    from data_jobs.records import Dataset
    from services.recommender.domain.bundle import Bundle

# Films come and go between a bundle and the data; below this share the data belong to another catalogue.
_LEAST_KNOWN = 0.5


def active_bundle(home: Path) -> "Bundle":
    """Return the active bundle. Raises BundleMissing if none is active, BundleDamaged."""
    from services.adapters.bundle.local import LocalBundles

    bundles = LocalBundles(home)
    return bundles.verify(bundles.pointer().version)


def check_sample(bundle: "Bundle") -> None:
    """Raise Misused unless the bundle was built from the sample catalogue with its simulated viewers."""
    from data_jobs.sample.load import SIMULATED

    if SIMULATED not in bundle.sources:
        raise Misused(
            f"{_named(bundle)}. Without inputs the sample catalogue's simulated viewers would be seeded: name the "
            "files with the bundle's people instead (--catalogue FILE --events FILE, or --movielens DIR)"
        )


def known_films(bundle: "Bundle", dataset: "Dataset") -> frozenset[str]:
    """Return the ids of the data's films that the bundle has under the same title: ids alone collide if both count
    from 1.

    Raises Failed if the data have no people, or most of their events are on films that the bundle does not have.
    """
    if not len(dataset.events):
        raise Failed(f"{', '.join(dataset.sources)}: no people in these files; also name their events (--events FILE)")
    films, titles = dataset.films, bundle.catalogue.titles
    rows = bundle.catalogue.rows_of(film.item_id for film in films).tolist()
    is_in_catalogue = [row >= 0 and titles[row] == film.title for row, film in zip(rows, films, strict=True)]
    of_known = int(np.array(is_in_catalogue, bool)[dataset.events.film].sum())
    if of_known < _LEAST_KNOWN * len(dataset.events):
        raise Failed(
            f"{_named(bundle)}, and only {of_known:,} of these {len(dataset.events):,} events are on films it has by "
            "id and title: name the files it was built from, or run `marquee build` with these"
        )
    return frozenset(film.item_id for film, is_known in zip(films, is_in_catalogue, strict=True) if is_known)


def _named(bundle: "Bundle") -> str:
    return f"bundle {bundle.version} is active, built from {', '.join(bundle.sources) or 'unknown files'}"
