"""Text repair and title parsing, by examples and properties."""

# ruff: noqa: RUF001 (look-alike characters are what is tested)
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from data_jobs.readers.text import fold, repair, tidy
from data_jobs.readers.titles import alike, any_alike, article_first, parse_title, years_apart


@pytest.mark.parametrize(
    ("damaged", "repaired"),
    [
        ("AmÃ©lie", "Amélie"),
        ("Ã‰milie", "Émilie"),
        ("donâ€™t", "don’t"),
        ("â€œQuotedâ€\x9d", "“Quoted”"),
        ("lead with your heartâ€. As he grows", "lead with your heart”. As he grows"),
        ("5 â‚¬ Â£3", "5 € £3"),
        ("you\x92ll", "you’ll"),
        ("dash \x97 and", "dash — and"),
        ("church\x90going", "churchgoing"),
        ("Jimmy\ufffds boat", "Jimmy’s boat"),
        ("caf\ufffd noir", "caf noir"),
        ("he?s beaten", "he’s beaten"),
        ("bell\x07 and nul\x00", "bell and nul"),
        ("in\xadter\u200bview\u200e", "interview"),
        ("\ufefffirst", "first"),
        ("lone \ud800 surrogate", "lone  surrogate"),
        ("é¾™å¨", "é¾™å¨"),  # one and a half sequences: no certain reading, so left alone
        ("æˆ‘ä»¬", "我们"),
        ("ÃƒÂ©", "é"),  # damaged twice
    ],
)
def test_damage_is_repaired(damaged: str, repaired: str) -> None:
    assert repair(damaged) == repaired


@pytest.mark.parametrize(
    "intact",
    [
        "Plain text, with (brackets) - and 100 %?",
        "Amélie, Les Misérables, Ōkami, Žižek, ÅÄÖ",
        "“LE PASSÉ”",
        "AMANHÃ”",
        "CAFÉ™",
        "São João… disse: «não»",
        "He said: passé…”",
        "七人の侍",
        "بچه\u200cهای آسمان",
        "Who? She. What?",
        "example.org/content?oid=1&t=2",
        "watch?t=30",
        "two\nlines\tand a tab",
    ],
)
def test_intact_text_is_left_alone(intact: str) -> None:
    assert repair(intact) == intact


@given(st.text())
@example("ÃƒÆ’Ã‚Â©")
@example("â€")
@example("a?\ufffds")
def test_repair_is_idempotent(text: str) -> None:
    once = repair(text)
    assert repair(once) == once
    assert "\ufffd" not in once
    assert not any(0x7F <= ord(char) < 0xA0 for char in once)
    once.encode("utf-8")  # no lone surrogate is left


@given(st.text(alphabet="abc ’éàüñçß“”–", max_size=30))
def test_utf8_read_as_windows_1252_is_repaired_or_left_alone(text: str) -> None:
    try:
        damaged = text.encode("utf-8").decode("cp1252")
    except UnicodeDecodeError:
        return
    assert len(repair(damaged)) <= len(damaged)
    if "à" not in text:  # its second byte becomes a no-break space, one of the ambiguous ones
        assert repair(f"x {damaged}") == f"x {text}"


@given(st.text(alphabet=st.characters(codec="ascii", categories=("L", "N", "Zs"))))
def test_ascii_words_are_never_touched(text: str) -> None:
    assert repair(text) == text


@given(st.text())
def test_tidy_is_idempotent_and_single_spaced(text: str) -> None:
    once = tidy(text)
    assert tidy(once) == once
    assert "  " not in once
    assert once == once.strip()


def test_tidy_composes() -> None:
    assert tidy(" Ame\u0301lie \n Poulain ") == "Amélie Poulain"


def test_fold() -> None:
    assert fold("L'Été — 1936!") == "l ete 1936"
    assert fold("STRASSE") == fold("Straße")


@pytest.mark.parametrize(
    ("raw", "name", "year", "aka"),
    [
        ("Matrix, The (1999)", "The Matrix", 1999, ()),
        ("Misérables, Les (1995)", "Les Misérables", 1995, ()),
        ("Avventura, L' (1960)", "L'Avventura", 1960, ()),
        ("Bug's Life, A (1998)", "A Bug's Life", 1998, ()),
        ("Seven (a.k.a. Se7en) (1995)", "Seven", 1995, ("Se7en",)),
        ("Lost City, The (Ville perdue, La) (1990)", "The Lost City", 1990, ("La Ville perdue",)),
        ("Leo (a.k.a. The Pro) (Léo) (1994)", "Leo", 1994, ("The Pro", "Léo")),
        ("Serial Note: Nôto (2006–2007)", "Serial Note: Nôto", 2006, ()),
        ("Running Series (2011-)", "Running Series", 2011, ()),
        ("Trailing Blank (1983) ", "Trailing Blank", 1983, ()),
        ("Glued(2001)", "Glued", 2001, ()),
        ("Babylon Nine", "Babylon Nine", None, ()),
        ("(500) Nights (2009)", "(500) Nights", 2009, ()),
        ("2012 (2009)", "2012", 2009, ()),
        ("1984", "1984", None, ()),
        ("(1999)", "(1999)", None, ()),
        ("Odd Year (9999)", "Odd Year", None, ("9999",)),
        ("Good, the Bad, The (Buono, il brutto, Il) (1966)", "The Good, the Bad", 1966, ("Il Buono, il brutto",)),
        ("Ciao, Maestro! (1992)", "Ciao, Maestro!", 1992, ()),
        ("", "", None, ()),
    ],
)
def test_titles(raw: str, name: str, year: int | None, aka: tuple[str, ...]) -> None:
    title = parse_title(raw)
    assert (title.name, title.year, title.aka) == (name, year, aka)


def test_the_full_title_keeps_its_brackets() -> None:
    title = parse_title("Bird: Or (The Unexpected Virtue) (2014)")
    assert title.name == "Bird: Or"
    assert title.full == "Bird: Or (The Unexpected Virtue)"


@given(st.text(max_size=40))
def test_parsing_never_fails_and_never_loses_the_whole_title(raw: str) -> None:
    title = parse_title(raw)
    assert bool(title.name) == bool(raw.strip())


@given(
    st.text(alphabet=st.characters(categories=("Lu", "Ll", "Nd")), min_size=1, max_size=20),
    st.integers(1870, 2100),
    st.sampled_from(["The", "A", "Les", "Der"]),
)
def test_a_written_title_is_read_back(name: str, year: int, article: str) -> None:
    title = parse_title(f"{name}, {article} ({year})")
    assert (title.name, title.year) == (f"{article} {name}", year)


@given(st.text(max_size=40))
def test_article_first_adds_no_characters(name: str) -> None:
    moved = article_first(name)
    assert len(moved) <= len(name)


def test_alike() -> None:
    assert alike("The Matrix", "Matrix")
    assert alike("Léon", "LEON")
    assert alike("...", "Anything")
    assert not alike("Romance", "Ninja Assassins")


def test_any_form_of_a_title_may_agree() -> None:
    title = parse_title("Hate (Haine, La) (1995)")
    assert any_alike(title, ("La Haine",))
    assert not any_alike(title, ("Winter Light", "Nattvardsgästerna"))


def test_years_apart() -> None:
    assert years_apart(1988, 2013)
    assert not years_apart(1999, 2001)
    assert not years_apart(None, 2013)
