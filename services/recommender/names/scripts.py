"""Romanisation of Cyrillic, Greek, kana and Hangul, so that "Сталкер" finds "Stalker".

Cyrillic follows BGN/PCGN without diacritics, kana Hepburn, Hangul the Revised Romanization letter by letter.
"""

# ruff: noqa: SIM905

import re

_CYRILLIC = dict(
    zip(
        "абвгґдеёєжзиіїйклмнопрстуўфхцчшщъыьэюяђјљњћџ",
        "a b v g g d e e ye zh z i i yi y k l m n o p r s t u u f kh ts ch sh shch - y -".split()
        + "e yu ya dj j lj nj c dz".split(),
        strict=True,
    )
)
_GREEK = dict(
    zip(
        "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋ",
        "a v g d e z i th i k l m n x o p r s t y f ch ps o s a e i i o y o i y".split(),
        strict=True,
    )
)
_ROWS = {
    "": "あいうえお", "k": "かきくけこ", "g": "がぎぐげご", "s": "さしすせそ", "z": "ざじずぜぞ", "t": "たちつてと",
    "d": "だぢづでど", "n": "なにぬねの", "h": "はひふへほ", "b": "ばびぶべぼ", "p": "ぱぴぷぺぽ", "m": "まみむめも",
    "r": "らりるれろ",
}  # fmt: skip
_ODD = {
    "し": "shi", "じ": "ji", "ち": "chi", "ぢ": "ji", "つ": "tsu", "づ": "zu", "ふ": "fu", "や": "ya", "ゆ": "yu",
    "よ": "yo", "わ": "wa", "を": "o", "ん": "n", "ゔ": "vu", "ぁ": "a", "ぃ": "i", "ぅ": "u", "ぇ": "e", "ぉ": "o",
    "ー": "",
}  # fmt: skip
_KANA = {kana: row + vowel for row, line in _ROWS.items() for kana, vowel in zip(line, "aiueo", strict=True)} | _ODD
_SMALL = {"ゃ": "ya", "ゅ": "yu", "ょ": "yo"}
_SOUNDS = (
    "g kk n d tt r m b pp s ss - j jj ch k t p h".split(),
    "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i".split(),
    "- k k k n n n t l k m l l l p l m p p t t ng t t k t p t".split(),
)
_CONVERTED = re.compile("[\u0370-\u04ff\u3041-\u30ff\uac00-\ud7a3]")
_LETTERS = {**_CYRILLIC, **_GREEK}
_FIRST_SYLLABLE, _FIRST_KATAKANA, _LAST_KATAKANA = 0xAC00, 0x30A1, 0x30F6
_TO_HIRAGANA = 0x60


def is_foreign(text: str) -> bool:
    """Return whether a text has letters that :func:`romanised` converts."""
    return not text.isascii() and _CONVERTED.search(text) is not None


def romanised(text: str) -> str:
    """Romanise a composed lower-case text; unknown characters are kept."""
    hiragana = "".join(_as_hiragana(char) for char in text)
    return "".join(_latin(hiragana, at) for at in range(len(hiragana)))


def _as_hiragana(char: str) -> str:
    return chr(ord(char) - _TO_HIRAGANA) if _FIRST_KATAKANA <= ord(char) <= _LAST_KATAKANA else char


def _latin(text: str, at: int) -> str:
    char, after = text[at], text[at + 1 : at + 2]
    if char == "っ":  # doubles the next consonant
        return _KANA.get(after, "")[:1]
    if char in _SMALL:
        # "き" is reduced to its consonant before it; "し", "じ" and "ち" absorb the y.
        sound = _SMALL[char]
        return sound[1:] if at and text[at - 1] in "しじちぢ" else sound
    if char in _KANA:
        return _KANA[char][:-1] if after in _SMALL else _KANA[char]
    if char in _LETTERS:
        return _LETTERS[char].replace("-", "")
    place = ord(char) - _FIRST_SYLLABLE
    if 0 <= place < 19 * 21 * 28:
        parts = (place // (21 * 28), place // 28 % 21, place % 28)
        return "".join(sounds[part] for sounds, part in zip(_SOUNDS, parts, strict=True)).replace("-", "")
    return char
