"""Tags: what films share apart from people. Each is an additional row of the training matrix.

Adding side information as further rows of the same regression is collective EASE (Jeunen, Van Balen and Goethals,
"Closed-form models for collaborative filtering with side-information", RecSys 2020): even an unrated film then has
neighbours, and a score.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from data_jobs.records import Film

Tag = tuple[str, str]


def tags_of(film: Film) -> list[Tag]:
    """Return (kind, name) of each tag of a film, without duplicates: genre, keyword, cast, director, half-decade."""
    tags = [("genre", name) for name in film.genres]
    tags += [("keyword", name) for name in film.keywords]
    tags += [("cast", name) for name in film.cast]
    tags += [("director", name) for name in film.directors]
    if film.year is not None:
        tags.append(("half-decade", str(film.year // 5 * 5)))
    return list(dict.fromkeys(tags))


def tag_matrix(films: Sequence[Film | None], min_films: int) -> sp.csr_matrix:
    """Return tags x films, float32: 1 / sqrt(films that have the tag), so that every tag's row has length 1.

    Tags on fewer than ``min_films`` films are left out; None stands for an unknown film.
    """
    tags = [tags_of(film) if film is not None else [] for film in films]
    counts = Counter(tag for of_film in tags for tag in of_film)
    row_of = {tag: row for row, tag in enumerate(sorted(tag for tag, n in counts.items() if n >= min_films))}
    entries = [(row_of[tag], film) for film, of_film in enumerate(tags) for tag in of_film if tag in row_of]
    rows, columns = np.array(entries, np.int32).reshape(-1, 2).T
    sizes = np.bincount(rows, minlength=len(row_of))
    values = (1 / np.sqrt(sizes[rows])).astype(np.float32)
    return sp.csr_matrix((values, (rows, columns)), shape=(len(row_of), len(films)), dtype=np.float32)
