"""The interval at which threads are switched, while engines are loaded."""

import threading

import pytest

from service.serving.lifecycle.short_turns import ShortTurns


class Interpreter:
    """The interval of the interpreter, which no other test's threads change."""

    def __init__(self):
        self.microseconds = 4900

    def getswitchinterval(self):
        return self.microseconds * 1e-6

    def setswitchinterval(self, seconds):
        self.microseconds = int(seconds * 1e6)


@pytest.fixture
def interpreter(monkeypatch):
    interpreter = Interpreter()
    monkeypatch.setattr("service.serving.lifecycle.short_turns.sys", interpreter)
    return interpreter


def test_loads_at_the_same_time_leave_the_usual_interval(interpreter):
    turns = ShortTurns()
    first, second = turns(), turns()
    first.__enter__()
    second.__enter__()
    assert interpreter.microseconds == 490
    first.__exit__(None, None, None)
    assert interpreter.microseconds == 490
    second.__exit__(None, None, None)
    assert interpreter.microseconds == 4900


def test_many_loads_do_not_shorten_it(interpreter):
    turns = ShortTurns()

    def load():
        for _ in range(200):
            with turns():
                pass

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert interpreter.microseconds == 4900


def test_a_failed_load_restores_it(interpreter):
    with pytest.raises(ValueError, match="damaged"), ShortTurns()():
        raise ValueError("damaged")
    assert interpreter.microseconds == 4900
