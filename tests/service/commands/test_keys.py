import pytest


@pytest.mark.parametrize(
    "arguments", [["add", "--role", "reader"], ["list"], ["revoke", "k1"]], ids=" ".join
)
def test_keys_are_not_there_yet(run, arguments):
    ended = run("keys", *arguments)
    assert ended.code == 1
    assert "keys are not there yet" in ended.said
