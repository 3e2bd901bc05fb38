from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import check_grad

from features.enterprises.history import years
from models.factors.conditional_logit import (
    EPSILON,
    PRIOR,
    Weights,
    _surprise,
    learn,
    of_industry,
    of_place,
    rounds,
)
from tests.models.factors.deals import TODAY, event, history, need

STATED = Weights(**PRIOR)
ZONES, INDUSTRIES = "zy", ("光电", "煤化工", "医药")
NEEDS = [need(zone, name, region=zone) for zone in ZONES for name in INDUSTRIES]


def loyal_to(what, seed=0, each=8):
    """Return deals of enterprises that keep to their industry, or to their place."""
    generator = np.random.default_rng(seed)
    rows = []
    for number in range(12):
        zone, name = ZONES[number % 2], INDUSTRIES[number % 3]
        for at in range(each):
            day = TODAY.replace(year=2010 + at, month=int(generator.integers(1, 13)))
            where = zone if what == "place" else generator.choice([*ZONES])
            about = name if what == "industry" else generator.choice(INDUSTRIES)
            rows.append(event(f"e{number:02}", f"{where}/{about}", day))
    return history(NEEDS, rows)


def test_no_deal_is_zero_and_every_further_one_adds_less():
    terms = np.array([[0.0, 1, 2], [0, 0, 0], [0, 0, 0]])
    found = of_industry(terms, STATED)
    np.testing.assert_allclose(found, np.log(1 + np.array([0, 1, 2]) / EPSILON))
    assert found[1] > found[2] - found[1] > 0
    np.testing.assert_allclose(of_place(terms, STATED), PRIOR["place"] * found)


def test_a_deal_elsewhere_counts_a_share_of_one():
    elsewhere = np.array([[0.0, 0], [1, 0], [0, 1]])
    for of, shares in ((of_industry, STATED[2:4]), (of_place, STATED[4:])):
        scale = of(np.array([[1.0], [0], [0]]), STATED)[0] / np.log1p(1 / EPSILON)
        np.testing.assert_allclose(
            of(elsewhere, STATED), scale * np.log1p(np.array(shares) / EPSILON)
        )


def test_a_lead_has_to_suit_both():
    one_sided, balanced = np.array([[6.0], [0], [0]]), np.array([[3.0], [0], [0]])
    none, weights = np.zeros((3, 1)), STATED._replace(place=1.0)
    both = of_industry(balanced, weights) + of_place(balanced, weights)
    assert (both > of_industry(one_sided, weights) + of_place(none, weights)).all()


@pytest.mark.parametrize(("what", "other"), [("industry", "place"), ("place", "industry")])
def test_learning_finds_what_enterprises_are_loyal_to(what, other):
    found = learn(loyal_to(what), years(TODAY), 30)._asdict()
    assert found[what] > PRIOR[what]
    assert found[other] < PRIOR[other]


def test_few_deals_leave_the_prior():
    assert learn(loyal_to("place", each=2), years(TODAY), 50) == pytest.approx(STATED)


def test_rounds_know_nothing_of_what_comes_after_their_day():
    deals = loyal_to("industry")
    today = years(TODAY)
    once = list(rounds(deals, today, 40))
    later = np.flatnonzero(deals.dates >= today - len(once) / 2)
    twice = list(rounds(deals.chosen(np.append(np.arange(len(deals)), later)), today, 40))
    assert once[0].industry.sum() < twice[0].industry.sum()
    for one, other in zip(once[-1], twice[len(once) - 1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_rounds_end_on_the_day():
    deals = loyal_to("industry")
    day = years(TODAY.replace(year=2015))
    seen, past = (list(rounds(some, day, 20)) for some in (deals, deals.chosen(deals.dates < day)))
    assert len(seen) == len(past) > 1
    for one, other in zip(seen, past, strict=True):
        np.testing.assert_array_equal(one.made, other.made)


def test_slopes_are_those_of_the_loss():
    seen = next(iter(rounds(loyal_to("industry"), years(TODAY), 20)))
    at = np.log(list(PRIOR.values()))
    gap = check_grad(
        lambda logs: _surprise(seen, Weights(*np.exp(logs)))[0],
        lambda logs: _surprise(seen, Weights(*np.exp(logs)))[1],
        at,
    )
    assert gap < 1e-4 * max(1.0, _surprise(seen, STATED)[0])


def test_a_very_large_round_is_a_sample(monkeypatch):
    monkeypatch.setattr("models.factors.conditional_logit._MOST_NEEDS", 2)
    monkeypatch.setattr("models.factors.conditional_logit._MOST_CANDIDATES", 4)
    deals = loyal_to("industry")
    for one in rounds(deals, years(TODAY), 40):
        assert len(one.made) <= 2
        assert 4 <= one.made.shape[1] <= 12
        np.testing.assert_allclose(one.made.sum(axis=1), 1)
        assert one.industry.shape == one.place.shape == (len(one.made), 3, one.made.shape[1])
    assert learn(deals, years(TODAY), 40, seed=3) == learn(deals, years(TODAY), 40, seed=3)


def test_who_is_drawn_follows_from_the_deals_and_not_from_ids(monkeypatch):
    monkeypatch.setattr("models.factors.conditional_logit._MOST_CANDIDATES", 4)
    deals = loyal_to("industry")
    names, columns = np.unique(deals.enterprises, return_inverse=True)
    other = np.array([f"X{len(names) - at:03}" for at in range(len(names))])[columns]
    renamed = replace(deals, enterprises=other)
    found, expected = (learn(each, years(TODAY), 40, seed=3) for each in (renamed, deals))
    np.testing.assert_allclose(found, expected, rtol=1e-3)
