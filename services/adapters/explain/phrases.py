"""Sentence forms by the shape of their evidence, and the shape of a reason, recognised by the start of its text.

Each form says only what its reason says: "liked" only if the reason does, "well known" only if it says popular.
``{title}`` is the film itself, ``{film}`` one of the person's, ``{thing}`` the film described by a trait.
"""

from services.recommender.domain.request import Reason, ReasonKind

# Reason text -> shape. The first match counts.
_BEGINNINGS = (
    (ReasonKind.LIKED, "Because you liked", "liked"),
    (ReasonKind.LIKED, "Because you watched", "watched"),
    (ReasonKind.LIKED, "Because you looked at", "looked"),
    (ReasonKind.LIKED, "Close to what you like", "taste"),
    (ReasonKind.LIKED, "Liked by the same people", "same people"),
    (ReasonKind.KEYWORD, "A similar story", "story"),
    (ReasonKind.GENRE, "Closest of the remaining films", "left"),
    (ReasonKind.DIRECTOR, "Also", "also director"),
    (ReasonKind.CAST, "Also", "also cast"),
    (ReasonKind.KEYWORD, "Also", "also keyword"),
    (ReasonKind.SERIES, "Also", "also series"),
    (ReasonKind.GENRE, "Also", "also genre"),
    (ReasonKind.DECADE, "Also", "also decade"),
    (ReasonKind.LANGUAGE, "Also", "also language"),
)
# "From the 1990s and 2000s, like films you liked" needs forms of its own, as a film is from only one of them.
_ERA = ", like films you liked"


def shape_of(reason: Reason) -> str:
    """Return the shape of a reason: its kind, or a finer one by its text."""
    for kind, begins, shape in _BEGINNINGS:
        if reason.kind is kind and reason.text.startswith(begins):
            return shape
    if reason.kind is ReasonKind.DECADE and reason.text.endswith(_ERA):
        return "era"
    return reason.kind.value


_LIKED = (
    "You liked {film}, and this one is close to it",
    "{title} is a short step from {film}, which you liked",
    "Having liked {film}, you may well enjoy this one",
    "Because you liked {film}, {title} is a good bet for you",
    "{film} is among the films you liked, and this is near to it",
    "Your liking for {film} points to {title}",
    "Start from {film}, which you liked, and {title} is not far",
    "If you are in the mood for more like {film}, which you liked, try this",
    "It sits close to {film}, which you liked",
)
_WATCHED = (
    "You watched {film}, and this one is close to it",
    "After {film}, which you watched, {title} is not far",
    "It is near to {film}, which you watched",
    "{title} is a short step from {film}, which you watched",
)
_LOOKED = (
    "You looked at {film}, and this one is close to it",
    "It is near to {film}, which you looked at",
    "{title} is a short step from {film}, which you looked at",
)
BOTH_LIKED = (
    "You liked {film} and {other}, and this one is close to both",
    "{film} and {other}, which you liked, both point to {title}",
    "It falls between {film} and {other}, both of which you liked",
    "Someone who liked {film} and {other}, as you did, may well like {title}",
    "It is near to both {film} and {other}, which you liked",
    "Having liked {film} as well as {other}, you may well enjoy this one",
    "What you liked, {film} and {other} above all, leads to {title}",
)
LIKED_AND_TRAIT = {
    "liked": (
        "You liked {film}; here is {thing} that is close to it",
        "{thing}, and close to {film}, which you liked",
        "{title} is {thing}, not far from {film}, which you liked",
        "Close to {film}, which you liked, and {thing} besides",
        "Someone who liked {film}, as you did, may well like this: {thing}",
        "As you liked {film}, here is {thing} to follow it with",
        "Here is {thing} for you, a short step from {film}, which you liked",
    ),
    "watched": (
        "You watched {film}; here is {thing} that is close to it",
        "{thing}, and close to {film}, which you watched",
    ),
    "looked": (
        "You looked at {film}; here is {thing} that is close to it",
        "{thing}, and close to {film}, which you looked at",
    ),
}
# For a genre or a decade, which say less than a film: every other form leaves the trait out.
ONE_LIKED = tuple(form for pair in zip(LIKED_AND_TRAIT["liked"], _LIKED, strict=False) for form in pair)
TWO_LIKED = tuple(form for pair in zip(LIKED_AND_TRAIT["liked"], BOTH_LIKED, strict=True) for form in pair)
OF_TASTE = (
    "It is close to what you like on the whole",
    "No single film led here; your taste as a whole did",
    "Taken together, the films you like point to {title}",
    "This one is in keeping with what you like",
    "{title} sits well with what you like as a whole",
)
TASTE_AND_TRAIT = (
    "Here is {thing}, close to what you like on the whole",
    "It is {thing}, and in keeping with what you like",
    "{thing}, and your taste as a whole points here",
)
ALONE: dict[str, tuple[str, ...]] = {
    "liked": _LIKED,
    "watched": _WATCHED,
    "looked": _LOOKED,
    "director": (
        "{name} directed {title}, and you liked other films by the same director",
        "You liked films by {name}, and this is another",
        "Another film by {name}, whose work you liked",
        "It is by {name}, whose films you liked",
    ),
    "cast": (
        "{name}, whom you have liked before, is in it",
        "Another film with {name}, whom you have liked before",
        "It has {name} in it, whom you have liked before",
        "{title} is another chance to see {name}, whom you have liked before",
    ),
    "keyword": (
        "It shares a theme with films you liked: “{name}”",
        "“{name}” runs through films you liked, and through this one",
        "Like films you liked, {title} is about “{name}”",
        "You liked films about “{name}”, and this is another",
    ),
    "genre": (
        "You like {many}, and this is one",
        "It is {one}, which is a kind of film you like",
        "Another one for someone who likes {many}",
        "{title} is {one}, and you like those",
    ),
    "decade": (
        "You like films of the {name}, and this is one",
        "It is from the {name}, a decade you like",
        "{title} comes from the {name}, a decade you like",
    ),
    "era": (
        "It comes from the same years as films you liked, the {name}",
        "Like films you liked, it is from the {name}",
    ),
    "series": (
        "It belongs to the {name} series, which you like",
        "You like the {name} series, and {title} is part of it",
        "Another part of the {name} series, which you like",
    ),
    "language": (
        "It is in the same language as films you liked",
        "Like films you liked, it was made in the same language",
    ),
    "same people": (
        "The same people like it",
        "People who like the one tend to like the other",
        "It is liked by the same people",
    ),
    "story": ("It tells a similar story", "The story is a similar one", "It has a similar plot"),
    "left": ("It is the nearest of the remaining films", "No remaining film is closer"),
    "also director": ("{name} directed this one as well", "It is by the same director, {name}", "Also by {name}"),
    "also cast": ("{name} is in this one as well", "It has {name} in it, too", "Also with {name}"),
    "also keyword": ("It is about “{name}”, too", "“{name}” runs through this one as well", "Also about “{name}”"),
    "also series": ("It belongs to the {name} series, too", "Another part of the {name} series"),
    "also genre": ("It is {one} as well", "This one is {one}, too"),
    "also decade": ("It is from the {name} as well", "This one, too, comes from the {name}"),
    "also language": ("It is in the same language", "The language is the same"),
}
KNOWN = (
    "One of the best-known {many} here",
    "Many people know this one: {dated}",
    "{title} is {dated} that many people know",
    "Among the {many} here, few are better known",
    "It is {one} that is widely known",
    "{dated} that is well known",
    "Well known among {many}",
    "You may know it, as many people do: {dated}",
)
UNKNOWN = (
    "{dated} that few people here know yet",
    "Not many here have come across it yet: {dated}",
    "Hardly anybody here knows this one yet; it is {one}",
    "{title} is {dated} that is still to be found by most people here",
)
NOTHING = ("It is close to your taste, as far as that can be judged", "It ranks next among the remaining films")
