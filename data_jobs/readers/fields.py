"""One record's fields, typed, cleaned and reported on: the same care for TMDB and for Marquee's own format."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from data_jobs.readers.text import repair, tidy
from data_jobs.report import Report
from services.recommender.domain.genres import canonical

MAX_ID = 128
_BEFORE, _AFTER = 20, 40
"""Characters cited around damage."""
_IMDB = re.compile(r"(?:tt)?0*(\d{1,10})")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z]{2,4})?")
_POSTER = re.compile(r"(?:/|https://)[\w./%~+:-]+")
_SUFFIX = re.compile(r",\s*(?=(?:Jr|Sr|II|III|IV)\b\.?)")  # "Arthur Rankin, Jr." is one man


def imdb_id(value: object) -> str | None:
    """ "0113277", 113277 or "tt0113277" -> "tt0113277"; None for anything else."""
    match = _IMDB.fullmatch(str(value).strip())
    return f"tt{int(match[1]):07d}" if match and int(match[1]) else None


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """The names that are not empty, each once, in order."""
    return tuple(dict.fromkeys(name for name in names if name))


@dataclass(frozen=True, slots=True)
class Fields:
    """A record (JSON object or CSV row) and where it stands; ``""`` and null are the same: absent."""

    record: Mapping[str, object]
    file: str
    line: int
    report: Report

    def _raw(self, field: str) -> object:
        value = self.record.get(field)
        return None if isinstance(value, str) and not value.strip() else value

    def _bad(self, field: str, value: object, expected: str) -> None:
        self.report.add("bad-value", self.file, line=self.line, field=field, value=value, expected=expected)

    def clean(self, field: str, value: str) -> str:
        """The string repaired and tidied; a repair is reported."""
        fixed = repair(value)
        if fixed != value:
            start = next((at for at, (a, b) in enumerate(zip(value, fixed, strict=False)) if a != b), len(fixed))
            near = value[max(0, start - _BEFORE) : start + _AFTER]
            self.report.add("damaged-text", self.file, line=self.line, field=field, value=repr(near)[1:-1])
        return tidy(fixed)

    def text(self, field: str) -> str:
        """A string, "" where absent."""
        value = self._raw(field)
        if value is None:
            return ""
        if isinstance(value, str):
            return self.clean(field, value)
        self._bad(field, value, "a string")
        return ""

    def key(self, field: str) -> str | None:
        """An id: a string or whole number; None where absent or not usable (reported as an error)."""
        value = self._raw(field)
        if value is None:
            self.report.add("missing-value", self.file, line=self.line, field=field, expected="an id")
            return None
        text = str(value).strip()
        simple = isinstance(value, str | int) and not isinstance(value, bool)
        if simple and len(text) <= MAX_ID and text.isprintable():
            return text
        expected = f"a string or whole number, at most {MAX_ID} printable characters"
        self.report.add("bad-id", self.file, line=self.line, field=field, value=value, expected=expected)
        return None

    def number(self, field: str, low: float, high: float) -> float | None:
        """A finite number in [low, high], None where absent."""
        value = self._raw(field)
        if value is None:
            return None
        try:
            number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if low <= number <= high:
            return number
        self._bad(field, value, f"a number from {low:g} to {high:g}")
        return None

    def whole(self, field: str, low: int, high: int) -> int | None:
        """A whole number in [low, high], None where absent; 7.0 is 7."""
        number = self.number(field, low, high)
        if number is None or number.is_integer():
            return None if number is None else int(number)
        self._bad(field, self._raw(field), "a whole number")
        return None

    def names(self, field: str) -> tuple[str, ...]:
        """A list of strings, or one string with "|" between them."""
        value = self._raw(field)
        if value is None:
            return ()
        parts = value.split("|") if isinstance(value, str) else value
        if isinstance(parts, list) and all(isinstance(part, str) for part in parts):
            return unique(self.clean(field, part) for part in parts)
        self._bad(field, value, "a list of strings")
        return ()

    def people(self, field: str) -> tuple[str, ...]:
        """Names in one string: "A & B", "A, B and "A|B" are two people; "Arthur Rankin, Jr." is one."""
        whole = [_SUFFIX.sub(" ", name) for name in self.names(field)]
        return unique(part.strip() for name in whole for part in re.split(r"\s*[,&]\s+|\s+&\s*", name))

    def genres(self, field: str = "genres") -> tuple[str, ...]:
        """Names of the vocabulary; others are reported and left out."""
        return unique(self.genre(name, field) or "" for name in self.names(field))

    def genre(self, name: str, field: str = "genres") -> str | None:
        """One genre by the vocabulary's name; an unknown one is reported."""
        known = canonical(name)
        if known is None:
            self.report.add("unknown-genre", self.file, line=self.line, field=field, value=name)
        return known

    def pattern(self, field: str, pattern: re.Pattern[str], expected: str) -> str | None:
        """A string of one form, None where absent or of another form."""
        value = self._raw(field)
        if value is None:
            return None
        if isinstance(value, str) and pattern.fullmatch(value.strip()):
            return value.strip()
        self._bad(field, value, expected)
        return None

    def language(self, field: str) -> str | None:
        """A language code."""
        return self.pattern(field, _LANGUAGE, 'a code such as "en"')

    def poster(self, field: str) -> str | None:
        """TMDB's path or an https address."""
        return self.pattern(field, _POSTER, "/path.jpg or https://...")

    def imdb(self, field: str) -> str | None:
        """An IMDb id with its prefix."""
        value = self._raw(field)
        if value is None:
            return None
        found = imdb_id(value)
        if found is None:
            self._bad(field, value, 'an id such as "tt0113277"')
        return found
