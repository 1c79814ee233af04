"""Names of columns in tables of films and events, in languages other than English; and how names are compared.

Readers of a person's history and of training data share this table: each adds its own English names in front.
"""
# ruff: noqa: RUF001 (other scripts)

import re
from collections.abc import Mapping

from services.recommender.names.folding import words_of

# What follows a name and is not part of it: a unit, or a type in RecBole's files.
_UNIT = re.compile(r"[(\[].*?[)\]]|:(?:token|float)(?:_seq)?$", re.IGNORECASE)


def folded(name: str) -> str:
    """Fold a name: "Movie_ID" -> "movieid", "Année" -> "annee", "Runtime (mins)" -> "runtime"; in any script."""
    return "".join(words_of(_UNIT.sub("", name))) or "".join(words_of(name))


_ABROAD: Mapping[str, tuple[str, ...]] = {
    "title": (
        "titel", "filmtitel", "titre", "titolo", "título", "filme", "películas", "название", "назва", "фильм", "tytuł",
        "název", "názov", "cím", "başlık", "film adı", "τίτλος", "tittel", "标题", "片名", "电影", "標題", "電影",
        "タイトル", "作品名", "題名", "제목", "영화",
    ),
    "original_title": (
        "originaltitel", "titre original", "titolo originale", "título original", "оригинальное название",
        "tytuł oryginalny", "původní název", "orijinal adı", "原名", "原題", "원제",
    ),
    "year": (
        "jahr", "erscheinungsjahr", "produktionsjahr", "année", "année de sortie", "ano", "año", "anno", "jaar", "год",
        "рік", "rok", "év", "yıl", "έτος", "år", "年份", "年", "公開年", "製作年", "年代", "연도", "개봉년도",
    ),
    "release_date": ("date de sortie",),
    "genres": (
        "género", "géneros", "genere", "generi", "kategorie", "жанр", "жанры", "gatunek", "žánr", "műfaj", "tür",
        "είδος", "sjanger", "类型", "類型", "ジャンル", "장르",
    ),
    "director": (
        "regie", "regisseur", "réalisateur", "réalisation", "regista", "regia", "diretor", "режиссёр", "режиссер",
        "reżyser", "režie", "režisér", "rendező", "yönetmen", "σκηνοθέτης", "regissör", "regissør", "导演", "導演",
        "監督", "감독",
    ),
    "cast": (
        "darsteller", "schauspieler", "besetzung", "acteurs", "reparto", "attori", "elenco", "actores", "актёры",
        "актеры", "в ролях", "obsada", "aktorzy", "hrají", "szereplők", "oyuncular", "主演", "演员", "演員", "出演者",
        "キャスト", "출연",
    ),
    "overview": (
        "beschreibung", "inhalt", "handlung", "sinopsis", "sinopse", "trama", "описание", "сюжет", "opis", "popis",
        "leírás", "özet", "beskrivelse", "简介", "剧情", "あらすじ", "줄거리",
    ),
    "runtime": (
        "länge", "laufzeit", "dauer", "durée", "duración", "duração", "durata", "speelduur", "длительность",
        "czas trwania", "délka", "süre", "片长", "时长", "上映時間", "상영시간",
    ),
    "certification": ("fsk", "altersfreigabe"),
    "language": ("sprache", "originalsprache", "langue", "idioma", "lingua"),
    "user": (
        "kunde", "kundennummer", "benutzer", "nutzer", "utilisateur", "usuario", "utente", "пользователь",
        "użytkownik", "uživatel", "kullanıcı", "gebruiker", "användare", "用户", "用戶", "ユーザー", "사용자",
    ),
    # The user's own rating before average ratings.
    "value": (
        "моя оценка", "我的评分", "個人評分", "bewertung", "sterne", "note", "nota", "voto", "notation", "puntuación",
        "calificación", "punteggio", "cijfer", "betyg", "ocena", "hodnocení", "puan", "оценка", "评分", "評分", "評価",
        "평점", "별점",
    ),
    "ts": (
        "gesehen", "gesehen am", "дата просмотра", "打分日期", "观看日期", "鑑賞日", "視聴日", "datum", "fecha", "data",
        "tarih", "дата", "日期", "時間", "日付", "날짜",
    ),
}  # fmt: skip
ABROAD: Mapping[str, tuple[str, ...]] = {ours: tuple(map(folded, names)) for ours, names in _ABROAD.items()}
"""Our name -> theirs, folded, most certain first."""
