"""Read one record's fields: typed, cleaned and with findings, by the same rules for every format."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from data_jobs.readers.text import fold, repair, tidy
from data_jobs.report import Report
from services.recommender.domain import catalogue
from services.recommender.domain.genres import canonical
from services.recommender.query.words.into_english import TRANSLATIONS

MAX_ID = 128
_ARRAY = re.compile(r"\{([^{}:]*)\}")
_NO_GENRES = frozenset({"(no genres listed)", "unknown"})
FIRST_YEAR, LAST_YEAR = 1870, 2100
_BEFORE, _AFTER = 20, 40
"""Numbers of characters quoted before and after damage."""
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z]{2,4})?")
_POSTER = re.compile(r"/[\w./%~+:-]+|https://[\w./%~+:@,=?&-]+")
_ABSENT = frozenset({"\\n", "nan", "none", "null", "n/a", "-", "<na>", "#n/a"})
"""What programs write for a missing value; not applied to titles, since a film may have such a name."""
_ABSENT_PEOPLE = _ABSENT | {"unknown", "not available", "not given", "no data", "missing"}
"""The same for people."""
_CODES = {name.casefold(): code for code, name in catalogue.LANGUAGE_NAMES.items()} | {
    "mandarin": "zh", "farsi": "fa", "castilian": "es", "eng": "en", "fre": "fr", "fra": "fr", "ger": "de", "deu": "de",
    "spa": "es", "ita": "it", "jpn": "ja", "kor": "ko", "zho": "zh", "chi": "zh", "rus": "ru", "por": "pt", "hin": "hi",
}  # fmt: skip
_OF_MOVIES = re.compile(r"\s+(?:movies|films|features)$")
_FLOAT_ID = re.compile(r"(\d+)\.0+")
_WHOLE_ID = re.compile(r"(\d+)(?:\.0+)?")
_YEAR = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d)(?!\d)")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")
_CLOCK = re.compile(r"(\d):(\d\d)(?::\d\d)?|0(\d):(\d\d):\d\d")
_HOURS = re.compile(r"(?:PT)?(?:(\d+)\s*(?:h|hr|hours?)\.?)?\s*(?:(\d+)\s*(?:m|min|mins|minutes?)\.?)?", re.IGNORECASE)
_SUFFIX = re.compile(r",\s*(?=(?:Jr|Sr|II|III|IV)\b\.?)")  # "Arthur Rankin, Jr." is one person


def imdb_id(value: object) -> str | None:
    """Return "0113277", 113277.0, "tt0113277" or its page's address as "tt0113277"; None for anything else."""
    text = str(value).strip()
    if match := _WHOLE_ID.fullmatch(text):
        text = f"tt{match[1]}"
    elif "imdb.com/" in text and (match := catalogue.IMDB_ID.search(text)):
        text = match[0]
    return catalogue.imdb_id(catalogue.imdb_number(text))


@lru_cache(maxsize=4_096)
def known_genre(name: str) -> str | None:
    """Return the vocabulary's genre for "Dramas", "Horror Movies", or the name in one of the languages that queries may
    be in: "Krimi" is Crime.
    """
    plain = _OF_MOVIES.sub("", name.strip().lower())
    for form in (name, plain, plain.removesuffix("s"), re.sub(r"ies$", "y", plain)):
        if genre := canonical(form):
            return genre
    words = fold(name)
    named = (table[words].removesuffix(" film") for table, _ in TRANSLATIONS.values() if words in table)
    return next((genre for name in named if (genre := canonical(name))), None)


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Return the non-empty names, each once, in order."""
    return tuple(dict.fromkeys(name for name in names if name))


def decimal(value: object) -> float | None:
    """Return a number, also from "7,5" and "1,234"; None for anything else, NaN and infinity included."""
    try:
        number = math.nan if isinstance(value, bool) else float(_dotted(value))  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _dotted(value: object) -> object:
    """Return "7,5" as "7.5", "1,234" as "1234"; anything else unchanged."""
    if not isinstance(value, str) or "," not in value:
        return value
    return value.replace(",", "") if _THOUSANDS.fullmatch(value.strip()) else value.replace(",", ".")


def _split_genres(name: str) -> list[str]:
    """Split "Crime/Drama", "Mystery & Suspense", "crime drama" and "Crime film" into genres. A genre of the vocabulary
    stays whole, and a placeholder gives none.
    """
    if name in _NO_GENRES:
        return []
    if known_genre(name):
        return [name]
    parts = [part.strip() for part in re.split(r"[/&]| - ", name) if part.strip()]
    words = [word for word in name.split() if word.lower() not in ("film", "movie")]
    return words if len(parts) == 1 and words and all(map(known_genre, words)) else parts


def _split(text: str) -> list[str]:
    for separator in ("|", ";"):
        if separator in text:
            return text.split(separator)
    return re.split(r",\s*", _SUFFIX.sub(" ", text)) if "," in text else [text]


@dataclass(frozen=True, slots=True)
class Fields:
    """A record (JSON object or CSV row) and its position; ``""`` and null count as absent."""

    record: Mapping[str, object]
    file: str
    line: int
    report: Report
    names: Mapping[str, str] = field(default_factory=dict)
    """The file's name for a field, if different."""

    def _raw(self, field: str) -> object:
        value = self.record.get(field)
        return None if isinstance(value, str) and (not value.strip() or value == "\\N") else value

    def _fact(self, field: str) -> object:
        """Return the value as ``_raw`` does, or None for a placeholder."""
        value = self._raw(field)
        return None if isinstance(value, str) and value.strip().lower() in _ABSENT else value

    def has(self, field: str) -> bool:
        """Return whether the field is present and not empty."""
        return self._raw(field) is not None

    def say(self, code: str, field: str, value: object = None, expected: str | None = None) -> None:
        """Report a finding about a field, under the file's name for it."""
        name = self.names.get(field, field)
        self.report.add(code, self.file, line=self.line, field=name, value=value, expected=expected)

    def _bad(self, field: str, value: object, expected: str) -> None:
        self.say("bad-value", field, value, expected)

    def clean(self, field: str, value: str) -> str:
        """Return the string repaired and tidied; a repair is reported."""
        fixed = repair(value)
        if fixed != value:
            start = next((at for at, (a, b) in enumerate(zip(value, fixed, strict=False)) if a != b), len(fixed))
            near = value[max(0, start - _BEFORE) : start + _AFTER]
            self.say("damaged-text", field, repr(near)[1:-1])
        return tidy(fixed)

    def text(self, field: str) -> str:
        """Return a string, "" if absent."""
        value = self._raw(field) if field == "title" else self._fact(field)
        if value is None:
            return ""
        if isinstance(value, str):
            return self.clean(field, value)
        self._bad(field, value, "a string")
        return ""

    def key(self, field: str) -> str | None:
        """Return an id from a string or whole number; None if absent or unusable (reported as an error)."""
        value = self._raw(field)
        if value is None:
            self.say("missing-value", field, expected="an id")
            return None
        text = str(value).strip()
        if match := _FLOAT_ID.fullmatch(text):
            self.say("id-form", field, text, match[1])
            return match[1]
        simple = isinstance(value, str | int) and not isinstance(value, bool)
        if simple and len(text) <= MAX_ID and text.isprintable():
            return text
        expected = f"a string or whole number, at most {MAX_ID} printable characters"
        self.say("bad-id", field, value, expected)
        return None

    def number(self, field: str, low: float, high: float) -> float | None:
        """Return a finite number in [low, high], None if absent."""
        value = self._fact(field)
        if value is None:
            return None
        number = decimal(value)
        if number is not None and low <= number <= high:
            return number
        self._bad(field, value, f"a number from {low:g} to {high:g}")
        return None

    def whole(self, field: str, low: int, high: int) -> int | None:
        """Return a whole number in [low, high], None if absent; 7.0 is 7."""
        number = self.number(field, low, high)
        if number is None or number.is_integer():
            return None if number is None else int(number)
        self._bad(field, self._raw(field), "a whole number")
        return None

    def year(self, field: str) -> int | None:
        """Return a year, or the one in a date of any form; None if absent."""
        value = self._fact(field)
        if isinstance(value, str) and (years := set(_YEAR.findall(value))) and not value.strip().isdecimal():
            if len(years) == 1:
                return int(years.pop())
            self._bad(field, value, "one year")
            return None
        return self.whole(field, FIRST_YEAR, LAST_YEAR)

    def minutes(self, field: str, low: float, high: float) -> int | None:
        """Return a running time in minutes, from 95, "95 min" or "1h 35m"; None if absent."""
        value = self._fact(field)
        if isinstance(value, str) and (match := _CLOCK.fullmatch(value.strip())):
            hours, minutes = (int(part) for part in match.groups() if part is not None)
            return hours * 60 + minutes or None
        if isinstance(value, str) and (match := _HOURS.fullmatch(value.strip())) and (match[1] or match[2]):
            return int(match[1] or 0) * 60 + int(match[2] or 0) or None
        return self.whole(field, int(low), int(high))

    def list_of(self, field: str) -> tuple[str, ...]:
        """Return a list of strings, or one string split at "|", else ";", else ","; also a PostgreSQL array."""
        value = self._raw(field)
        if value is None:
            return ()
        if isinstance(value, str) and (array := _ARRAY.fullmatch(value.strip())):
            return self._names(field, value, [part.strip().strip('"') for part in array[1].split(",")])
        return self._names(field, value, _split(value) if isinstance(value, str) else value)

    def _names(self, field: str, value: object, parts: object) -> tuple[str, ...]:
        if isinstance(parts, list) and all(isinstance(part, str) for part in parts):
            names = (self.clean(field, part) for part in parts)
            absent = _ABSENT_PEOPLE if field in ("director", "cast") else _ABSENT
            return unique(name for name in names if name.lower() not in absent)
        self._bad(field, value, "a list of strings")
        return ()

    def _piped(self, field: str) -> tuple[str, ...]:
        """Return the names of a list, or of one string split at "|"."""
        value = self._raw(field)
        return self._names(field, value, value.split("|") if isinstance(value, str) else value or [])

    def people(self, field: str) -> tuple[str, ...]:
        """Return the names in one string: "A & B", "A, B" and "A|B" are two people; "Arthur Rankin, Jr." is one."""
        names = [_SUFFIX.sub(" ", name) for name in self._piped(field)]
        return unique(part.strip() for name in names for part in re.split(r"\s*[,&]\s+|\s+&\s*", name))

    def genres(self, field: str = "genres") -> tuple[str, ...]:
        """Return the genres of the vocabulary; unknown ones are reported and left out."""
        return unique(self.genre(genre, field) or "" for name in self.list_of(field) for genre in _split_genres(name))

    def genre(self, name: str, field: str = "genres") -> str | None:
        """Return a genre under the vocabulary's name; an unknown one is reported."""
        genre = known_genre(name)
        if genre is None:
            self.say("unknown-genre", field, name)
        return genre

    def pattern(self, field: str, pattern: re.Pattern[str], expected: str) -> str | None:
        """Return a string that matches a pattern, None if absent or not matching."""
        value = self._fact(field)
        if value is None:
            return None
        if isinstance(value, str) and pattern.fullmatch(value.strip()):
            return value.strip()
        self._bad(field, value, expected)
        return None

    def language(self, field: str) -> str | None:
        """Return a language code, also from "EN-gb" or the English name; of several languages the first."""
        value = self._fact(field)
        if isinstance(value, str):
            first = re.split(r"[,;|/]", value)[0].strip().casefold()
            code = _CODES.get(first, first)
            if _LANGUAGE.fullmatch(code):
                return code.partition("-")[0]
        if value is not None:
            self._bad(field, value, 'a code such as "en", or a language in English')
        return None

    def poster(self, field: str) -> str | None:
        """Return TMDB's path or an https address."""
        return self.pattern(field, _POSTER, "/path.jpg or https://...")

    def imdb(self, field: str) -> str | None:
        """Return an IMDb id with its prefix."""
        value = self._fact(field)
        if value is None:
            return None
        identifier = imdb_id(value)
        if identifier is None:
            self._bad(field, value, 'an id such as "tt0113277"')
        return identifier
