import json
from datetime import date

import pytest

from features.workspace import Workspace
from service.commands import evaluation
from tests.pool import NEED_IDS, frame
from tests.training.deals import SINCE, trading_data
from tests.training.documents import comparison
from training import plots, protocols
from training.stack import STACK


@pytest.fixture
def compared(monkeypatch):
    """Replace the comparison: keep the requested split, and return at once."""
    seen = {}

    class Found:
        def to_dict(self):
            return comparison()

    def compare(split, store, *, rankers, stack, words, progress, executor, encoder):
        assert executor is None
        seen.update(split=split, rankers=rankers, stack=stack, words=words)
        progress("cold-need 1/1: peers", 1, 1)
        return Found()

    monkeypatch.setattr(evaluation.harness, "compare", compare)
    return seen


@pytest.fixture
def trading(home):
    """Return the workspace with dated deals."""
    data = trading_data()
    Workspace(home).commit(
        {name: getattr(data, name) for name in ("enterprises", "needs", "judgements", "events")}
    )
    return home


def test_every_ranker_is_compared_on_needs_never_seen(run, home, tmp_path):
    before = sorted(home.iterdir())
    ended = run("evaluate", "--protocol", "cold-need", "--json", "--out", tmp_path / "out")
    assert ended.code == 0
    document = json.loads(ended.out)
    assert document == json.loads((tmp_path / "out" / "cold-need.json").read_bytes())
    assert document["protocol"] == "cold-need"
    assert {STACK, "random", "character_tfidf", "bm25", "lightfm"} <= set(document["rankers"])
    assert document["rankers"][STACK]["figures"]["all"]["ndcg@10"]["needs"] == len(NEED_IDS)
    assert document["stack_minus_peer"]["random"]["all"]["ndcg@10"]["low"] > 0
    assert document["stack_minus_stack_without"]
    assert document["tables"]["needs"] == Workspace(home).version("needs")
    assert "als" in document["left_out"]
    assert "cold-need 5/5: peers: " in ended.err
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {
        *(".json", ".csv", ".md", ".svg", ".png")
    }
    assert sorted(home.iterdir()) == before
    by_two = json.loads(run("evaluate", "--protocol", "cold-need", "--json", "--workers", 2).out)
    for name, own in document["rankers"].items():
        assert by_two["rankers"][name]["figures"] == own["figures"], name
    assert by_two["stack_minus_stack_without"] == document["stack_minus_stack_without"]


def test_the_table_is_printed_with_everything_that_was_counted(run, home, compared):
    ended = run("evaluate", "--protocol", "cold-need", "--seed", "4")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0] == "cold-need: all needs"
    assert lines[1].split() == [
        *("ranker", "ndcg@10", "stack", "ahead", "mrr", "coverage@20", "gini@20", "overlap@20")
    ]
    assert lines[3].startswith("bm25      0.500 [0.400, 0.600]  +0.100 [+0.000, +0.200]  0.500")
    assert "counted: needs_asked_for 14" in ended.out
    assert "left out: als (it knows nobody)" in ended.out
    assert "not say whether an enterprise will invest" in lines[-1]
    assert compared["split"].seed == 4


def test_a_terminal_gets_a_ruled_table(compared, home, run, monkeypatch):
    monkeypatch.setattr(evaluation.sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    assert "┃" in run("evaluate", "--protocol", "cold-need").out


def test_time_takes_a_date_and_finds_several_without(run, trading, compared):
    assert run("evaluate", "--protocol", "time", "--date", SINCE.isoformat()).code == 0
    assert compared["split"].date == SINCE
    assert run("evaluate", "--protocol", "time").code == 0
    several = compared["split"].dates
    assert 1 < len(several) <= len(protocols.rolling_dates(trading_data()))


@pytest.mark.parametrize("protocol", ["warm", "leave-zone-out", "cold-enterprise"])
def test_every_protocol_runs_where_there_are_data_for_it(run, trading, compared, protocol):
    assert run("evaluate", "--protocol", protocol).code == 0
    assert compared["split"].protocol == protocol


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--protocol", "warm"), 1, "warm cannot be run on this workspace"),
        (("--protocol", "leave-zone-out"), 1, "zones with a relevant pair are required, got 2"),
        (("--protocol", "time", "--date", "2000-01-01"), 1, "before 2000-01-01"),
        (("--protocol", "warm", "--date", "2020-01-01"), 2, "--date goes with --protocol time"),
        (("--protocol", "warm", "--needs", "n.csv"), 2, "--needs goes with --protocol phrases or"),
        (("--protocol", "prose", "--needs", "n.csv"), 2, "--judgements is missing"),
        (("--protocol", "prose", "--enterprises", "e.csv"), 2, "--needs is missing"),
        (("--protocol", "prose", "--words", "no.csv"), 1, "no.csv does not exist"),
    ],
)
def test_a_protocol_that_cannot_be_run_is_reported_in_one_line(run, home, arguments, code, told):
    ended = run("evaluate", *arguments, "--json")
    assert ended.code == code
    assert told in ended.said
    assert ended.out == ""


@pytest.mark.parametrize(
    "arguments", [(), ("--protocol", "hot"), ("--protocol", "time", "--date", "soon")]
)
def test_wrong_usage(run, home, arguments):
    ended = run("evaluate", *arguments)
    assert (ended.code, ended.out) == (2, "")


def test_an_empty_workspace_is_reported_and_not_changed(run, tmp_path):
    ended = run("evaluate", "--protocol", "cold-need")
    assert ended.code == 1
    assert "the workspace holds no enterprises" in ended.said
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("below", ["", "out"])
def test_a_folder_that_cannot_be_created_is_reported_before_the_comparison(
    run, home, compared, tmp_path, below
):
    taken = tmp_path / "file"
    taken.write_text("kept")
    ended = run("evaluate", "--protocol", "cold-need", "--out", taken / below)
    assert (ended.code, ended.out) == (1, "")
    assert f"--out {taken / below} cannot be a folder" in ended.said
    assert "expected" in ended.said
    assert taken.read_text() == "kept"
    assert compared == {}


def test_without_altair_there_is_everything_but_plots(run, home, compared, tmp_path, monkeypatch):
    monkeypatch.setattr(plots, "find_spec", lambda _: None)
    ended = run("evaluate", "--protocol", "cold-need", "--out", tmp_path / "out")
    assert ended.code == 0
    assert "no plots: not installed: altair" in ended.err
    assert f"wrote {tmp_path / 'out' / 'cold-need.json'}" in ended.out
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_an_event_of_the_future_does_not_stop_an_evaluation(run, trading, compared):
    events = Workspace(trading).read("events")
    late = frame(
        "events", [{**events.row(0, named=True), "event_id": "x", "date": date(2100, 1, 1)}]
    )
    Workspace(trading).commit({"events": events.vstack(late)})
    assert run("evaluate", "--protocol", "time").code == 0


@pytest.fixture
def files(tmp_path):
    """Write a phrase, its grades, another pool and words; return the arguments of `evaluate`."""
    texts = {
        "needs": "need_id,industry\np1,灯\np2,\n",
        "judgements": "topic_id,enterprise_id,grade\np1,A1,2\np1,A2,1\np1,A3,0\np1,gone,2\n",
        "enterprises": "enterprise_id,name,business_scope\n"
        + "".join(f"A{at},第{at}灯业有限公司,生产灯具{at}；销售灯\n" for at in range(1, 6)),
        "words": "need_id,words\np1,灯具;路灯\np9,\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return [part for name in texts for part in (f"--{name}", str(tmp_path / f"{name}.csv"))]


def test_needs_judgements_and_a_pool_are_read_from_files_and_not_kept(run, home, compared, files):
    before = {name: Workspace(home).version(name) for name in ("needs", "judgements")}
    ended = run("evaluate", "--protocol", "phrases", *files)
    assert ended.code == 0
    (task,) = compared["split"].tasks
    assert task.ids.tolist() == [f"A{at}" for at in range(1, 6)]
    assert task.data.judgements.is_empty()
    assert task.data.needs.is_empty()
    assert task.data.events.is_empty()
    (question,) = task.questions
    assert question.gains.tolist() == [3, 1, 0, 0, 0]
    assert question.judged.tolist() == [True, True, True, False, False]
    assert compared["words"] == {"p1": ["灯具", "路灯"]}
    # A need without an industry, and a judgement of whom the pool does not know.
    assert ended.err.count("bad row: ") == 2
    assert {name: Workspace(home).version(name) for name in before} == before


def test_a_file_of_needs_is_asked_over_the_workspace_and_the_rest_is_learnt_from(
    run, home, compared, files, tmp_path
):
    (tmp_path / "judgements.csv").write_text(
        "need_id,enterprise_id,grade\np1,E010,2\np1,E011,0\n", encoding="utf-8"
    )
    assert run("evaluate", "--protocol", "phrases", *files[:4]).code == 0
    (task,) = compared["split"].tasks
    assert [question.query.need_id for question in task.questions] == ["p1"]
    assert set(task.data.needs["need_id"]) == set(NEED_IDS)
    assert task.data.judgements.height == Workspace(home).read("judgements").height


def test_a_file_without_a_good_row_is_reported(run, home, compared, files, tmp_path):
    (tmp_path / "needs.csv").write_text("need_id,industry\np1,\n", encoding="utf-8")
    ended = run("evaluate", "--protocol", "phrases", *files)
    assert (ended.code, compared) == (1, {})
    assert "holds nothing to evaluate on: 1 rows read, none of them good" in ended.said


def test_phrases_over_another_pool_are_ranked_in_earnest(run, home, files):
    ended = run("evaluate", "--protocol", "phrases", *files, "--json")
    assert ended.code == 0
    document = json.loads(ended.out)
    assert document["rankers"][STACK]["figures"]["all"]["ndcg@10"]["mean"] > 0
    assert document["rankers"][STACK]["figures"]["all"]["unjudged@10"]["mean"] == pytest.approx(0.4)
    assert document["candidates"] == {
        "who": "all enterprises",
        "fewest": 5,
        "most": 5,
        "enterprises": 5,
    }
    assert document["files"]["words"] == "words.csv"
    assert document["counts"]["needs_with_words_of_a_model"] == 1
    assert "no pair left" in document["left_out"]["lightfm"]


def test_judgements_without_a_grade_are_of_members(run, home, compared, files, tmp_path):
    (tmp_path / "judgements.csv").write_text(
        "need_id,enterprise_id\np1,A1\np1,A4\n", encoding="utf-8"
    )
    assert run("evaluate", "--protocol", "prose", *files).code == 0
    (task,) = compared["split"].tasks
    (question,) = task.questions
    assert task.ids[question.relevant].tolist() == ["A1", "A4"]
