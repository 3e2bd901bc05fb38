import json

import polars as pl
import pytest

from tests.pool import EACH, FLAGGED, NEED_IDS, STRUCK, SUBJECTS, tables

NEED = NEED_IDS[0]
# One is struck off, and one of two of one name stands for both.
EVERYBODY = tables()["enterprises"].height - 2
NEW = EVERYBODY - 11
"""Enterprises that are not new leads for NEED: one that signed, ten seated in the zone's city."""
EVERY = ("--include", "signed,local")
NAMES = dict(tables()["enterprises"].select("enterprise_id", "name").iter_rows())


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def needs(tmp_path):
    """One need of the workspace, and one it does not know."""
    return write(
        tmp_path / "needs.csv",
        f"need_id,zone_id,industry,nodes,industry_codes\n{NEED},z0,LED封装,led/packaging,3975\n"
        "新区/陈醋,,老陈醋酿造,,\n",
    )


def read(path):
    if path.suffix == ".xlsx":
        return pl.read_excel(path)
    return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path)


@pytest.mark.parametrize(
    "asked",
    [["--need", NEED], ["--zone", "z0", "--industry", "LED封装"], ["--text", "LED封装"]],
    ids=lambda asked: asked[0],
)
def test_leads_are_printed_with_full_names_and_reasons(run, home, asked):
    ended = run("recommend", *asked, "-k", 10)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    ranks = [line for line in lines if line[:5].strip(" .").isdigit()]
    assert len(ranks) == 10
    assert all(any(name in line for name in NAMES.values()) for line in ranks)
    assert any("「LED封装」" in line for line in lines)
    assert "LED封装" in lines[0]


def test_flags_are_printed_in_words(run, home):
    ended = run("recommend", "--need", NEED, "-k", 9999)
    line = next(line for line in ended.out.splitlines() if NAMES[FLAGGED] in line)
    assert "特别处理" in line
    assert "信用不良" in line
    assert NAMES[STRUCK] not in ended.out


def test_json_is_one_page_and_nothing_else(run, home):
    ended = run("recommend", "--need", NEED, "-k", 3, "--json")
    assert (ended.code, ended.err) == (0, "")
    page = json.loads(ended.out)
    assert (page["limit"], page["offset"], page["total"]) == (3, 0, NEW)
    assert [lead["rank"] for lead in page["leads"]] == [1, 2, 3]
    assert run("recommend", "--need", NEED, "-k", 3, "--json").out == ended.out


def test_english_reasons(run, home):
    page = json.loads(run("recommend", "--need", NEED, "-k", 1, "--english", "--json").out)
    told = {reason["factor"]: reason["text"] for reason in page["leads"][0]["reasons"]}
    assert "is exactly what is needed" in told["item_words"]
    assert page["leads"][0]["node"]["name"] == "LED packaging"


@pytest.mark.parametrize("k", [NEW, NEW + 1, 10**9])
def test_k_above_the_pool_is_the_whole_pool(run, home, k):
    page = json.loads(run("recommend", "--need", NEED, "-k", k, "--json").out)
    assert len(page["leads"]) == page["total"] == NEW
    assert page["left_out"] == {"signed": 1, "local": 10}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--need", "z0/nothing"], "no need 'z0/nothing' is known"),
        (["--zone", "nowhere", "--industry", "LED封装"], "no zone 'nowhere' is known"),
        (["--zone", "z0", "--industry", "飞机"], "zone 'z0' has no need for the industry '飞机'"),
        (["--text", " —— "], "industry must be the name of an industry"),
        (["--text", "ωψξ"], "nothing is known of the text 'ωψξ'"),
    ],
)
def test_what_is_not_known_is_one_line(run, home, asked, said):
    ended = run("recommend", *asked)
    assert (ended.code, ended.out) == (1, "")
    assert said in ended.said


def test_without_a_model_the_line_says_what_to_do(run):
    ended = run("recommend", "--text", "LED")
    assert ended.code == 1
    assert "lianzhao train" in ended.said


def test_a_list_to_take_along(run, home, tmp_path):
    path = tmp_path / "清单.xlsx"
    ended = run("recommend", "--need", NEED, "-k", 9999, "--out", path)
    assert (ended.code, ended.err) == (0, "")
    found = pl.read_excel(path, sheet_id=2, read_options={"header_row": 1})
    assert found["序号"].to_list() == list(range(1, found.height + 1))
    assert found["企业名称"].to_list()[0] in NAMES.values()
    assert found["推荐理由"].to_list()[0]
    page = json.loads(run("recommend", "--need", NEED, "-k", 1, "--out", path, "--json").out)
    found = pl.read_excel(path, sheet_id=2, read_options={"header_row": 1})
    assert len(page["leads"]) == found.height == 1


@pytest.mark.parametrize("name", ["leads.parquet", "leads.csv", "leads.xlsx"])
def test_a_batch_has_a_row_a_lead(run, home, needs, tmp_path, name):
    batch = ["recommend", "--needs", needs, "--out", tmp_path / name, *EVERY]
    ended = run(*batch, "-k", 5, "--reasons", 2)
    assert ended.code == 0
    assert "10 leads for 2 needs" in ended.out
    found = read(tmp_path / name)
    columns = ["need_id", "rank", "enterprise_id", "score", "reasons"]
    columns += ["name", "short_name", "province", "city", "node", "fit"]
    columns += ["model_version", "pool_version"]
    if name.endswith(".xlsx"):
        assert found.columns[0] == "name"
        assert set(found.columns) == set(columns)
    else:
        assert found.columns == columns
    assert set(found["name"]) <= set(NAMES.values())
    assert set(found["fit"]) <= {"strong", "partial", "weak"}
    assert found["node"][0] == "封装"
    assert found["need_id"].to_list() == [NEED] * 5 + ["新区/陈醋"] * 5
    assert found["rank"].to_list() == [1, 2, 3, 4, 5] * 2
    assert found["reasons"].is_null().to_list() == [False, False, True, True, True] * 2
    assert sorted(found["enterprise_id"][:5]) == [f"E00{at}" for at in range(EACH)]
    assert sorted(found["enterprise_id"][5:]) == [f"E09{at}" for at in range(EACH)]


def test_a_batch_of_a_known_need_agrees_with_its_page(run, home, tmp_path):
    rows = tables()["needs"].filter(need_id=NEED)
    listed = [pl.col(c).list.join(";") for c in ("nodes", "keywords", "industry_codes")]
    rows.with_columns(listed).write_csv(tmp_path / "known.csv")
    out = tmp_path / "leads.parquet"
    batch = ["--needs", tmp_path / "known.csv", "--out", out]
    for include in ([], ["--include", "signed"], ["--include", "local,signed"]):
        asked = ["recommend", *include, "-k", 9999, "--json"]
        told = json.loads(run(*asked, *batch).out)
        page = json.loads(run(*asked, "--need", NEED).out)
        assert told["left_out"] == page["left_out"]
        found = pl.read_parquet(out)
        assert found["reasons"].is_null().to_list() == [False] * 20 + [True] * (found.height - 20)
        scores = [(lead["enterprise"]["enterprise_id"], lead["score"]) for lead in page["leads"]]
        assert found.select("enterprise_id", "score").rows() == scores


def test_a_batch_says_how_many_are_no_new_leads(run, home, needs, tmp_path):
    batch = ["recommend", "--needs", needs, "--out", tmp_path / "leads.csv"]
    assert "已与本区签约 1 家，本市企业 10 家" in run(*batch).out
    assert "left out: 1 signed with the zone, 10 seated" in run(*batch, "--english").out
    assert "未列入" not in run(*batch, "--include", "local,signed").out
    assert "include must be one of signed, local" in run(*batch, "--include", "all").said


def test_what_a_row_leaves_out_of_a_known_need_is_taken_from_the_workspace(run, home, tmp_path):
    out = tmp_path / "leads.parquet"
    rows = f"need_id,industry\n{NEED},ＬＥＤ封裝\nnew,LED封装\n"
    asked = write(tmp_path / "short.csv", rows)
    told = json.loads(run("recommend", "--needs", asked, "--out", out, "-k", 9999, "--json").out)
    assert told["left_out"] == {"signed": 1, "local": 10}
    found = pl.read_parquet(out)
    known, other = (found.filter(need_id=need) for need in (NEED, "new"))
    assert (known.height, other.height) == (NEW, EVERYBODY)
    page = json.loads(run("recommend", "--need", NEED, "-k", 9999, "--json").out)
    ids = [lead["enterprise"]["enterprise_id"] for lead in page["leads"]]
    assert known["enterprise_id"].to_list() == ids
    asked.write_text(f"need_id,industry\n{NEED},老陈醋\n", encoding="utf-8")
    told = json.loads(run("recommend", "--needs", asked, "--out", out, "-k", 9999, "--json").out)
    assert told["left_out"] == {}


def test_within_limits_the_candidates_and_changes_no_score(run, home, needs, tmp_path):
    within = write(tmp_path / "within.csv", f"企业编号\nE011\nE000\n{STRUCK}\nnobody\nE011\n")
    out = tmp_path / "leads.parquet"
    batch = ["recommend", "--needs", needs, "--out", out, "-k", 9999, *EVERY]
    run(*batch)
    whole = pl.read_parquet(out)
    ended = run(*batch, "--within", within)
    assert ended.code == 0
    assert "1 ids of" in ended.err
    some = pl.read_parquet(out)
    keys = ["need_id", "enterprise_id", "score"]
    expected = whole.filter(pl.col("enterprise_id").is_in(["E000", "E011"]))
    assert some.select(keys).equals(expected.select(keys))
    assert some["rank"].to_list() == [1, 2, 1, 2]


def test_an_empty_text_is_wrong_usage(run, home):
    ended = run("recommend", "--text", " ")
    assert (ended.code, ended.out) == (2, "")
    assert "--text must say what is wanted" in ended.err


def test_the_list_is_not_written_over_what_it_is_made_from(run, home, needs):
    before = needs.read_bytes()
    ended = run("recommend", "--needs", needs, "--out", needs)
    assert ended.code == 2
    assert "would replace the file that is read" in ended.err
    assert needs.read_bytes() == before


def test_a_batch_as_json_is_one_document(run, home, needs, tmp_path):
    out = tmp_path / "leads.csv"
    told = json.loads(run("recommend", "--needs", needs, "--out", out, "-k", 2, "--json").out)
    assert told == {
        "file": str(out),
        "leads": 4,
        "needs": 2,
        "needs_left_out": 0,
        "left_out": {"signed": 1, "local": 10},
    }


def test_needs_of_which_none_is_good_are_one_line(run, home, tmp_path):
    asked = write(tmp_path / "n.csv", "need_id,industry\nq1,???\nq2,\n")
    out = tmp_path / "leads.csv"
    ended = run("recommend", "--needs", asked, "--out", out)
    assert ended.code == 1
    assert "row 2, industry: got '???', expected the name of an industry" in ended.err
    assert "holds no need to rank for: 2 rows read, none of them good" in ended.err
    assert not out.exists()


def test_within_nobody_known_is_one_line(run, home, needs, tmp_path):
    within = write(tmp_path / "within.csv", "enterprise_id\nnobody\n")
    out = tmp_path / "leads.csv"
    ended = run("recommend", "--needs", needs, "--out", out, "--within", within)
    assert ended.code == 1
    assert "none of the 1 enterprise_ids of" in ended.err
    assert not out.exists()


@pytest.mark.parametrize("text", ["name\nE000\n", ""])
def test_within_without_ids_is_one_line(run, home, needs, tmp_path, text):
    within = write(tmp_path / "within.csv", text)
    out = tmp_path / "leads.csv"
    ended = run("recommend", "--needs", needs, "--out", out, "--within", within)
    assert ended.code == 1
    assert "within.csv" in ended.said
    assert not out.exists()


def test_needs_that_cannot_be_read_are_reported_and_the_others_ranked(run, home, tmp_path):
    needs = write(
        tmp_path / "needs.csv",
        f"need_id,industry\n{NEED},LED封装\nempty,\nodd,ωψξ\nlast,老陈醋\n",
    )
    out = tmp_path / "leads.csv"
    ended = run("recommend", "--needs", needs, "--out", out, "-k", 2)
    assert ended.code == 0
    assert "row 3" in ended.err
    assert "left out: odd: nothing is known of the text 'ωψξ'" in ended.err
    assert read(out)["need_id"].unique(maintain_order=True).to_list() == [NEED, "last"]


def test_a_file_of_needs_that_is_not_there_is_one_line(run, home, tmp_path):
    ended = run("recommend", "--needs", tmp_path / "no.csv", "--out", tmp_path / "leads.csv")
    assert ended.code == 1
    assert "no.csv" in ended.said


def test_every_industry_finds_its_own(run, home, tmp_path):
    needs = write(
        tmp_path / "all.csv",
        "need_id,industry\n" + "".join(f"new/{name},{name}\n" for name in SUBJECTS),
    )
    out = tmp_path / "leads.parquet"
    run("recommend", "--needs", needs, "--out", out, "-k", EACH)
    found = pl.read_parquet(out)
    for number, industry in enumerate(SUBJECTS):
        own = found.filter(need_id=f"new/{industry}")["enterprise_id"].to_list()
        # 道路照明 shares no more with LED照明 than LED灯珠 does, in so small a pool.
        least = 3 if industry == "LED照明" else 4
        assert sum(id_.startswith((f"E{number:02}", "X-")) for id_ in own) >= least, industry


def test_gates_that_must_pass(run, home):
    everybody = json.loads(run("recommend", "--need", NEED, "-k", 200, "--json").out)
    passing = json.loads(run("recommend", "--need", NEED, "--gate", "energy", "--json").out)
    assert 0 < passing["total"] <= everybody["total"]
    none = run("recommend", "--need", NEED, "--gate", "energy,exclusions")
    assert none.code == 0
    assert "因情况不详未列入：gate" in none.out
    assert run("recommend", "--need", NEED, "--gate", "luck").code == 1
    assert run("recommend", "--needs", "f.csv", "--out", "o.csv", "--gate", "energy").code == 2


@pytest.mark.parametrize("k", [3, 9999])
def test_a_batch_by_shards_is_the_batch_of_one_process(run, home, needs, tmp_path, k):
    files = [tmp_path / f"{count}.csv" for count in (1, 3)]
    for file, count in zip(files, (1, 3), strict=True):
        ended = run("recommend", "--needs", needs, "--out", file, "-k", k, "--shards", count)
        assert ended.code == 0, ended.err
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--address", "127.0.0.1:1"], "--address goes with --engine ray"),
        (["--shards", 0], "--shards"),
        (["--engine", "dask"], "--engine"),
    ],
)
def test_wrong_ways_to_have_it_done_are_wrong_usage(run, home, needs, tmp_path, more, said):
    ended = run("recommend", "--needs", needs, "--out", tmp_path / "leads.csv", *more)
    assert ended.code == 2
    assert said in ended.err


def test_one_need_is_not_cut_into_shards(run, home):
    ended = run("recommend", "--need", NEED, "--shards", 2)
    assert ended.code == 2
    assert "go with --needs FILE" in ended.said


def test_an_altered_file_of_a_shard_is_named(run, home, needs, tmp_path):
    run("recommend", "--needs", needs, "--out", tmp_path / "leads.csv")
    (file,) = home.glob("prepared/*/*/views.topics.npy")
    file.write_bytes(file.read_bytes()[:200])
    ended = run("recommend", "--needs", needs, "--out", tmp_path / "again.csv", "--shards", 2)
    assert ended.code == 0, "what was prepared is made anew from model and tables"
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "leads.csv").read_bytes()
