"""English names of languages by code (ISO 639-1, and "cn", TMDB's code for Cantonese)."""

_NAMES = """
aa Afar, af Afrikaans, am Amharic, ar Arabic, as Assamese, ay Aymara, az Azerbaijani, be Belarusian, bg Bulgarian,
bm Bambara, bn Bengali, bo Tibetan, br Breton, bs Bosnian, ca Catalan, cn Cantonese, cs Czech, cy Welsh, da Danish,
de German, dz Dzongkha, el Greek, en English, eo Esperanto, es Spanish, et Estonian, eu Basque, fa Persian, fi Finnish,
fo Faroese, fr French, fy Frisian, ga Irish, gd Scottish Gaelic, gl Galician, gu Gujarati, he Hebrew, hi Hindi,
hr Croatian, ht Haitian Creole, hu Hungarian, hy Armenian, id Indonesian, is Icelandic, it Italian, iu Inuktitut,
ja Japanese, ka Georgian, kk Kazakh, kl Greenlandic, km Khmer, kn Kannada, ko Korean, ku Kurdish, ky Kyrgyz, la Latin,
lb Luxembourgish, ln Lingala, lo Lao, lt Lithuanian, lv Latvian, mi Maori, mk Macedonian, ml Malayalam, mn Mongolian,
mr Marathi, ms Malay, mt Maltese, my Burmese, nb Norwegian, ne Nepali, nl Dutch, nn Norwegian, no Norwegian, pa Punjabi,
pl Polish, ps Pashto, pt Portuguese, qu Quechua, ro Romanian, ru Russian, rw Kinyarwanda, se Sami, sh Serbo-Croatian,
si Sinhala, sk Slovak, sl Slovenian, sm Samoan, so Somali, sq Albanian, sr Serbian, sv Swedish, sw Swahili, ta Tamil,
te Telugu, tg Tajik, th Thai, tl Tagalog, tr Turkish, uk Ukrainian, ur Urdu, uz Uzbek, vi Vietnamese, wo Wolof,
xh Xhosa, yi Yiddish, yo Yoruba, za Zhuang, zh Chinese, zu Zulu
"""

NAMES = {entry.split()[0]: entry.split(maxsplit=1)[1].strip() for entry in _NAMES.split(",")}


def language_name(code: str) -> str:
    """Return the English name of a code, "Spanish" for "es"; an unknown code is returned as is."""
    return NAMES.get(code, code)
