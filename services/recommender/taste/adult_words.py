"""Keywords of films for adults, and query words that ask for such films.

Sexual orientation is irrelevant here: no word refers to it.
"""

import re

_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, without punctuation."""
    return _WORD.findall(text.lower())


# No children's film has a keyword with one of these.
EXPLICIT = frozenset(
    words(
        """
        sex sexy sexual sexuality sexploitation nude nudity naked erotic erotica eroticism porn porno pornography
        softcore rape raped rapist incest orgy threesome prostitute prostitutes prostitution brothel pimp gigolo
        stripper strippers striptease masturbation fetish bdsm bondage sadism sadist sadistic sadomasochism pedophile
        pedophilia gore gory slasher splatter torture tortured mutilation decapitation dismemberment castration massacre
        slaughter drug drugs heroin cocaine junkie overdose marijuana cannabis stoner
        """
    )
)
EXPLICIT_PHRASES = frozenset(
    ("strip club", "child abuse", "child murder", "child molestation", "domestic violence", "extreme violence")
)
# Family films may have some of these. If nothing else says whom a film is for, two of these words, or one of the
# phrases, mark it as unsuitable.
GRIM = frozenset(
    words(
        """
        murder murderer homicide killer killing kill assassin assassination hitman gangster mafia yakuza violence
        violent brutality blood vengeance vigilante terrorism war nazi nazis holocaust genocide suicide suicidal
        cannibal cannibalism adultery infidelity alcoholism alcoholic psychopath sociopath insanity zombie vampire demon
        exorcism satan satanism horror disturbing dystopia apocalypse cyberpunk seduction obsession abortion smoking
        """
    )
)
GRIM_PHRASES = frozenset(("adult animation", "serial killer", "black comedy", "dark comedy"))
TOO_GRIM = 2
ASKING = EXPLICIT | frozenset(
    words(
        """
        horror thriller thrillers crime noir war gangster gangsters mafia murder murders murderer zombie zombies vampire
        vampires exorcism psychopath adults
        """
    )
)
ASKING_PHRASES = ("serial killer", "grown ups")


def is_explicit(keyword: str) -> bool:
    """Return whether a film with this keyword is unsuitable for children."""
    return keyword in EXPLICIT_PHRASES or not EXPLICIT.isdisjoint(words(keyword))


def grimness(keyword: str) -> int:
    """Return how strongly a keyword speaks against a film of unknown audience; see ``TOO_GRIM``."""
    return TOO_GRIM if keyword in GRIM_PHRASES else int(not GRIM.isdisjoint(words(keyword)))


def asks_for_more(query: str) -> bool:
    """Return whether a query asks for films for adults."""
    query_words = words(query)
    return not ASKING.isdisjoint(query_words) or any(phrase in " ".join(query_words) for phrase in ASKING_PHRASES)
