from service.serving.explanation.reasons import summary


def test_a_summary_joins_positive_reasons_with_evidence_first():
    said = [
        {"factor": "hybrid", "contribution": 2.0, "text": "甲"},
        {"factor": "constant", "contribution": 1.5, "text": "乙"},
        {"factor": "node_match", "contribution": 1.0, "text": "丙"},
        {"factor": "text_words", "contribution": 0.5, "text": "丁"},
        {"factor": "proximity", "contribution": -0.5, "text": "戊"},
    ]
    assert summary(said, "；") == "丙；丁；甲"
    assert summary(said, "; ", 1) == "丙"
    assert summary(said[-1:], "；") == ""


def test_a_summary_includes_a_reason_about_the_zone():
    said = [
        {"factor": "text_words", "contribution": 4.0, "text": "甲"},
        {"factor": "node_match", "contribution": 3.0, "text": "乙"},
        {"factor": "topic_words", "contribution": 2.0, "text": "丙"},
        {"factor": "gap", "contribution": 0.2, "text": "丁"},
        {"factor": "supply_link", "contribution": 0.1, "text": "戊"},
    ]
    assert summary(said, "；") == "甲；乙；丁"
    assert summary(said, "；", 1) == "甲"
    assert summary(said[:3], "；") == "甲；乙；丙"
    assert summary([said[3], *said[:3]], "；") == "丁；甲；乙"
    said[3]["contribution"] = said[4]["contribution"] = -0.1
    assert summary(said, "；") == "甲；乙；丙"


def test_a_summary_names_an_item_once_for_its_words_and_its_kind():
    said = [
        {"factor": "item_words", "contribution": 3.0, "text": "甲", "evidence": ["灯珠", "LED"]},
        {"factor": "item_kinds", "contribution": 2.0, "text": "乙", "evidence": ["灯珠", "照明"]},
        {"factor": "node_match", "contribution": 1.0, "text": "丙", "evidence": ["灯珠"]},
    ]
    assert summary(said, "；") == "甲；丙"
    said[1]["evidence"] = ["灯带", "照明"]
    assert summary(said, "；") == "甲；乙；丙"
    said[0]["contribution"] = -3.0
    said[1]["evidence"] = ["灯珠", "照明"]
    assert summary(said, "；") == "乙；丙"
