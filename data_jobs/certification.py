"""Convert age ratings to ages: "PG-13", "12A", "FSK 16" and "R" become comparable numbers."""

import re

UNKNOWN = -1
# Minimum ages. MPA (United States), BBFC (United Kingdom), FSK (Germany), Kijkwijzer (Netherlands), EIRIN (Japan),
# OFLC (Australia), CSA (France); plain numbers stand for themselves.
_AGES = {
    "g": 0, "u": 0, "al": 0, "e": 0, "tp": 0, "atp": 0, "tous publics": 0, "all": 0, "tv-y": 0, "tv-g": 0, "0+": 0,
    "uc": 0, "tv-y7": 7, "pg": 8, "pg-12": 12, "pg12": 12, "pg-13": 13, "pg13": 13, "tv-pg": 10, "tv-14": 14,
    "m": 15, "ma15+": 15, "ma 15+": 15, "r15+": 15, "r": 17, "nc-17": 18, "r18+": 18, "r18": 18, "x": 18, "tv-ma": 17,
}  # fmt: skip
_NUMBER = re.compile(r"(?:fsk|usk|csa|ab|-)?[\s-]*(\d{1,2})\s*(?:a|\+|pg)?", re.IGNORECASE)
_OLDEST = 21


def age_of(certification: str | None) -> int:
    """Return the minimum age of a certification, -1 if it is missing or unknown."""
    if not certification:
        return UNKNOWN
    text = certification.strip().lower()
    if text in _AGES:
        return _AGES[text]
    match = _NUMBER.fullmatch(text)
    return int(match[1]) if match and int(match[1]) <= _OLDEST else UNKNOWN
