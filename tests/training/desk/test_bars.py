import pytest

from training.desk import bars as module
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


def test_a_notebook_keeps_one_line(monkeypatch):
    display = pytest.importorskip("IPython.display")
    shown = []

    class Handle:
        def update(self, told, *, raw):
            shown.append(told["text/plain"])

    monkeypatch.setattr(display, "display", lambda told, **_: Handle())
    seconds = iter(range(1000))
    with module._line(lambda: next(seconds)) as tell:
        for done in range(100):
            tell("encode texts", done, 100)
    assert shown[0] == "encode texts: 0/100"
    assert shown[-1].startswith("用时 · took ")
    assert "\n" not in "".join(shown)
