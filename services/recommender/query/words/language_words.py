"""Words for languages and countries, with their original languages (ISO 639-1, and TMDB's "cn").

Language does not distinguish English-speaking countries: "American" means English, "British" is a word of the plot.
"""

_TABLE = """
English: en: english, english language:
American: en: american, hollywood: hollywood
French: fr: french, francophone: france
German: de: german: germany
Austrian: de: austrian: austria
Italian: it: italian: italy
Spanish: es: spanish, spanish language: spain
Mexican: es: mexican: mexico
Argentine: es: argentine, argentinian, argentinean: argentina
Chilean: es: chilean: chile
Colombian: es: colombian: colombia
Portuguese: pt: portuguese: portugal
Brazilian: pt: brazilian: brazil
Japanese: ja: japanese: japan
Korean: ko: korean, south korean, k drama: korea, south korea
Chinese: zh cn: chinese, mandarin: china
Cantonese: cn zh: cantonese, hong kong: hong kong
Taiwanese: zh cn: taiwanese: taiwan
Indian: hi ta te ml bn ur kn mr pa: indian: india
Hindi: hi: hindi, bollywood:
Tamil: ta: tamil, kollywood:
Telugu: te: telugu, tollywood:
Bengali: bn: bengali:
Malayalam: ml: malayalam:
Urdu: ur: urdu:
Russian: ru: russian, soviet: russia, soviet union
Ukrainian: uk: ukrainian: ukraine
Polish: pl: polish: poland
Czech: cs: czech, czechoslovak: czech republic, czechia, czechoslovakia
Slovak: sk: slovak: slovakia
Hungarian: hu: hungarian: hungary
Romanian: ro: romanian: romania
Bulgarian: bg: bulgarian: bulgaria
Serbian: sr: serbian: serbia
Croatian: hr: croatian: croatia
Bosnian: bs: bosnian: bosnia
Yugoslav: sr hr bs sh sl mk: yugoslav, yugoslavian: yugoslavia
Greek: el: greek: greece
Turkish: tr: turkish: turkey
Swedish: sv: swedish: sweden
Danish: da: danish: denmark
Norwegian: no nb nn: norwegian: norway
Finnish: fi: finnish: finland
Icelandic: is: icelandic: iceland
Scandinavian: sv da no nb nn fi is: scandinavian, nordic: scandinavia
Dutch: nl: dutch: netherlands, the netherlands, holland
Flemish: nl: flemish:
Persian: fa: persian, iranian, farsi: iran
Arabic: ar: arabic, egyptian, lebanese: egypt, lebanon
Hebrew: he: hebrew, israeli: israel
Thai: th: thai: thailand
Vietnamese: vi: vietnamese: vietnam
Indonesian: id: indonesian: indonesia
Filipino: tl: filipino, tagalog: philippines, the philippines
Estonian: et: estonian: estonia
"""

LANGUAGES: dict[str, tuple[str, tuple[str, ...]]] = {}
"""Adjective -> display text and codes."""
COUNTRIES: dict[str, tuple[str, tuple[str, ...]]] = {}
"""Country, after "from" -> display text and codes."""

for _line in _TABLE.strip().splitlines():
    _shown, _codes, _adjectives, _names = (part.strip() for part in _line.split(":"))
    _entry = (_shown, tuple(_codes.split()))
    LANGUAGES |= dict.fromkeys(filter(None, _adjectives.split(", ")), _entry)
    COUNTRIES |= dict.fromkeys(filter(None, _names.split(", ")), _entry)
