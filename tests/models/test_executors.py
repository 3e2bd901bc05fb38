import os
import signal
import time
from pathlib import Path

import pytest

from features.errors import InputError
from models.executors import ATTEMPTS, InProcess, LocalProcesses, WorkerLostError


def squared(number):
    return number * number


def failing(number):
    raise InputError(f"{number} is wrong", field="number", got=number)


def marked(folder):
    """Leave a file for this attempt, and return how many there are now."""
    Path(folder, f"{os.getpid()}-{time.monotonic_ns()}").touch()
    return len([*Path(folder).iterdir()])


def killed_once(task):
    folder, number = task
    if number == 3 and marked(folder) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def killed_always(folder):
    marked(folder)
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def processes():
    with LocalProcesses(2) as executor:
        yield executor


def test_results_come_in_the_order_of_the_tasks(processes):
    for executor in (InProcess(), processes):
        assert list(executor.each(squared, range(20))) == [number**2 for number in range(20)]


def test_tasks_are_handed_out_as_results_are_taken():
    begun = []

    def work(number):
        begun.append(number)
        return number

    found = InProcess().each(work, iter(range(100)))
    assert next(found) == 0
    assert len(begun) <= 2


def test_what_a_task_raises_is_raised_with_all_that_it_says(processes):
    with pytest.raises(InputError) as raised:
        processes.submit(failing, 7).result()
    assert (raised.value.message, raised.value.field, raised.value.got) == (
        "7 is wrong",
        "number",
        7,
    )


def test_a_worker_that_is_killed_changes_nothing(processes, tmp_path):
    tasks = [(str(tmp_path), number) for number in range(8)]
    assert list(processes.each(killed_once, tasks)) == list(range(8))
    assert len(list(tmp_path.iterdir())) == 2
    assert processes.submit(squared, 3).result() == 9


def test_a_task_whose_workers_are_lost_each_time_is_named(processes, tmp_path):
    with pytest.raises(WorkerLostError, match=f"begun {ATTEMPTS} times"):
        processes.submit(killed_always, str(tmp_path)).result()
    assert len(list(tmp_path.iterdir())) == ATTEMPTS
    assert list(processes.each(squared, range(3))) == [0, 1, 4]
