import numpy as np
import pytest

from features.structures.lines import CompressedLines, Lines

TEXTS = ["锂电池", "", "LED封装", "b"]


def test_texts_come_back_one_by_one_and_in_slices():
    lines = Lines.of(TEXTS)
    assert list(lines) == TEXTS
    assert (lines[1:3], lines[-1], lines[np.int32(2)]) == (["", "LED封装"], "b", "LED封装")
    assert len(Lines.of([])) == 0


def test_a_text_beyond_the_end_is_no_text():
    with pytest.raises(IndexError):
        Lines.of(TEXTS)[4]


def test_arrays_are_the_bytes_and_their_ends():
    lines = Lines.of(TEXTS)
    found = lines.arrays("t")
    assert found["t"].tobytes().decode() == "锂电池\n\nLED封装\nb\n"
    assert found["t_ends"].tolist() == [10, 11, 21, 23]
    assert list(Lines(found["t"], found["t_ends"])) == TEXTS


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        *(("电", [0, 3]), ("aba", [1, 2]), ("池", [0]), ("", [0, 1, 2, 3, 4])),
        *(("b\na", [4]), ("池\n", []), ("\ud800", []), ("x", [1]), (".", [])),
    ],
)
def test_texts_with_a_text_in_them_are_found(text, rows):
    lines = Lines.of(["锂电池", "xaba", "ababa", "电", "b\na"])
    assert lines.containing(text).tolist() == rows


def test_compressed_texts_come_back_and_are_a_third_as_long():
    texts = [
        f'{{"enterprise_id":"E{at}","name":"山西焦煤{at * 7919 % 1000}","city":"太原市"}}'.encode()
        for at in range(300)
    ]
    for own in (texts, [b"", b"x" * 100_000], []):
        lines = CompressedLines.of(own)
        again = CompressedLines.restore(lines.arrays("t"), "t")
        assert len(lines) == len(own)
        assert [again.raw(at) for at in range(len(own))] == own
    assert CompressedLines.of(texts).arrays("t")["t"].nbytes < sum(map(len, texts)) / 3
