import numpy as np
import pytest

from features.structures.character_index import CharacterIndex

DOCUMENTS = ["锂电池", "电池隔膜", ""]


@pytest.mark.parametrize("counting", [False, True])
def test_a_document_is_like_itself_and_like_nothing_it_shares_no_character_with(counting):
    index = CharacterIndex(DOCUMENTS, counting_unknown=counting)
    found = index.cosines(["锂电池", "灯", ""])
    np.testing.assert_allclose(found[0, 0], 1, atol=1e-6)
    assert 0 < found[0, 1] < 1
    assert not found[1:].any()
    assert not found[:, 2].any()


def test_grams_that_no_document_has_make_a_text_less_like_any_where_they_count():
    text = "锂矿山"  # of its six grams one is known
    leaving, counting = (
        CharacterIndex(DOCUMENTS, counting_unknown=way).cosines([text])[0, 0]
        for way in (False, True)
    )
    known, unknown = 1 + np.log(4 / 2), 1 + np.log(4)
    length = np.sqrt(3 * known**2 + 2 * (1 + np.log(4 / 3)) ** 2 + (1 + np.log(4 / 3)) ** 2)
    np.testing.assert_allclose(leaving, known / length, rtol=1e-5)
    expected = known**2 / (length * np.sqrt(known**2 + 5 * unknown**2))
    np.testing.assert_allclose(counting, expected, rtol=1e-5)


def test_of_what_is_known_alone_both_ways_say_the_same():
    ways = [CharacterIndex(DOCUMENTS, counting_unknown=way) for way in (False, True)]
    np.testing.assert_allclose(*(index.cosines(["电池", "隔膜"]) for index in ways), rtol=1e-6)
