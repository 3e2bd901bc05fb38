from datetime import date, timedelta

import numpy as np
import pytest

from features.enterprises.signals import FADING, FORGOTTEN, NO_SIGNALS, Signals
from features.vocabulary import SIGNALS
from tests.pool import frame

TODAY = date(2026, 6, 30)


def signals(*rows, today=TODAY):
    said = [
        {"signal_id": f"s{at}", "enterprise_id": id_, "date": day, "kind": kind, "text": text}
        for at, (id_, day, kind, text) in enumerate(rows)
    ]
    return Signals(frame("signals", said), today)


def strength(id_, found):
    spread = found.spread(np.array([id_]))
    return 0.0 if spread is None else float(spread[0])


def test_every_kind_fades():
    assert set(FADING) == set(SIGNALS)
    for kind, (weight, half_life) in FADING.items():
        ages = (0, half_life, 2 * half_life)
        said = [strength("e", signals(("e", TODAY - timedelta(age), kind, None))) for age in ages]
        assert said == pytest.approx([weight, weight / 2, weight / 4])


def test_what_says_next_to_nothing_is_forgotten():
    weight, half_life = FADING["expansion"]
    last = int(half_life * np.log2(weight / FORGOTTEN))
    assert len(signals(("e", TODAY - timedelta(last), "expansion", None)).of("e")) == 1
    assert signals(("e", TODAY - timedelta(last + 1), "expansion", None)).of("e") == []


def test_several_say_more_and_never_more_than_one():
    one = ("e", TODAY, "expansion", "甲")
    other = ("e", TODAY - timedelta(30), "financing", None)
    both = strength("e", signals(one, other))
    assert strength("e", signals(one)) < both < 1
    assert [own.kind for own in signals(other, one).of("e")] == ["expansion", "financing"]


def test_equal_signals_count_once():
    one = ("e", TODAY, "expansion", "甲")
    assert strength("e", signals(one, one)) == strength("e", signals(one))


def test_a_signal_of_tomorrow_is_not_there_yet():
    tomorrow = ("e", TODAY + timedelta(1), "expansion", None)
    assert not len(signals(tomorrow).ids)
    assert len(signals(tomorrow, today=TODAY + timedelta(1)).ids) == 1


def test_an_enterprise_without_signals_has_strength_zero():
    found = signals(("b", TODAY, "listing", None), ("gone", TODAY, "listing", None))
    spread = found.spread(np.array(["a", "b", "c"]))
    assert spread.tolist() == [0, pytest.approx(FADING["listing"].weight), 0]
    assert found.spread(np.array(["a", "c"])) is None
    assert found.spread(np.empty(0, dtype=np.str_)) is None
    assert NO_SIGNALS.spread(np.array(["a"])) is None
    assert NO_SIGNALS.of("a") == []
