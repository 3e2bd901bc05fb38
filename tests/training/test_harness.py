from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from features.errors import InputError
from models.executors import InProcess
from tests.conftest import TODAY
from tests.pool import NEED_IDS, frame, need_rows, training_data
from training import standings
from training.harness import compare
from training.peers import base
from training.peers.base import Peer
from training.peers.rules import Chance, SectorPopularity
from training.peers.search import CharacterTfidf
from training.peers.word_search import Bm25Words
from training.protocols import split
from training.stack import STACK, Stack
from training.standings import BEST


class Oracle(Peer):
    name = "oracle"
    gloss = "全知"

    def fit(self, ground):
        self.fitted_on_ = ground.task
        return self

    def scores(self, question):
        return question.relevant.astype(float)


class Recorded(Stack):
    """A stack of four factors: informative, noise, non-zero for one need, constant."""

    def fit(self, ground):
        self.factors_ = ("knows", "noise", "seldom", "constant")
        self.size_ = len(ground.pool)
        return self

    def contributions(self, question):
        noise = np.random.default_rng(0).random(self.size_)
        seldom = noise * (question.query.need_id == NEED_IDS[-1])
        return np.stack([2.0 * question.relevant, noise, seldom, np.ones(self.size_)])

    def alone(self, question):
        return self.contributions(question)[:-1]

    def without_thesaurus(self, ground):
        return None


@pytest.fixture(scope="module")
def cold():
    return split("cold-need", training_data(), today=TODAY)


@pytest.fixture(scope="module")
def document(cold, store):
    rankers = [Oracle(), Chance(), SectorPopularity()]
    return compare(cold, store, rankers=rankers, stack=Recorded()).to_dict()


def test_a_ranker_that_knows_reaches_one_and_chance_does_not(document):
    for name, figure in (("oracle", 1.0), (STACK, 1.0)):
        assert document["rankers"][name]["figures"]["all"]["ndcg@10"]["mean"] == figure
        assert document["rankers"][name]["figures"]["all"]["recall@50"]["mean"] == figure
    assert document["rankers"]["random"]["figures"]["all"]["ndcg@10"]["mean"] < 0.7


def test_every_need_has_its_value_and_its_place_in_the_counts(document):
    values = document["rankers"]["oracle"]["needs"]["ndcg@10"]
    assert values == dict.fromkeys(sorted(NEED_IDS), 1.0)
    assert document["counts"]["needs_asked_for"] == len(NEED_IDS)
    assert document["counts"]["cold_needs_asked_for"] == len(NEED_IDS)
    assert document["counts"]["warm_needs_asked_for"] == 0
    every = {"judged": len(NEED_IDS), "left_out": 0}
    none = {"judged": 0, "left_out": 0}
    found = document["figures"]["ndcg@10"]["needs"]
    assert found == {"all": every, "warm": none, "cold": every, "questions": every}


def test_differences_are_of_the_stack_against_every_peer(document):
    assert set(document["stack_minus_peer"]) == set(document["rankers"]) - {STACK}
    gap = document["stack_minus_peer"]["oracle"]["all"]["ndcg@10"]
    assert (gap["mean"], gap["low"], gap["high"]) == (0, 0, 0)
    assert document["stack_minus_peer"]["random"]["all"]["ndcg@10"]["low"] > 0


def test_what_leaves_when_a_factor_leaves(document):
    found = document["stack_minus_stack_without"]
    assert found["knows"]["all"]["ndcg@10"]["low"] > 0.1
    assert found["noise"]["all"]["ndcg@10"]["mean"] == 0
    assert found["seldom"]["all"]["ndcg@10"]["needs"] == len(NEED_IDS)
    assert "constant" not in found


def test_the_factor_that_alone_reaches_most_is_a_row_beside_the_stack(document):
    assert list(document["rankers"])[:2] == [STACK, BEST]
    assert document["rankers"][BEST]["settings"] == {"factor": "knows"}
    assert document["rankers"][BEST]["figures"]["all"]["ndcg@10"]["mean"] == 1
    assert set(document["factors_alone"]) == {"knows", "noise", "seldom"}
    assert document["stack_minus_peer"][BEST]["all"]["ndcg@10"]["mean"] == 0


def test_the_candidates_are_described(document):
    among = document["candidates"]
    assert among["who"].startswith("enterprises that no judgement left to learn from names")
    assert among["fewest"] <= among["most"] < among["enterprises"]


def test_words_of_a_model_reach_the_stack_and_the_peers_of_words(store):
    """A need of nonsense is found by the words that are given for it."""
    needs = need_rows()
    needs[9]["industry"] = "东方"
    data = training_data(needs=frame("needs", needs))
    asked = split("prose", data, today=TODAY, asked=[NEED_IDS[9]])

    def reached(words):
        found = compare(asked, store, rankers=[Bm25Words()], stack=Stack(), words=words).to_dict()
        own = found["rankers"]
        return found["counts"]["needs_with_words_of_a_model"], {
            name: own[name]["figures"]["all"]["ndcg@10"]["mean"] for name in (STACK, "bm25_words")
        }

    count, without = reached(None)
    assert count == 0
    count, told = reached({NEED_IDS[9]: ["食醋", "老陈醋", "香醋"]})
    assert count == 1
    assert all(told[name] > 0.9 > without[name] for name in told)


def test_a_ranker_that_cannot_take_part_is_named_with_the_reason(cold, store, monkeypatch):
    monkeypatch.setattr(base, "find_spec", lambda _: None)
    some = replace(cold, tasks=cold.tasks[:1])
    found = compare(some, store).to_dict()
    assert "not installed" in found["left_out"]["bm25"]
    assert "bm25" not in found["rankers"]
    assert found["rankers"]["character_tfidf"]["figures"]["all"]["ndcg@10"]["mean"] > 0.9


def test_the_same_data_and_seed_give_the_same_document(cold, store, document):
    rankers = [Oracle(), Chance(), SectorPopularity()]
    again = compare(cold, store, rankers=rankers, stack=Recorded()).to_dict()
    for found in (again, document):
        for own in found["rankers"].values():
            own.pop("seconds", None)
    assert again == document


def test_a_need_that_no_profile_speaks_of_is_counted_and_asked_of_nobody(store):
    needs = need_rows()
    needs[1]["industry"] = "ωψξ"
    data = training_data(needs=frame("needs", needs))
    found = compare(split("cold-need", data, today=TODAY), store, rankers=[Oracle()]).to_dict()
    assert found["counts"]["questions_no_profile_speaks_of"] == 1
    assert len(found["rankers"]["oracle"]["needs"]["ndcg@10"]) == len(NEED_IDS) - 1


def test_needs_that_no_profile_speaks_of_at_all_are_reported(store):
    needs = [{**row, "industry": "ωψξ", "nodes": None} for row in need_rows()]
    data = training_data(needs=frame("needs", needs))
    with pytest.raises(InputError, match="no profile says a word"):
        compare(split("cold-need", data, today=TODAY), store, rankers=[Oracle()])


def test_the_stack_learns_from_the_task_alone_and_its_parts_sum_up(cold, store):
    some = replace(cold, tasks=cold.tasks[:1])
    found = compare(some, store, rankers=[CharacterTfidf()], stack=Stack()).to_dict()
    stack = found["rankers"][STACK]
    assert stack["figures"]["all"]["ndcg@10"]["mean"] > 0.8
    assert {"text_words", "thesaurus"} <= set(found["stack_minus_stack_without"])
    assert found["rankers"][BEST]["settings"]["factor"] in found["factors_alone"]
    # No head can know a need that is hidden.
    assert "need_head" not in found["stack_minus_stack_without"]


def test_steps_are_reported_task_by_task(cold, store):
    told = []
    compare(cold, store, rankers=[Oracle()], progress=lambda *done: told.append(done))
    assert ("cold-need 5/5: peers", 1, 1) in told


def test_versions_of_libraries_are_kept(monkeypatch):
    monkeypatch.setattr(standings, "LIBRARIES", ("numpy", "no-such-library"))
    found = standings.libraries()
    assert found["numpy"] == np.__version__
    assert found["no-such-library"] is None


class Threads(Chance):
    """Notes on how many threads products are made while it is fitted and asked."""

    name = "threads"

    def __init__(self):
        super().__init__()
        self.seen = set()

    def _look(self):
        blas = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
        self.seen |= {pool["num_threads"] for pool in blas}

    def fit(self, ground):
        self._look()
        return super().fit(ground)

    def scores(self, question):
        self._look()
        return super().scores(question)


def test_figures_do_not_follow_from_the_threads_of_the_machine(cold, store):
    ranker = Threads()
    with threadpool_limits(3, user_api="blas"):
        compare(cold, store, rankers=[ranker])
    assert ranker.seen == {1}


def judged(enterprises, pairs):
    """Return the data of a few enterprises, of which the first are judged for needs."""
    data = training_data()
    ids = data.enterprises["enterprise_id"][:enterprises]
    rows = [{"need_id": NEED_IDS[need], "enterprise_id": ids[at], "grade": 2} for need, at in pairs]
    return replace(
        data,
        enterprises=data.enterprises[:enterprises],
        judgements=frame("judgements", rows),
        events=data.events.clear(),
    )


def test_uninformative_figures_are_marked(store, document):
    pairs = [(need, 5 * need + at) for need in range(5) for at in range(5)]
    rankers = [Oracle(), Chance()]
    one = split("cold-need", judged(25, pairs), today=TODAY)
    found = compare(one, store, rankers=rankers).to_dict()["warnings"]
    assert len(found) == 3
    assert "only 5 needs could be judged" in found[0]
    assert "100% of the candidates of a need are relevant" in found[1]
    assert "every ranker reaches the same ndcg@10, 1.000" in found[2]
    # Among enough others the same judgements are worth something.
    other = split("cold-need", judged(60, pairs), today=TODAY)
    found = compare(other, store, rankers=rankers).to_dict()["warnings"]
    assert [text.split(":")[0] for text in found] == ["only 5 needs could be judged"]
    assert document["warnings"] == []


@pytest.mark.parametrize(
    "pairs", [[(0, at) for at in range(5)], [(need, need) for need in range(5)]]
)
def test_a_protocol_that_can_judge_no_need_is_refused(store, pairs):
    asked = split("cold-enterprise", judged(60, pairs), today=TODAY)
    with pytest.raises(InputError, match="can judge nothing here"):
        compare(asked, store, rankers=[Oracle(), Chance()])


def without_times(found):
    """Return a comparison as a document, without how long it took."""
    told = found.to_dict()
    for own in told["rankers"].values():
        del own["seconds"]
    return told


def test_tasks_judged_elsewhere_are_judged_as_here(cold, store):
    rankers = [Oracle(), Chance(), SectorPopularity()]
    here = compare(cold, store, rankers=rankers, stack=Recorded())
    executor = InProcess()
    told = []
    found = compare(
        cold,
        store,
        rankers=rankers,
        stack=Recorded(),
        progress=lambda *step: told.append(step),
        executor=executor,
        encoder="tests.pool:HashedEncoder",
    )
    assert without_times(found) == without_times(here)
    assert told == [("cold-need: tasks", done, 5) for done in range(1, 6)]
    assert list(found.seconds) == list(here.seconds)
