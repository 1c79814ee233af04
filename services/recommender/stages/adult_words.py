"""Words that tell films for grown-ups by their keywords, and questions that ask for such films.

Whom somebody loves tells nothing of this: no word here is about that.
"""

import re

_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """The words of a text in lower case, without signs."""
    return _WORD.findall(text.lower())


# No film for children has a keyword with one of these.
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
# Films for families have some of these. Where nothing says that a film is one, two of them tell that it is not, and so
# does one of the phrases.
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
    """Whether a film with this keyword is for nobody's children."""
    return keyword in EXPLICIT_PHRASES or not EXPLICIT.isdisjoint(words(keyword))


def grimness(keyword: str) -> int:
    """How much a keyword speaks against a film of which nothing else says for whom it is; see ``TOO_GRIM``."""
    return TOO_GRIM if keyword in GRIM_PHRASES else int(not GRIM.isdisjoint(words(keyword)))


def asks_for_more(query: str) -> bool:
    """Whether somebody's words ask for films for grown-ups."""
    asked = words(query)
    return not ASKING.isdisjoint(asked) or any(phrase in " ".join(asked) for phrase in ASKING_PHRASES)
