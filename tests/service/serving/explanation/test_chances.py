import numpy as np
import pytest

from features.need import NeedQuery
from features.workspace import Workspace
from models.releases.registry import ModelRegistry
from models.scoring.calibration import Calibration, Curve
from service.commands import manifests
from service.serving.explanation.chances import CALIBRATED, TOO_FEW, UNCOUNTED, chance
from service.serving.filters import Filters
from service.serving.lifecycle.loading import load_engine
from tests.pool import NEED_IDS, HashedEncoder, tables
from tests.training.outcomes import CLOSED, WON, closed_data
from training.publishing import TABLES, train

CURVE = Curve(np.array([0.0, 1.0]), np.array([0.25, 0.75]))


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    workspace = Workspace(tmp_path_factory.mktemp("calibrated"))
    data = closed_data()
    workspace.commit({name: getattr(data, name) for name in TABLES if name in tables()})
    facts = train(workspace, ModelRegistry(workspace), HashedEncoder())
    kept = ModelRegistry(workspace).show(facts["version"])
    return load_engine(workspace, HashedEncoder()), kept


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_note_says_from_how_many_outcomes(language):
    told = chance(Calibration(240, 60, CURVE, CURVE), 0.5, warm=True, language=language)
    assert told["probability"] == pytest.approx(0.5)
    assert told["probability_note"] == CALIBRATED[language].format(closed=240, won=60)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_below_the_threshold_the_note_says_how_many_it_takes(language):
    told = chance(Calibration(7, 2), 0.5, warm=False, language=language)
    assert told["probability"] is None
    counts = {"closed": 7, "won": 2, "lost": 5}
    counts |= {"least": 200, "least_won": 30, "least_lost": 30}
    assert told["probability_note"] == TOO_FEW[language].format(**counts)
    for count in ("7", "2", "5", "200", "30"):
        assert count in told["probability_note"]


def test_signed_outcomes_alone_give_no_chance():
    told = chance(Calibration(250, 250), 0.5, warm=False, language="zh")
    assert told["probability"] is None
    assert "未成0个" in told["probability_note"]
    assert "未成满30个" in told["probability_note"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_version_without_counts_says_that_outcomes_are_missing(language):
    told = chance(Calibration(), 0.5, warm=False, language=language)
    assert told == {"probability": None, "probability_note": UNCOUNTED[language]}


@pytest.mark.parametrize(
    "query",
    [NeedQuery("LED封装", need_id=NEED_IDS[0], zone_id="z0"), NeedQuery("老陈醋")],
)
def test_every_lead_of_a_known_and_of_a_new_need_has_a_chance_that_never_rises(calibrated, query):
    engine, _ = calibrated
    leads = engine.recommend(query, Filters(), 200, 0, "zh")["leads"]
    chances = [lead["probability"] for lead in leads]
    assert all(0 < one < 1 for one in chances)
    assert chances == sorted(chances, reverse=True)
    assert chances[0] > chances[-1]
    assert leads[0]["probability_note"] == CALIBRATED["zh"].format(closed=CLOSED, won=WON)


def test_a_version_stores_its_calibration_figures(calibrated, capsys):
    _, facts = calibrated
    assert facts["calibration"]["figures"]["warm"]["outcomes"] == CLOSED
    manifests.tell_calibration(facts)
    told = capsys.readouterr().out
    assert f"closed leads: {CLOSED}, of them signed: {WON}" in told
    assert manifests.figure(facts["calibration"]["figures"]["cold"]["ece"]) in told


def test_too_few_outcomes_are_noted_and_older_versions_have_no_note(capsys):
    few = {"closed": 7, "won": 2, "figures": None}
    few["it_takes"] = {"closed": 200, "won": 30, "lost": 30}
    manifests.tell_calibration({"calibration": few})
    assert capsys.readouterr().out == (
        "closed leads: 7, of them signed: 2\n"
        "no chance of signing is given: it takes 200 with 30 signed and 30 declined or lost\n"
    )
    manifests.tell_calibration({})
    assert capsys.readouterr().out == ""
