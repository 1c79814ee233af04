"""Make a film's document: the same texts and names as in the embedded index, and the facts for filters."""

import json
from typing import Any

import numpy as np

from services.adapters.search.analyser import normal, other_names
from services.recommender.domain.bundle import Bundle
from services.recommender.domain.genres import from_mask

# Vector components are rounded to a millionth: a cosine changes by less than 1e-5, and the requests are half as long.
_DECIMALS = 6


def document(bundle: Bundle, row: int) -> dict[str, Any]:
    """Return the document of one film, without empty fields."""
    catalogue = bundle.catalogue
    fields: dict[str, Any] = {"title": catalogue.titles[row], **_texts(bundle, row)}
    fields["year"] = int(catalogue.years[row]) if catalogue.years[row] > 0 else None
    fields["runtime"] = int(catalogue.runtimes[row]) if catalogue.runtimes[row] > 0 else None
    if catalogue.language_codes[row] >= 0:
        fields["language"] = catalogue.languages[catalogue.language_codes[row]]
    fields["embedding"] = _vector(bundle, row)
    always = {"row": row, "item_id": catalogue.item_ids[row], "votes": int(catalogue.votes[row])}
    return always | {name: _normal(value) for name, value in fields.items() if value}


def _texts(bundle: Bundle, row: int) -> dict[str, Any]:
    title, details = bundle.catalogue.titles[row], json.loads(bundle.catalogue.details[row])
    directors, aka = details.get("directors", []), details.get("aka", [])
    return {
        "other_names": [*other_names(title), *aka],
        "overview": details.get("overview", ""),
        "genres": list(from_mask(int(bundle.catalogue.genre_bits[row]))),
        "keywords": list(dict.fromkeys((*details.get("keywords", []), *details.get("tags", [])))),
        "directors": directors,
        "people": list(dict.fromkeys((*directors, *details.get("cast", [])))),
        "aka": aka,
    }


def _vector(bundle: Bundle, row: int) -> list[float] | None:
    """Return the unit vector of a film; None if it has none: an index of cosines would refuse zeros."""
    embeddings = bundle.embeddings
    if embeddings is None or embeddings.scales[row] <= 0:
        return None
    vector = embeddings.rows(np.array([row]))[0].astype(np.float64)
    parts: list[float] = np.round(vector / np.linalg.norm(vector), _DECIMALS).tolist()
    return parts


def _normal(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, str):
        return normal(value)
    if isinstance(value, list) and value and isinstance(value[0], str):
        return [normal(each) for each in value]
    return value
