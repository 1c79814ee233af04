import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.cache import decode_cursor, encode_cursor
from services.recommender.errors import BadCursor

PRINT = b"0123456789abcdef"
hashes = st.lists(st.integers(0, 2**40 - 1), max_size=60, unique=True).map(lambda values: np.array(values, np.uint64))


@given(hashes)
def test_a_decoded_cursor_has_the_films_that_were_shown(shown):
    assert set(decode_cursor(encode_cursor(PRINT, shown), PRINT).tolist()) == set(shown.tolist())


@given(hashes)
def test_a_cursor_of_another_request_is_refused(shown):
    with pytest.raises(BadCursor, match="another request"):
        decode_cursor(encode_cursor(PRINT, shown), b"x" * 16)


@given(hashes, st.data())
def test_a_damaged_cursor_is_refused(shown, data):
    sound = encode_cursor(PRINT, shown)
    at = data.draw(st.integers(0, len(sound) - 1))
    character = data.draw(st.sampled_from("ABab01-_"))
    damaged = sound[:at] + character + sound[at + 1 :]
    # The last character of Base64 may have unused bits: then the decoded bytes are the same.
    if base64.urlsafe_b64decode(damaged + "=" * (-len(damaged) % 4)) == base64.urlsafe_b64decode(
        sound + "=" * (-len(sound) % 4)
    ):
        return
    with pytest.raises(BadCursor):
        decode_cursor(damaged, PRINT)


@given(st.text(max_size=40))
def test_any_other_text_is_refused(text):
    with pytest.raises(BadCursor) as refused:
        decode_cursor(text, PRINT)
    assert refused.value.pointer == "/cursor"


def test_after_500_films_there_is_no_next_page():
    assert encode_cursor(PRINT, np.arange(500, dtype=np.uint64)) is not None
    assert encode_cursor(PRINT, np.arange(501, dtype=np.uint64)) is None


def test_500_films_make_a_cursor_of_less_than_4_kib():
    assert len(encode_cursor(PRINT, np.arange(500, dtype=np.uint64) * 7_919)) < 4_096
