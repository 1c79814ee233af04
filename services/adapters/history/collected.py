"""Rows collected from an export, and numbers of skipped rows by reason."""

from collections import Counter
from dataclasses import dataclass, field

from services.recommender.domain.history import EventKind
from services.recommender.domain.imported_history import ImportedRow

SERIES, UNSEEN, EMPTY = "not a film (a series or an episode)", "not watched to the end", "no title"
MAX_TITLE = 500
NO_OPINION = "hidden, commented or of no interest"


@dataclass(slots=True)
class Collected:
    """``account``: the one to import if an export has several; ``accounts``: all those encountered."""

    account: str | None = None
    rows: list[ImportedRow] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    accounts: set[str] = field(default_factory=set)

    def includes(self, account: str) -> bool:
        """Record an account, and return whether its rows are to be imported."""
        account = _without_surrogates(account)
        if account:
            self.accounts.add(account)
        return self.account is None or account.casefold() == self.account.casefold()

    def add(
        self,
        place: str,
        titles: tuple[str, ...],
        year: int | None,
        kind: EventKind,
        ts_ms: int | None = None,
        *,
        value: float = 1.0,
        film_ids: tuple[str, ...] = (),
    ) -> None:
        """Add a row, unless it names no film."""
        names = tuple(dict.fromkeys(_without_surrogates(title[:MAX_TITLE]) for title in titles if title))
        if names or film_ids:
            self.rows.append(ImportedRow(place, names, year, kind, value, ts_ms, film_ids))
        else:
            self.skipped[EMPTY] += 1

    def add_rating(
        self,
        place: str,
        titles: tuple[str, ...],
        year: int | None,
        value: float | None,
        otherwise: EventKind,
        ts_ms: int | None,
        film_ids: tuple[str, ...] = (),
    ) -> None:
        """Add a rating if the row has stars, else an event of the kind ``otherwise``."""
        kind = EventKind.RATING if value is not None else otherwise
        self.add(place, titles, year, kind, ts_ms, value=value or 1.0, film_ids=film_ids)


def _without_surrogates(text: str) -> str:
    """Replace lone surrogates, which JSON may contain but UTF-8 cannot encode."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
