import csv
import io
import json

import pytest

from features.errors import UnavailableError
from tests.training.documents import comparison, figure, parts, ranker
from training import report


@pytest.fixture
def document():
    return comparison()


def test_a_row_a_ranker_with_intervals_and_how_far_the_stack_is_ahead(document):
    header, rows = report.table(document)
    assert header[:4] == ["ranker", "ndcg@10", "stack ahead", "mrr"]
    assert rows[0][:3] == ["lianzhao", "0.600 [0.500, 0.700]", "–"]
    assert rows[1][:4] == [
        "bm25",
        "0.500 [0.400, 0.600]",
        "+0.100 [+0.000, +0.200]",
        "0.500 [0.400, 0.600]",
    ]
    assert rows[1][4:] == ["0.500", "0.250", "–"]


def test_a_brief_table_has_intervals_only_where_it_is_judged(document):
    _, rows = report.table(document, brief=True)
    assert rows[1][1:4] == ["0.500 [0.400, 0.600]", "+0.100 [+0.000, +0.200]", "0.500"]
    assert report.ablation(document, brief=True) == (
        ["without", "loss of ndcg@10"],
        [["feedback", "+0.020 [-0.080, +0.120]"]],
    )


def test_who_is_left_out_of_a_figure_is_counted(document):
    assert report.needs_text(document) == (
        "mrr: 11 needs, 3 left out (fewer than 2 relevant); "
        "ndcg@10: 12 needs, 2 left out (fewer than 2 relevant)"
    )


def test_questions_are_counted_where_tasks_share_needs(document):
    for own in document["figures"].values():
        own["needs"]["questions"] = {"judged": 40, "left_out": 9}
    assert "12 needs, 2 left out, and 9 of 49 questions (fewer than" in report.needs_text(document)


def test_warm_and_cold_get_tables_of_their_own_only_where_there_are_both(document):
    assert report.slices_of(document) == ["all"]
    document["rankers"]["lianzhao"]["figures"] = parts(0.6, figure(0.6))
    assert report.slices_of(document) == ["all", "warm", "cold"]


def test_markdown_has_all_counts(document):
    text = report.markdown(document)
    assert "| bm25 | 0.500 [0.400, 0.600] |" in text
    assert "- needs: 20" in text
    assert "- left out: als (it knows nobody)" in text
    assert "| feedback | " in text
    assert report.NOTE in text


def test_a_matrix_has_a_column_a_protocol(document):
    other = {**document, "protocol": "time", "rankers": {"lianzhao": ranker(0.3)}}
    assert report.matrix([(document, "ndcg@10"), (other, "mrr")]).splitlines() == [
        "|  | cold-need, ndcg@10 | time, mrr |",
        "| --- | --- | --- |",
        "| lianzhao | 0.600 [0.500, 0.700] | 0.300 [0.200, 0.400] |",
        "| bm25 | 0.500 [0.400, 0.600] | – |",
    ]


def test_files_hold_everything_and_the_table_is_read_by_excel(document, tmp_path):
    files = report.save(document, tmp_path / "new" / "out")
    assert [path.name for path in files] == ["cold-need.json", "cold-need.csv", "cold-need.md"]
    assert sorted(path.name for path in (tmp_path / "new" / "out").iterdir()) == sorted(
        path.name for path in files
    )
    assert json.loads(files[0].read_bytes()) == document
    content = files[1].read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    gap = next(row for row in rows if row["what"] == "stack_minus_peer")
    assert (gap["ranker"], gap["figure"], float(gap["mean"])) == ("bm25", "ndcg@10", 0.1)


def test_a_folder_that_cannot_be_written_to_is_reported(document, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(UnavailableError, match="could not write"):
        report.save(document, blocked)


def test_cuts_are_listed_with_their_days(document):
    own = {"lianzhao": {"ndcg@10": figure(0.5)}, "bm25": {"ndcg@10": None}}
    document |= {"dates": ["2011-01-01", "2012-01-01"]}
    document["cuts"] = dict.fromkeys(document["dates"], own)
    assert report.cuts(document) == (
        ["ranker, ndcg@10", "2011-01-01", "2012-01-01"],
        [["lianzhao", *["0.500 [0.400, 0.600]"] * 2], ["bm25", "–", "–"]],
    )
    text = report.markdown(document)
    assert "mean over 2 cuts: hidden from 2011-01-01, 2012-01-01 on" in text
    assert "## Cut by cut" in text


def test_candidates_are_described(document):
    assert "Candidates: 30 of 30: all enterprises." in report.markdown(document)
    some = {"who": "some", "fewest": 10, "most": 20, "enterprises": 30}
    assert report.candidates_text(some) == "10 to 20 of 30: some"
