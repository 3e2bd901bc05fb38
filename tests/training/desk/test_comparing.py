from dataclasses import fields, replace
from datetime import date

from tests.pool import tables
from training.data import TrainingData
from training.desk import comparing


def test_a_protocol_that_lacks_data_is_left_out_and_says_why(store):
    known = tables()
    data = TrainingData(
        **{own.name: known[own.name] for own in fields(TrainingData) if own.name in known}
    )
    lonely = data.judgements.unique("enterprise_id", maintain_order=True)
    found, left_out = comparing.compare(
        ["warm"], replace(data, judgements=lonely), store, today=date(2026, 1, 1)
    )
    assert found == {}
    assert "cannot be run" in left_out["warm"]
    assert "- warm: " in comparing.left_out_text(left_out)
    assert comparing.left_out_text({}) == ""
