"""Places that a film's keywords and overview name, as keywords that it could share with other films.

Sources rarely say where a film is set, and the language does not tell Ireland from Australia. Many overviews name a
country, a people or a city, though. A keyword such as "dublin, ireland" shows which names are places, so cities
come from the catalogue itself; countries and their peoples are listed here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from data_jobs.records import Film

# Americans and the English are left out: most films are about them, and "English" is often the language.
_PEOPLES = """
afghanistan: afghan afghans, africa: african, algeria: algerian, argentina: argentine argentinian, armenia: armenian,
australia: australian aboriginal aborigine, austria: austrian viennese, belgium: belgian, bosnia: bosnian,
brazil: brazilian, bulgaria: bulgarian, cambodia: cambodian, canada: canadian, chile: chilean, china: chinese,
colombia: colombian, croatia: croatian, cuba: cuban, czech republic: czech, denmark: danish, egypt: egyptian,
ethiopia: ethiopian, finland: finnish, france: french frenchman frenchwoman, germany: german, ghana: ghanaian,
greece: greek, hawaii: hawaiian, hungary: hungarian, iceland: icelandic icelander, india: indian, indonesia: indonesian,
iran: iranian, iraq: iraqi, ireland: irish irishman irishwoman, israel: israeli, italy: italian, jamaica: jamaican,
japan: japanese, kenya: kenyan, korea: korean, lebanon: lebanese, mexico: mexican, morocco: moroccan, nepal: nepalese,
netherlands: dutch holland, new zealand: maori māori, nigeria: nigerian, norway: norwegian, pakistan: pakistani,
palestine: palestinian, paris: parisian, peru: peruvian, philippines: filipino, poland: polish, portugal: portuguese,
romania: romanian, russia: russian soviet, scotland: scottish, serbia: serbian serb, sicily: sicilian, spain: spanish,
sudan: sudanese, sweden: swedish, switzerland: swiss, syria: syrian, taiwan: taiwanese, thailand: thai, tibet: tibetan,
turkey: turkish, ukraine: ukrainian, united kingdom: british briton, vietnam: vietnamese, wales: welsh,
yugoslavia: yugoslav yugoslavian
"""
PLACE_OF_PEOPLE = {
    people: place.strip()
    for place, _, peoples in (entry.partition(":") for entry in _PEOPLES.split(","))
    for people in peoples.split()
}
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019.-][^\W\d_]+)*")
_LONGEST = 4
# What separates two words of one name, and words that begin a sentence without being part of one.
_JOINED = (" ", "-")
_BEFORE_PLACES = frozenset((
    "a", "across", "after", "around", "as", "at", "before", "between", "from", "in", "near", "of", "on", "outside",
    "the", "to", "two", "when", "while", "with",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Places:
    """``names``: of the places, lower case."""

    names: frozenset[str]

    @classmethod
    def of(cls, films: Sequence[Film]) -> Self:
        """Collect the countries of the peoples, and the places in the films' keywords."""
        names = set(PLACE_OF_PEOPLE.values())
        for film in films:
            names.update(*(_parts(keyword) for keyword in (*film.keywords, *film.tags)))
        return cls(frozenset(names))

    def named_by(self, film: Film) -> list[str]:
        """Return the places in the keywords and the overview of a film, lower case, without duplicates."""
        keywords = [keyword.strip().lower() for keyword in (*film.keywords, *film.tags)]
        places = [part for keyword in keywords for part in _parts(keyword)]
        places += [PLACE_OF_PEOPLE[word] for keyword in keywords for word in keyword.split() if word in PLACE_OF_PEOPLE]
        return list(dict.fromkeys([*places, *self._in_text(film.overview or "")]))

    def _in_text(self, text: str) -> Iterator[str]:
        """Yield the places that a text names; the longest name counts ("New York" is not York)."""
        words = list(_WORD.finditer(text))
        at = 0
        while at < len(words):
            count, place = self._at(text, words, at)
            if place:
                yield place
            at += count

    def _at(self, text: str, words: Sequence[re.Match[str]], at: int) -> tuple[int, str]:
        """Return the number of words of the place at a position and its name; 1 and "" if there is none."""
        if not words[at][0][0].isupper():
            return 1, ""
        for count in range(min(_LONGEST, len(words) - at), 0, -1):
            name = re.sub(r"['\u2019]s$", "", text[words[at].start() : words[at + count - 1].end()]).lower()
            if name in self.names and (count > 1 or not _within_name(text, words, at)):
                return count, name
        people = words[at][0].lower()
        return 1, PLACE_OF_PEOPLE.get(people) or PLACE_OF_PEOPLE.get(people.removesuffix("s"), "")


def _parts(keyword: str) -> list[str]:
    """Return the places of a keyword such as "dublin, ireland"; none of another keyword."""
    return [part.strip().lower() for part in keyword.split(", ")] if ", " in keyword else []


def _within_name(text: str, words: Sequence[re.Match[str]], at: int) -> bool:
    """Return whether a word is part of a longer name, such as Indiana Jones or Michael Jordan."""
    around = [(at - 1, at), (at, at + 1)]
    pairs = [(words[left], words[right]) for left, right in around if left >= 0 and right < len(words)]
    return any(
        first[0][0].isupper()
        and second[0][0].isupper()
        and text[first.end() : second.start()] in _JOINED
        and first[0].lower() not in _BEFORE_PLACES
        for first, second in pairs
    )
