"""Function words of queries, in English: fillers, negations, comparisons.

Other languages are translated to these words first (``words.into_english``).
"""

from services.recommender.query.words import words_in

FILMS = words_in("film films movie movies flick flicks picture pictures cinema feature features")
"""Words for films in general."""

REQUEST = words_in(
    "show find search recommend recommends recommendation recommendations suggest suggestion suggestions give "
    "want watch watching see looking look please tonight evening night today weekend good great nice decent cool "
    "really very truly quite kind sort type list lists something anything some any else what which best greatest "
    "top finest favorite favourite acclaimed masterpiece masterpieces must story stories tale tales place set "
    "made released starring stars featuring directed produced called named titled need would could should let us "
    "feel fancy mood love loves loved enjoy enjoyed like likes liked similar mindless proper pure interesting amazing "
    "awesome wonderful brilliant fantastic excellent superb solid engaging worth different"
)
"""Dropped as part of the request; a title keeps them, and so does a description (``STORY_WORDS``)."""

STORY_WORDS = words_in("love night feel mood show interesting wonderful brilliant fantastic worth different")
"""Request words that often belong to a plot: dropped only next to other request words or the asker ("I love heists",
not "they fall in love").
"""

ASKERS = words_in("i we you they he she me us will would might d ll kids children")

QUALITY = words_in("best greatest top finest acclaimed masterpiece masterpieces")
"""Ask for acclaimed films, not only well-known ones."""

STOP = words_in(
    "a an the this that these those there here of in on at to into onto from by for with about over under between "
    "through during and or as than then so too also just only even if when while where who whom whose how why is "
    "are was were be been being am it its he she they them him her his hers their theirs i me my mine we our ours "
    "you your yours one ones do does did doing done has have had having can will would shall should may might "
    "must get gets got go goes going gone come comes s t re ve ll d m takes take told tell tells against becomes "
    "become not no but without out up down off all both each every more most much many few lot lots people together"
)
"""Never scored in a description: they occur in most overviews."""

ARTICLES = words_in("le la les un une el los las il lo gli der die das ein eine o os as d l de du di da del")
"""Articles and prepositions of other languages, equally uninformative in titles."""

BREAKS = words_in("but though although yet however")
"""Words that end the preceding part, as a comma does."""

NEGATIONS = ("but not", "and not", "but no", "not", "no", "with no", "without", "except for", "except", "excluding",
             "minus", "nothing with", "nothing about", "nothing", "none with", "isn t", "aren t", "don t want", "avoid",
             "anything but", "other than", "instead of", "never")  # fmt: skip
"""What follows is excluded, up to the next break."""

BEFORE_NEGATION = words_in("is are that thats s it its and or but though films film movie movies please")
"""A negation counts at the start, after a break, or after one of these; "must not slow down" is a plot."""

NOT_NEGATED = words_in("one longer more matter way escape doubt idea country exit end reason time s t")
"""After "no" and "not" these belong to a plot: "no longer", "no way out"."""

SOFTENERS = words_in("too very so really overly any much that a an the for with about involving featuring")
"""Skipped after a negation: "not too scary" means not scary."""

LIKE = (
    "something similar to", "anything similar to", "similar to", "something like", "anything like", "more like",
    "in the style of", "in the vein of", "in the spirit of", "reminds me of", "reminiscent of", "such as",
    "for fans of", "fans of", "fan of", "if i liked", "if i loved", "if you liked", "if you loved",
    "because i liked", "because i loved", "i really liked", "i really loved", "i liked", "i loved", "i enjoyed",
    "i like", "i love", "just like", "comparable to", "close to", "same vibe as", "like",
)  # fmt: skip
"""What follows is an example film, if it is a title."""

AFTER_LIKE = words_in("but only except with without though and or what so that is from in")
"""Words that may follow the title after a ``LIKE`` phrase."""

OLDER = words_in("older earlier")
NEWER = words_in("newer later recent modern")
SHORTER = words_in("shorter")
LONGER = words_in("longer")

BY = words_in("by directed director from")
WITH = words_in("with starring stars star featuring actor actress cast")
"""Words that tell whether a person directed the film or acts in it."""

NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "an": 1, "a": 1,
}  # fmt: skip
HOURS = words_in("hour hours hr hrs h")
MINUTES = words_in("minute minutes min mins")
LESS = ("less than", "shorter than", "no longer than", "no more than", "not longer than", "not more than", "at most",
        "fewer than", "up to", "under", "below", "within", "max", "maximum")  # fmt: skip
MORE = ("more than", "longer than", "at least", "no less than", "over", "above", "min", "minimum")

BEFORE = ("made before", "released before", "earlier than", "older than", "before", "until", "up to", "prior to", "pre")
AFTER = ("made after", "released after", "later than", "newer than", "after", "since", "from", "post")
DECADE_NAMES = {
    "twenties": 1920, "thirties": 1930, "forties": 1940, "fifties": 1950, "sixties": 1960, "seventies": 1970,
    "eighties": 1980, "nineties": 1990, "noughties": 2000,
}  # fmt: skip
OLD = words_in("old classic classics vintage")
RECENT = words_in("recent new newest latest modern contemporary")

KIN = words_in("brothers bros sisters brother")
"""After a last name: directors of one family."""

_ALL = (
    FILMS, REQUEST, STOP, BREAKS, NEGATIONS, LIKE, AFTER_LIKE, OLDER, NEWER, SHORTER, LONGER, BY, WITH, NUMBERS, HOURS,
    MINUTES, LESS, MORE, BEFORE, AFTER, DECADE_NAMES, OLD, RECENT, KIN,
)  # fmt: skip
KNOWN = frozenset(word for phrases in _ALL for phrase in phrases for word in phrase.split())
"""All of the above: never treated as typing errors."""
