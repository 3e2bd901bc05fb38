import pytest

from training.desk.bars import bars

pytest.importorskip("tqdm")


def test_a_bar_a_step_goes_to_stderr(capsys):
    with bars() as tell:
        tell("encode texts", 0, 2)
        tell("encode texts", 2, 2)
        tell("weigh factors", 1, 3)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "encode texts: 100%" in shown.err
    assert "weigh factors" in shown.err
