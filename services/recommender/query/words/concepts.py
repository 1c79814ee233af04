"""English words for kinds of film: genres, moods, audiences and forms, with their predicates on films.

Entries are singular and folded; callers reduce "comedies" to "comedy" before the look-up.
"""

from dataclasses import dataclass, replace

from services.recommender.domain.request import ConditionKind
from services.recommender.query.demands import AllOf, Demand, HasFacts, Keywords, Not, OneOf, Suitable, genre
from services.recommender.query.words.language_words import LANGUAGES


@dataclass(frozen=True, slots=True)
class QueryConcept:
    """``text``: as displayed. ``stays``: its words may also describe the plot, so they are searched for, too.
    ``beside``: the words have this meaning only next to words like "film", another concept, a language or a period.
    ``keywords``: films with one of them come first. ``denied``: the films that its negation excludes, if they are not
    those of ``demand``.
    """

    text: str
    kind: ConditionKind
    demand: Demand
    stays: bool = False
    beside: bool = False
    keywords: tuple[str, ...] = ()
    denied: Demand | None = None


_GENRE, _MOOD, _FORM, _AUDIENCE = (
    ConditionKind.GENRE, ConditionKind.MOOD, ConditionKind.FORM, ConditionKind.AUDIENCE,
)  # fmt: skip

_GENRES = {
    "Action": "action, actioner, action packed",
    "Adventure": "adventure, swashbuckler, swashbuckling",
    "Animation": "animation, animated, cartoon, animated cartoon",
    "Comedy": "comedy, comic, humour, humor, comical",
    "Crime": "crime, gangster, mafia, mob, noir crime",
    "Documentary": "documentary, docu, doc, documentary feature",
    "Drama": "drama, dramatic",
    "Fantasy": "fantasy",
    "History": "historical, history, period, period piece, costume drama, period drama",
    "Horror": "horror, slasher",
    "Music": "music, concert",
    "Mystery": "mystery, whodunit, whodunnit, murder mystery, detective",
    "Romance": "romance, romantic, love story, love film, love movie, romantic love",
    "Science Fiction": "science fiction, sci fi, scifi, sf, space opera",
    "Thriller": "thriller, suspense, suspenseful",
    "War": "war, military",
    "Western": "western, cowboy",
}
_STAY = frozenset(
    ("slasher", "gangster", "mafia", "mob", "concert", "military", "detective", "space opera", "cowboy", "love story",
     "whodunit", "whodunnit", "murder mystery", "swashbuckler", "swashbuckling")
)  # fmt: skip
_BESIDE = frozenset(
    ("crime", "gangster", "mafia", "mob", "history", "period", "music", "concert", "mystery", "detective", "war",
     "military", "western", "cowboy", "action", "adventure", "fantasy", "comic", "humour", "humor", "dramatic",
     "suspense", "doc", "love story", "cartoon", "romance")
)  # fmt: skip

_NO_FEAR = Not(genre("Horror"))
_GENTLE = Not(genre("Horror", "War", "Crime", "Thriller"))
_FEEL_GOOD = AllOf((genre("Comedy", "Family", "Romance", "Music", "Musical", "Animation"), _GENTLE))

# Most dramas are not sad: who wants nothing sad excludes the films that are called so, and horror.
_SAD = ("tearjerker", "sad", "bittersweet", "tragedy", "melancholy", "melancholic")
_SADDEST = ("depressing", "bleak", "grim", "hopeless", "hopelessness", "depression", "suicide")

# Keywords of films that are embarrassing to watch with older relatives.
_INDECENT = (
    "sex", "sex comedy", "sexuality", "sexual humor", "nudity", "female nudity", "male nudity", "erotic", "eroticism",
    "erotic thriller", "bdsm", "sadomasochism", "drug", "drugs", "drug use", "stoner", "hangover", "bachelor party",
    "raunchy comedy", "gross out", "gross out comedy", "crude humor", "vulgar", "vulgarity", "profanity", "prostitute",
    "stripper", "virgin", "virginity", "teen sex comedy", "spoof", "suicide", "violence", "gore",
)  # fmt: skip

# Keywords that make any film a dark comedy; without them, a comedy with dark elements that is not for children is one.
_DARK_COMEDY = ("dark comedy", "black comedy", "dark humor", "black humor")

# Keywords of films that are spooky without being horror films.
_SPOOKS = (
    "ghost", "ghosts", "haunted house", "haunting", "halloween", "witch", "witches", "vampire", "werewolf", "monster",
    "mummy", "skeleton", "undead",
)  # fmt: skip

# Keywords of films that a chick flick is like.
_OF_WOMEN = ("chick flick", "female friendship", "wedding", "bridesmaid", "bachelorette party")

# Keywords that viewers give to films for what they are like, not for what happens in them.
_STRANGE = ("weird", "surreal", "surrealism", "quirky", "bizarre", "absurd", "strange", "offbeat", "avant garde",
            "dreamlike", "experimental")  # fmt: skip
_THOUGHTFUL = ("thought-provoking", "thought provoking", "intelligent", "philosophical", "philosophy", "cerebral",
               "psychological", "complex", "clever")  # fmt: skip
_BEAUTIFUL = ("visually appealing", "visually stunning", "beautiful", "cinematography", "beautifully filmed",
              "beautiful scenery", "beautiful cinematography")  # fmt: skip

_CALM = QueryConcept(
    "Calm", _MOOD, Not(genre("Horror", "Action", "Thriller", "War", "Crime")),
    keywords=("slow", "meditative", "atmospheric", "calm"),
)  # fmt: skip


def _genres() -> dict[str, QueryConcept]:
    concepts = {}
    for name, words in _GENRES.items():
        for word in words.split(", "):
            concepts[word] = QueryConcept(name, _GENRE, genre(name), word in _STAY, word in _BESIDE)
    return concepts


def _each(words: str, concept: QueryConcept) -> dict[str, QueryConcept]:
    return dict.fromkeys(words.split(", "), concept)


CONCEPTS: dict[str, QueryConcept] = {
    **_genres(),
    **_each("romantic comedy, rom com, romcom, romcoms, comedy romance",
            QueryConcept("Romantic comedy", _GENRE, AllOf((genre("Romance"), genre("Comedy"), _NO_FEAR)))),
    **_each("musical", QueryConcept("Musical", _GENRE, OneOf((genre("Musical"), Keywords(("musical",)))))),
    **_each("film noir, noir, neo noir",
            QueryConcept("Film noir", _GENRE,
                    OneOf((genre("Film-Noir"), Keywords(("film noir", "neo-noir", "noir")))))),
    **_each("anime", QueryConcept("Anime", _GENRE,
            OneOf((AllOf((genre("Animation"), HasFacts(languages=("ja",)))), Keywords(("anime",)))))),
    **_each("spaghetti western, italian western", QueryConcept("Spaghetti western", _GENRE,
            OneOf((Keywords(("spaghetti western",)), AllOf((genre("Western"), HasFacts(languages=("it",)))))))),
    **_each("dark comedy, black comedy, dark humor, dark humour, black humor, black humour",
            QueryConcept("Dark comedy", _GENRE, OneOf((Keywords(_DARK_COMEDY), AllOf((
                genre("Comedy"), genre("Crime", "Horror", "Thriller"), Not(genre("Animation", "Family")))))),
                    keywords=("dark comedy", "black comedy", "dark humor", "black humor", "satire"))),
    **_each("tv movie, television film, tv film, made for tv", QueryConcept("TV film", _GENRE, genre("TV Movie"))),
    **_each("biopic, biographical", QueryConcept("Biopic", _GENRE,
            Keywords(("biography", "biopic", "biographical", "based on true story")))),
    **_each("family, family friendly", QueryConcept("Family", _GENRE, AllOf((genre("Family"), Suitable())),
                                               beside=True)),
    **_each("funny, hilarious, funniest, laugh, make me laugh, make us laugh, laugh out loud, funnier, witty",
            QueryConcept("Funny", _MOOD, genre("Comedy"))),
    **_each("scary, scariest, frightening, creepy, terrifying, scare, scarier",
            QueryConcept("Scary", _MOOD, genre("Horror"))),
    **_each("spooky, spookier, spookiest, eerie, ghostly",
            QueryConcept("Spooky", _MOOD, OneOf((genre("Horror"),
                    AllOf((genre("Family", "Animation"), Keywords(_SPOOKS))))), keywords=_SPOOKS)),
    **_each("feel good, feelgood, heartwarming, heart warming, cheerful, light hearted, lighthearted, "
            "comforting, comfort, cheer me up, charming, happy, wholesome",
            QueryConcept("Feel-good", _MOOD, _FEEL_GOOD,
                    keywords=("feel good", "feel-good", "heartwarming", "uplifting", "cheerful"))),
    **_each("fun, entertaining, easy watching, easy to watch, popcorn, crowd pleaser, crowd pleasing",
            QueryConcept("Fun", _MOOD, AllOf((
                genre("Comedy", "Adventure", "Action", "Animation", "Family", "Musical"),
                Not(genre("Horror", "War", "Drama", "Documentary")))), beside=True,
                    keywords=("fun", "entertaining", "fun movie", "feel-good", "funny"))),
    **_each("weird, strange, bizarre, quirky, offbeat, off beat, surreal, unusual",
            QueryConcept("Strange", _MOOD, Keywords(_STRANGE), beside=True, keywords=_STRANGE)),
    **_each("smart, clever, intelligent, cerebral, thoughtful, thought provoking",
            QueryConcept("Thoughtful", _MOOD, AllOf((_NO_FEAR, OneOf((
                Keywords(_THOUGHTFUL),
                AllOf((genre("Drama", "Mystery", "Science Fiction", "Documentary"),
                       Not(genre("Action", "Family", "Animation")))))))), beside=True, keywords=_THOUGHTFUL)),
    **_each("beautiful, gorgeous, stunning, visually stunning, beautifully shot, beautiful looking",
            QueryConcept("Beautiful to look at", _MOOD, Keywords(_BEAUTIFUL), beside=True, keywords=_BEAUTIFUL)),
    **_each("light, easy going, easygoing",
            QueryConcept("Light", _MOOD, AllOf((
                genre("Comedy", "Family", "Animation", "Musical"),
                Not(genre("Horror", "War", "Crime", "Thriller", "Drama", "Action")))), beside=True)),
    **_each("cosy, cozy, cosier, cozier",
            QueryConcept("Cosy", _MOOD, OneOf((
                _FEEL_GOOD,
                # A body in the library is cosy; one in a thriller is not.
                AllOf((genre("Mystery"), Not(genre("Horror", "War", "Thriller", "Action", "Science Fiction")))))),
                keywords=("feel good", "feel-good", "heartwarming", "whodunit", "cheerful"))),
    **_each("uplifting, inspiring, inspirational, life affirming, hopeful",
            QueryConcept("Uplifting", _MOOD,
                    AllOf((genre("Drama", "Comedy", "Family", "Music", "Documentary"), _GENTLE)),
                    keywords=("inspirational", "uplifting", "inspiring", "heartwarming", "feel-good"))),
    **_each("sad, saddest, tearjerker, tear jerker, heartbreaking, makes me cry, make me cry, makes you cry, tragic, "
            "depressing, bittersweet, melancholic, melancholy, sadder, good cry, weepie, weepy, weepies",
            QueryConcept("Sad", _MOOD, AllOf((genre("Drama"), Not(genre("Horror", "Action")))),
                    keywords=(*_SAD, "touching", "emotional"),
                    denied=OneOf((genre("Horror"), Keywords(_SAD + _SADDEST))))),
    **_each("raunchy, vulgar, crude, gross out",
            QueryConcept("Raunchy", _MOOD, AllOf((genre("Comedy"), Keywords(_INDECENT))), beside=True,
                    keywords=("raunchy comedy", "gross out comedy", "crude humor", "sex comedy"))),
    **_each("calm, calmer, relaxing, gentle, peaceful, slow paced, meditative, contemplative", _CALM),
    **_each("slow, quiet", replace(_CALM, beside=True)),
    **_each("mind bending, mindbending, mind blowing, mindfuck, mind bender, trippy, mind twisting",
            QueryConcept("Mind-bending", _MOOD, OneOf((
                genre("Science Fiction", "Mystery", "Thriller", "Fantasy"),
                Keywords(("mindfuck", "twist ending", "surreal", "mind-bending", "psychological")))),
                keywords=("mindfuck", "twist ending", "mind-bending", "surreal", "psychological", "nonlinear",
                          "dreamlike", "alternate reality", "hallucinatory", "thought-provoking"))),
    **_each("exciting, thrilling, fast paced, adrenaline, explosive",
            QueryConcept("Exciting", _MOOD, genre("Action", "Adventure", "Thriller"))),
    **_each("tense, gripping, edge of my seat, nail biting",
            QueryConcept("Tense", _MOOD, genre("Thriller", "Mystery", "Horror"))),
    **_each("chick flick, girl night, girls night, girl night in, girls night in, girl night out, girls night out",
            QueryConcept("Chick flick", _GENRE, AllOf((
                OneOf((AllOf((genre("Romance"), genre("Comedy"))), Keywords(_OF_WOMEN))), _GENTLE,
                Not(genre("Animation", "Family", "Action", "Adventure", "Science Fiction", "Fantasy")))),
                    keywords=_OF_WOMEN)),
    **_each("date night, date, night in for two", QueryConcept("Romantic", _MOOD, AllOf((genre("Romance"), _GENTLE)),
                                                          beside=True)),
    **_each("black and white, black white, in black and white", QueryConcept("Black and white", _FORM,
            OneOf((Keywords(("black and white", "black & white", "b&w")), HasFacts(year_to=1945))))),
    **_each("silent, silent film, silent movie, silent era", QueryConcept("Silent", _FORM,
            OneOf((Keywords(("silent film", "silent movie", "silent")), HasFacts(year_to=1928))), beside=True)),
    **_each("animated short, animated short film", QueryConcept("Animated short", _FORM,
            AllOf((genre("Animation"), HasFacts(runtime_to=40))))),
    **_each("family drama, family saga", QueryConcept("Drama", _GENRE, genre("Drama"), stays=True)),
    **_each("foreign, foreign language, non english", QueryConcept("Foreign", _FORM,
            HasFacts(languages=tuple(sorted({code for _, codes in LANGUAGES.values() for code in codes} - {"en"}))),
            beside=True)),
    **_each("long film, long movie", QueryConcept("Long", _FORM, HasFacts(runtime_from=150))),
    **_each("short film, short movie, short", QueryConcept("Short film", _FORM, HasFacts(runtime_to=40), beside=True)),
    **_each("based on a true story, true story, based on real events, based on true events, real story, true events",
            QueryConcept("True story", _FORM, OneOf((
                Keywords(("based on true story", "true story", "based on a true story", "biography", "historical event",
                          "historical figure", "true events")), genre("History"))),
                keywords=("based on true story", "true story", "based on a true story", "biography"))),
}  # fmt: skip
"""Kinds of film by their words."""

CONCEPT_WORDS = frozenset(word for words in CONCEPTS for word in words.split())
"""Their single words: "dark" of "dark comedy" is not a typing error, even if no film has the word."""

AUDIENCES: dict[str, QueryConcept] = {
    **_each("kid, child, children, little one, toddler, preschooler, grandchild, grandkid, son, daughter, niece, "
            "nephew",
            QueryConcept("For children", _AUDIENCE, Suitable())),
    **_each("family, whole family, entire family, all the family, all age",
            QueryConcept("For the family", _AUDIENCE, Suitable())),
    **_each("adult, grown up, grownup", QueryConcept("For adults", _AUDIENCE, Not(genre("Family")))),
}  # fmt: skip
"""Audiences by words after "for", "my" or "for my", or before "film"."""

COMPANY: dict[str, QueryConcept] = {
    **_each("girlfriend, boyfriend, wife, husband, partner, fiance, fiancee, spouse, date, crush",
            QueryConcept("For two", _AUDIENCE, AllOf((genre("Romance"), _GENTLE, Not(genre("Animation", "Family")))))),
    **_each("parent, mum, mom, mother, dad, father",
            QueryConcept("For parents", _AUDIENCE, AllOf((_NO_FEAR, Not(Keywords(_INDECENT)))))),
    **_each(
    "grandma, grandmother, granny, gran, nan, nana, grandpa, grandfather, grandad, granddad, grandparent, "
    "great aunt, elderly mother, elderly father, elderly parent",
    QueryConcept("For grandparents", _AUDIENCE, AllOf((
        OneOf((genre("Romance", "Music", "Musical", "Family"), Keywords(("heartwarming", "feel good", "feel-good")),
               AllOf((genre("Comedy", "Drama"), HasFacts(year_to=1969))))),
        Not(genre("Horror", "War", "Crime", "Thriller", "Action", "Science Fiction")),
        Not(Keywords(_INDECENT)))),
        keywords=("feel good", "heartwarming", "feel-good", "uplifting", "charming"))),
}  # fmt: skip
"""Audiences after "for my" or "with my", or before "would enjoy": "about my grandmother" tells a plot."""
