import json
import sys

import pytest

from service.commands.context import Context, echo_json, progress


def test_nothing_is_made_before_it_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("LIANZHAO_LOG_LEVEL", "loud")
    Context(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_everything_starts_from_one_home(tmp_path):
    context = Context(tmp_path / "new")
    assert context.workspace.home == tmp_path / "new"
    assert context.registry.workspace is context.workspace
    assert context.workspace is context.workspace
    assert list(tmp_path.iterdir()) == []


def test_json_is_printed_as_it_is(capsys):
    echo_json({"企业": [1.5, None]})
    out = capsys.readouterr().out
    assert "企业" in out
    assert json.loads(out) == {"企业": [1.5, None]}


def test_plain_lines_go_to_stderr_a_line_a_step(capsys):
    with progress() as tell:
        for done in range(4):
            tell("encode", done, 3)
        tell("rank", 1, 9)
        tell("rank", 2, 9)
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.splitlines() == ["encode: 0/3", "encode: 3/3", "rank: 1/9"]


def test_bars_on_a_terminal_leave_stdout_alone(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress() as tell:
        tell("encode", 1, 3)
        tell("encode", 3, 3)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_failure_passes_through(error):
    with pytest.raises(error), progress():
        raise error
