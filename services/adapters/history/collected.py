"""What the readers of an export add to: rows told, and rows passed over by why."""

from collections import Counter
from dataclasses import dataclass, field

from services.recommender.domain.events import EventKind
from services.recommender.domain.told import Told

SERIES, UNSEEN, EMPTY = "no film (a series or an episode)", "not watched to the end", "no title"


@dataclass(slots=True)
class Collected:
    """``account``: whose rows are taken where an export has those of several people; ``accounts``: who was met."""

    account: str | None = None
    rows: list[Told] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    accounts: set[str] = field(default_factory=set)

    def is_theirs(self, account: str) -> bool:
        """Note an account, and say whether its rows are asked for."""
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
        """A row, unless it names no film."""
        named = tuple(dict.fromkeys(title for title in titles if title))
        if named or film_ids:
            self.rows.append(Told(place, named, year, kind, value, ts_ms, film_ids))
        else:
            self.skipped[EMPTY] += 1

    def rated(
        self,
        place: str,
        titles: tuple[str, ...],
        year: int | None,
        value: float | None,
        otherwise: EventKind,
        ts_ms: int | None,
        film_ids: tuple[str, ...] = (),
    ) -> None:
        """A row that is a rating where it has stars, else something weaker."""
        kind = EventKind.RATING if value is not None else otherwise
        self.add(place, titles, year, kind, ts_ms, value=value or 1.0, film_ids=film_ids)
