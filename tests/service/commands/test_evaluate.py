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
    """Compare nothing in earnest: keep the split that was asked for, and answer at once."""
    seen = {}

    class Found:
        def to_dict(self):
            return comparison()

    def compare(split, store, *, stack, words, progress):
        seen.update(split=split, stack=stack, words=words)
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
    assert compared["split"].dates == protocols.rolling_dates(trading_data())


@pytest.mark.parametrize("protocol", ["warm", "leave-zone-out", "cold-enterprise"])
def test_every_protocol_runs_where_there_are_data_for_it(run, trading, compared, protocol):
    assert run("evaluate", "--protocol", protocol).code == 0
    assert compared["split"].protocol == protocol


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--protocol", "warm"), 1, "warm cannot be run on this workspace"),
        (("--protocol", "leave-zone-out"), 1, "zones with a relevant pair, there are 2"),
        (("--protocol", "time", "--date", "2000-01-01"), 1, "before 2000-01-01"),
        (("--protocol", "warm", "--date", "2020-01-01"), 2, "--date goes with --protocol time"),
    ],
)
def test_what_cannot_be_run_is_told_in_one_line(run, home, arguments, code, told):
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


def test_an_empty_workspace_is_told_and_left_as_it_is(run, tmp_path):
    ended = run("evaluate", "--protocol", "cold-need")
    assert ended.code == 1
    assert "the workspace holds no enterprises" in ended.said
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("below", ["", "out"])
def test_a_folder_that_cannot_be_made_is_told_before_anything_is_compared(
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
