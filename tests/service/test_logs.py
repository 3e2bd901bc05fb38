from __future__ import annotations

import json
import logging
import os
import threading
import time
from contextlib import suppress
from contextvars import Context
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from service import logs
from service.logs import AccessLog, JsonFormatter, as_json, as_text
from tests.waiting import SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Iterator

FIELDS = {"request_id": "r1", "route": "/v1/zones", "status": 200}


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def _record(message: str, *args: object, error: Exception | None = None) -> logging.LogRecord:
    told = (type(error), error, None) if error else None
    return logging.LogRecord("service.x", logging.WARNING, "x.py", 1, message, args, told)


def _read(end: int) -> list[dict[str, Any]]:
    return [json.loads(line) for line in os.read(end, 2**20).splitlines()]


def test_a_record_is_one_json_line() -> None:
    record = _record("Redis is away: %s", "忙")
    record.reason = "timeout"
    line = Context().run(JsonFormatter().format, record)  # no request is being answered
    assert "\n" not in line
    document = json.loads(line)
    assert datetime.fromisoformat(document.pop("time")).timestamp() == pytest.approx(record.created)
    assert document == {
        "level": "warning",
        "logger": "service.x",
        "message": "Redis is away: 忙",
        "reason": "timeout",
    }


def test_a_record_has_the_id_of_its_request() -> None:
    token = logs.request_id.set("r7")
    try:
        assert json.loads(JsonFormatter().format(_record("x")))["request_id"] == "r7"
    finally:
        logs.request_id.reset(token)


def test_passwords_in_addresses_are_left_out_of_messages_and_tracebacks() -> None:
    error = RuntimeError("cannot reach postgresql://lz:p4ss@db/x")
    record = _record("failed at redis://:s3cret@h:1/0", error=error)
    document = json.loads(JsonFormatter().format(record))
    assert document["message"] == "failed at redis://***@h:1/0"
    assert document["error"] == "RuntimeError: cannot reach postgresql://***@db/x"


def test_lines_of_access_are_written_in_order(pipe: tuple[int, int]) -> None:
    log = AccessLog(pipe[1], as_json)
    for number in range(100):
        log.write(**FIELDS, number=number)
    log.close()
    found = _read(pipe[0])
    assert [line.pop("number") for line in found] == list(range(100))
    assert datetime.fromisoformat(found[0].pop("time")).tzinfo
    assert found[0] == {"level": "info", "logger": "service.access", **FIELDS}


def test_they_are_written_before_long_without_being_asked(pipe: tuple[int, int]) -> None:
    log = AccessLog(pipe[1], as_json)
    log.write(**FIELDS)
    # Blocks until the thread has written.
    assert _read(pipe[0])[0]["request_id"] == "r1"
    log.close()


def test_a_reader_that_stands_still_stops_nobody(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_KEPT_LINES", 1000)
    log = AccessLog(pipe[1], as_json)
    started = time.perf_counter()
    for _ in range(5000):
        log.write(**FIELDS)
    assert time.perf_counter() - started < SECONDS
    assert log.dropped > 0
    os.set_blocking(pipe[0], False)
    received = b""

    def are_counted() -> bool:
        """Whether each line was received or is counted among the dropped ones."""
        nonlocal received
        with suppress(BlockingIOError):
            received += os.read(pipe[0], 2**16)
        lines = [json.loads(line) for line in received.split(b"\n")[:-1]]
        dropped = [int(line["message"].split()[0]) for line in lines if "message" in line]
        return len(lines) - len(dropped) + sum(dropped) == 5000

    until(are_counted)
    log.close()
    assert b"lines were dropped" in received


def test_a_reader_that_stands_still_does_not_hold_the_end(pipe: tuple[int, int]) -> None:
    log = AccessLog(pipe[1], as_json)
    for _ in range(2000):  # more than a pipe holds
        log.write(**FIELDS)
    closing = threading.Thread(target=log.close)
    closing.start()
    closing.join(SECONDS)
    assert not closing.is_alive()
    os.set_blocking(pipe[0], False)

    def has_ended() -> bool:
        """Whether its thread has, which would write to what is opened next."""
        with suppress(BlockingIOError):
            os.read(pipe[0], 2**16)
        return not log._thread.is_alive()

    until(has_ended)


def test_nobody_reading_any_more_is_no_failure() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    log = AccessLog(writing, as_json)
    log.write(**FIELDS)
    log.close()
    os.close(writing)


def test_a_line_for_a_terminal_is_plain_text() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5)
    fields = {"time": at, "level": "info", "logger": "service.access", **FIELDS}
    assert as_text(fields) == (
        b"2026-01-02 03:04:05 INFO service.access: request_id=r1 route=/v1/zones status=200\n"
    )


@pytest.mark.parametrize(("level", "on"), [("debug", True), ("info", True), ("warning", False)])
def test_the_level_turns_access_off(level: str, on: bool) -> None:
    log = logs.open_access_log(level)
    assert (log is not None) is on
    if log:
        log.close()
