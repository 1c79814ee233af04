"""Reading the panel's files, and errors that name file and entry."""

import pytest

from data_jobs.evaluate.panel.entries import PanelFilm, PanelPart, PanelQuery, PanelTaste
from data_jobs.evaluate.panel.entry_files import read_panel
from data_jobs.evaluate.panel.predicate import PanelError

ABOUT = 'kind = "{kind}"\ndecade = "any"\nlanguage = "any"\naudience = "any"\n'
TASTE = '[[entry]]\nname = "one"\n' + ABOUT.format(kind="single") + 'liked = ["Alien (1979)"]\n'
QUERY = '[[entry]]\nname = "one"\n' + ABOUT.format(kind="plot") + 'query = "a boxer"\n'
LIKE = '[[entry]]\nname = "one"\n' + ABOUT.format(kind="theme") + 'film = "Alien (1979)"\n'
WANT = 'want = { any_genre = "Horror" }\n'


@pytest.fixture
def write(tmp_path):
    def write(**files: str):
        for name in {"statements", *PanelPart, *files}:
            (tmp_path / f"{name}.toml").write_text(files.get(name, ""), encoding="utf-8")
        return tmp_path

    return write


def test_the_three_files_are_read_in_order(write):
    folder = write(tastes=TASTE + WANT, queries=QUERY + WANT, similar=LIKE + WANT)
    entries = read_panel(folder)
    assert [entry.part for entry in entries] == list(PanelPart)
    assert [entry.request for entry in entries] == [
        PanelTaste(("Alien (1979)",)),
        PanelQuery("a boxer"),
        PanelFilm("Alien (1979)"),
    ]
    assert {(entry.wants[0].least, entry.wants[0].first) for entry in entries} == {(7, 10)}


def test_fresh_entries_come_after_the_others_of_their_part_and_are_kept_apart(write):
    fresh = TASTE.replace('"one"', '"two"') + WANT
    entries = read_panel(write(tastes=TASTE + WANT, queries=QUERY + WANT, fresh_tastes=fresh))
    assert [(entry.part, entry.name) for entry in entries] == [
        (PanelPart.TASTES, "one"),
        (PanelPart.TASTES, "two"),
        (PanelPart.QUERIES, "one"),
    ]
    assert [(entry.fresh, entry.kept_apart) for entry in entries] == [(False, False), (True, True), (False, False)]


def test_a_fresh_entry_has_a_name_of_its_own(write):
    with pytest.raises(PanelError, match=r"^fresh_tastes\.toml: more than one entry is named one"):
        read_panel(write(tastes=TASTE + WANT, fresh_tastes=TASTE + WANT))


def test_an_expectation_may_set_least_and_first(write):
    wants = 'want = [{ least = 2, first = 3, where = { is = "scary" } }, { where = { language = "fr" } }]\n'
    (entry,) = read_panel(write(statements='[scary]\nany_genre = "Horror"\n', tastes=TASTE + wants))
    assert [(want.least, want.first) for want in entry.wants] == [(2, 3), (7, 10)]


def test_a_statement_may_use_one_above_it(write):
    statements = '[scary]\nany_genre = "Horror"\n[old]\nis = "scary"\nyear_to = 1970\n'
    read_panel(write(statements=statements, tastes=TASTE + 'want = { is = "old" }\n'))
    with pytest.raises(PanelError, match=r"statements\.toml, old: is: no statement is named scary"):
        read_panel(write(statements='[old]\nis = "scary"\n[scary]\nany_genre = "Horror"\n'))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[entry]\n", "not valid TOML"),
        ('entry = "one"\n', r"expected \[\[entry\]\] tables"),
        (TASTE, "one: expected want or never, or else nothing = true"),
        (TASTE + 'want = { genre = "Horror" }\n', "one: genre: unknown fact"),
        (TASTE + 'want = [{ any_genre = "Horror" }]\n', "one: want: expected {least, first, where}"),
        (TASTE + "want = [{ least = 2 }]\n", "one: expected a table of facts, found None"),
        (TASTE + 'want = [{ least = 4, first = 3, where = { language = "fr" } }]\n', "1 <= least <= first <= 10"),
        (TASTE + 'want = [{ least = 0, where = { language = "fr" } }]\n', "1 <= least <= first <= 10"),
        (TASTE + WANT + 'colour = "red"\n', "one: unknown colour; known are"),
        (TASTE + WANT + 'query = "a boxer"\n', "one: unknown query"),
        (TASTE.replace("single", "silly") + WANT, "one: kind: expected one of director"),
        (TASTE.replace('decade = "any"', 'decade = "90s"') + WANT, 'one: decade: expected "1950s" or "any"'),
        (TASTE.replace('language = "any"', 'language = "French"') + WANT, 'one: language: expected "fr" or "any"'),
        (TASTE.replace('audience = "any"', "audience = 3") + WANT, "one: audience: expected text, found 3"),
        (TASTE.replace(" (1979)", "") + WANT, r'one: liked: expected a list of "Title \(year\)"'),
        (TASTE.replace('["Alien (1979)"]', '"Alien (1979)"') + WANT, "one: liked: expected a list"),
        (TASTE.replace('["Alien (1979)"]', "[]") + WANT, "one: expected films"),
        (TASTE.replace('"one"', '""') + WANT, "entry 1: name: expected text"),
        (TASTE + 'disliked = ["Alien (1979)"]\n' + WANT, "one: a film is named twice"),
        (TASTE + WANT + TASTE + WANT, "more than one entry is named one"),
        ("[quota.audience]\nany = 2\n" + TASTE + WANT, "1 entries of audience any; the quota is 2"),
        ("[quota.colour]\nred = 2\n" + TASTE + WANT, "unknown quota colour"),
    ],
)
def test_a_mistake_is_named_by_file_and_entry(write, text, message):
    with pytest.raises(PanelError, match=rf"^tastes\.toml\W.*{message}"):
        read_panel(write(tastes=text))


def test_nonsense_expects_nothing(write):
    (entry,) = read_panel(write(queries=QUERY + "nothing = true\n"))
    assert entry.nothing
    with pytest.raises(PanelError, match="expected want or never, or else nothing"):
        read_panel(write(queries=QUERY + "nothing = true\n" + WANT))


def test_a_missing_file_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_panel(tmp_path)
