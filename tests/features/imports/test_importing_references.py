import pytest

from features.errors import InputError, RejectedRowsError
from features.imports.importing import import_table
from tests.features.imports.reports import counts

CHAIN = "chain_id,产业链,node_id,环节,位置,供应环节\n"


def test_a_chain_map_replaces_the_whole_one_in_its_own_order(load, workspace):
    report = load("chains", CHAIN + "c,链,c/b,乙,上游,c/a\nc,链,c/a,甲,下游,\n")
    assert counts(report) == (2, 2, 0, 0, 0)
    columns = "node_id", "position", "supplies"
    assert workspace.read("chains").select(columns).rows() == [
        ("c/b", "upstream", ["c/a"]),
        ("c/a", "downstream", None),
    ]
    report = load("chains", CHAIN + "c,链,c/a,甲,下游,\n")
    assert counts(report) == (1, 0, 1, 1, 0)
    assert workspace.read("chains")["node_id"].to_list() == ["c/a"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("c,链,c/a,甲,,c/x\n", "node c/a supplies c/x, which is not a node"),
        ("c,链,c/a,甲,,c/b\nc,链,c/b,乙,,c/a\n", "the edges of chain c form a cycle"),
        ("c,链,c/a,甲,,\nc,其他,c/b,乙,,\n", "chain c has two names"),
    ],
)
def test_a_chain_map_that_does_not_hold_together_is_refused(load, workspace, rows, message):
    version = workspace.version("chains")
    with pytest.raises(InputError, match=message) as caught:
        load("chains", CHAIN + rows)
    assert "chains.csv: " in str(caught.value)
    assert workspace.version("chains") == version


LINKS = "投入部门代码,投入部门,产出部门代码,产出部门,直接消耗系数\n"


def test_an_input_output_table_replaces_the_whole_one(load, workspace):
    rows = "006,煤炭,042,焦炭,0.5\n042,焦炭,061,钢,0.25\n"
    assert counts(load("input_output", LINKS + rows)) == (2, 2, 0, 0, 0)
    version = workspace.version("input_output")
    assert counts(load("input_output", LINKS + rows)) == (2, 0, 2, 2, 0)
    assert workspace.version("input_output") == version
    assert counts(load("input_output", LINKS + "1,煤,2,钢,0.1\n")) == (1, 1, 0, 0, 0)
    assert workspace.read("input_output").rows() == [("1", "煤", "2", "钢", 0.1)]


def test_bad_rows_of_an_input_output_table_are_reported(load, workspace):
    rows = "1,煤,2,钢,0.1\n2,钢,1,煤,1.5\n3,焦,1,煤,多\n,焦,1,煤,0.1\n1,煤,2,钢,0.2\n4,矿,1,煤,\n"
    report = load("input_output", LINKS + rows)
    assert (report.added, report.rejected) == (1, 5)
    told = [(problem.row, problem.column) for problem in report.problems]
    assert told == [
        (3, "直接消耗系数"),
        (4, "直接消耗系数"),
        (5, "投入部门代码"),
        (6, "投入部门代码, 产出部门代码"),
        (7, "直接消耗系数"),
    ]
    assert "from 0 to 1" in report.problems[0].expected
    with pytest.raises(RejectedRowsError):
        load("input_output", LINKS + rows, strict=True)


def test_the_real_input_output_table_is_read(shared_data, workspace):
    path = shared_data / "reference" / "input_output_2020.csv"
    report = import_table(workspace, "input_output", path)
    assert counts(report) == (12_037, 12_037, 0, 0, 0)


def test_the_shipped_chain_map_can_be_imported_as_it_is_exported(workspace, tmp_path):
    shipped = workspace.read("chains")
    shipped.write_parquet(tmp_path / "chains.parquet")
    report = import_table(workspace, "chains", tmp_path / "chains.parquet")
    assert counts(report)[::4] == (shipped.height, 0)
    assert (
        workspace.read("chains")["supplies"].list.len().sum()
        == shipped["supplies"].list.len().sum()
    )
