import tracemalloc

from service.serving.questions import Lookup


def test_what_is_kept_of_a_question_is_no_longer_than_its_text() -> None:
    tracemalloc.start()
    kept = [Lookup("enterprise", (number,)) for number in range(500)]
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len({each.key for each in kept}) == 500
    assert size / 500 < 1_000
