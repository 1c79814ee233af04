r"""Repair damaged text if the right reading is certain, and clean it if not.

The usual damage is UTF-8 decoded as Windows-1252: "AmÃ©lie", "donâ€™t". Undoing it is safe only if the bytes are
valid UTF-8 *and* the characters are unlikely to be adjacent in intact text: an "É" before a closing quote is as valid
a byte pair as "Ã©" is, but it is French. Hence the narrow patterns below.
"""
# ruff: noqa: RUF001 (characters that look like others are what this module is about)

import html
import re
import unicodedata


def _byte_of() -> dict[str, int]:
    """Return character -> Windows-1252 byte; the five undefined bytes are the C1 controls, as in browsers."""
    table = {chr(code): code for code in range(0x80, 0x100)}
    for code in range(0x80, 0xA0):
        char = bytes([code]).decode("cp1252", "ignore")
        if char:
            table[char] = code
    return table


_BYTE = _byte_of()
_CONTINUATION = "[" + re.escape("".join(char for char, code in _BYTE.items() if code < 0xC0)) + "]"
_SEQUENCE = rf"(?:[Â-ß]{_CONTINUATION}|[à-ï]{_CONTINUATION}{{2}}|[ð-ô]{_CONTINUATION}{{3}})"
_MOJIBAKE = re.compile(
    rf"{_SEQUENCE}{{2,}}"  # several in a row: intact text never looks like this
    rf"|â€{_CONTINUATION}|â‚¬|â„¢"  # quotes, dashes, the euro, the trade mark
    # "Ã©" alone, but not after a capital: "AMANHÃ”" ends a Portuguese quotation
    rf"|(?<![A-ZÀ-Þ])(?:Ã{_CONTINUATION}|Â[\xa0-\xbf])"
)
_LOST_QUOTE = re.compile(rf"â€(?!{_CONTINUATION})")  # the third byte of ” is undefined in Windows-1252 and got lost
_C1 = re.compile("[\x80-\x9f]")
_ENTITY = re.compile(
    r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{2,6}|#[xX][0-9a-fA-F]{2,5}"
    r"|[A-Za-z]{1,7}(?:acute|grave|circ|uml|tilde|cedil|slash|ring|lig));"
)
_LOST_APOSTROPHE = re.compile(r"(?<=[A-Za-z])(?:\ufffd+|(?<=[a-z])\?)(?=(?:s|t|re|ve|ll)\b(?![=/&]))")
# The joiners U+200C and U+200D are meaningful in Persian and in Indic scripts, and stay.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f\xad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufffd\ud800-\udfff]"
)


def _decode(match: re.Match[str]) -> str:
    try:
        return bytes(_BYTE[char] for char in match[0]).decode("utf-8")
    except UnicodeDecodeError:
        return match[0]


def _entity(match: re.Match[str]) -> str:
    return html.unescape(match[0])


def _windows(match: re.Match[str]) -> str:
    return match[0].encode("latin-1").decode("cp1252", "ignore")


def repair(text: str) -> str:
    r"""Return ``text`` without damage; intact text is unchanged, and so is repaired text.

    Mojibake is decoded, as often as it was applied; HTML entities ("&amp;", "&#39;") are decoded; C1 controls are
    read as Windows-1252; a lost apostrophe ("Jimmy?s") is restored; U+FFFD, lone surrogates, control, direction and
    zero-width characters are removed.
    """
    if text.isascii() and "?" not in text and "&" not in text and text.isprintable():
        return text
    while True:
        fixed = _MOJIBAKE.sub(_decode, _ENTITY.sub(_entity, text))
        fixed = _LOST_QUOTE.sub("”", fixed)
        fixed = _C1.sub(_windows, fixed)
        fixed = _LOST_APOSTROPHE.sub("’", fixed)
        fixed = _UNSEEN.sub("", fixed)
        if fixed == text:
            return text
        text = fixed  # every step shortens the text or removes a suspect character, so this ends


def tidy(text: str) -> str:
    """Collapse white space to single blanks and compose characters (NFC)."""
    squeezed = " ".join(text.split())
    return squeezed if squeezed.isascii() else unicodedata.normalize("NFC", squeezed)


def fold(text: str) -> str:
    """Fold for comparing names: lower case, no accents, letters and digits only, single blanks."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.findall(r"\w+", "".join(char for char in plain if not unicodedata.combining(char))))
