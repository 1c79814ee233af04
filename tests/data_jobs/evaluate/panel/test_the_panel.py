"""The panel's own entries: quotas, kinds, unique names, and a third kept apart, fresh entries included."""

import tomllib
from collections import Counter

import pytest

from data_jobs.evaluate.panel.entries import FIRST, PanelFilm, PanelPart, PanelQuery, PanelTaste
from data_jobs.evaluate.panel.entry_files import FOLDER, FRESH, KINDS, QUOTAS, read_panel

ENTRIES = read_panel()


def of(part: PanelPart):
    return [entry for entry in ENTRIES if entry.part is part]


def not_fresh(part: PanelPart):
    return [entry for entry in of(part) if not entry.fresh]


@pytest.mark.parametrize("part", PanelPart)
class TestEachPart:
    def test_has_sixty_entries_or_more(self, part):
        assert len(not_fresh(part)) >= 60

    def test_has_forty_fresh_entries_or_more_that_are_all_kept_apart(self, part):
        fresh = [entry for entry in of(part) if entry.fresh]
        assert len(fresh) >= 40
        assert all(entry.kept_apart for entry in fresh)

    @pytest.mark.parametrize("fresh", [False, True])
    def test_has_quotas_of_decade_language_and_audience_that_cover_half_of_it(self, part, fresh):
        name = f"{FRESH}_{part}" if fresh else part
        quotas = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))["quota"]
        assert {"decade", "language", "audience"} <= set(quotas) <= set(QUOTAS)
        for least_of in quotas.values():
            assert sum(least_of.values()) >= sum(entry.fresh is fresh for entry in of(part)) / 2

    @pytest.mark.parametrize("fresh", [False, True])
    def test_uses_every_kind(self, part, fresh):
        assert {entry.kind for entry in of(part) if entry.fresh is fresh} == set(KINDS[part])

    def test_keeps_a_third_apart_of_every_kind_the_fresh_entries_counted(self, part):
        for kind in KINDS[part]:
            apart = [entry.kept_apart for entry in of(part) if entry.kind == kind]
            assert 0.33 <= sum(apart) / len(apart) <= 0.5, kind

    def test_has_older_entries_kept_apart_of_every_kind_too(self, part):
        assert {entry.kind for entry in not_fresh(part) if entry.kept_apart} == set(KINDS[part])

    def test_expects_something_of_films_or_forbids_something(self, part):
        for entry in of(part):
            assert entry.wants or entry.never or entry.nothing
            assert not (entry.never and entry.nothing)


def test_names_are_unique_in_a_part_and_films_distinct_in_an_entry():
    assert len({(entry.part, entry.name) for entry in ENTRIES}) == len(ENTRIES)
    for entry in ENTRIES:
        assert len(set(entry.request.films)) == len(entry.request.films)


def test_no_request_occurs_twice():
    assert max(Counter(entry.request for entry in ENTRIES).values()) == 1


def test_a_film_for_similar_counts_for_its_own_decade():
    for entry in of(PanelPart.SIMILAR):
        assert isinstance(entry.request, PanelFilm)
        assert entry.request.film.endswith(f"({entry.decade[:3]}{entry.request.film[-2]})")


def test_a_child_is_never_given_films_for_adults():
    for entry in ENTRIES:
        if entry.audience == "children" and isinstance(entry.request, PanelTaste):
            assert entry.never is not None, entry.name


def test_queries_come_in_several_languages():
    written = Counter(entry.request.written_in for entry in ENTRIES if isinstance(entry.request, PanelQuery))
    assert {"fr", "de", "es", "it", "pt"} < set(written)


def test_two_clashing_tastes_both_have_a_share():
    for entry in of(PanelPart.TASTES):
        if entry.kind == "clash":
            assert [want.least for want in entry.wants] == [3, 3]
            assert {want.first for want in entry.wants} == {FIRST}
