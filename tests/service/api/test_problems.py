from __future__ import annotations

import orjson
import pytest

from features import errors
from service.api.problems import Fault, Problem, of_error
from service.outcomes import exit_code, outcome
from service.settings import SettingsError


class NewError(errors.NotFoundError):
    code = "new"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.LianzhaoError("x"), 500, 1),
        (errors.UsageError("x"), 422, 2),
        (errors.InputError("x"), 422, 1),
        (errors.RejectedRowsError("x"), 422, 1),
        (errors.NotFoundError("x"), 404, 1),
        (NewError("x"), 404, 1),
        (errors.ConflictError("x"), 409, 1),
        (errors.DamagedError("x"), 503, 1),
        (errors.UnavailableError("x"), 503, 1),
        (SettingsError("x"), 500, 2),
    ],
)
def test_every_error_has_a_status_and_an_exit_code(
    error: errors.LianzhaoError, status: int, code: int
) -> None:
    assert outcome(error).status == status
    assert exit_code(error) == code


def test_a_problem_names_field_value_and_expectation() -> None:
    error = NewError("no need 'x'", field="need_id", got="x", expected="a known need")
    assert orjson.loads(of_error(error).body) == {
        "type": "urn:lianzhao:problem:new",
        "title": "Not found",
        "status": 404,
        "detail": "no need 'x'",
        "code": "new",
        "errors": [{"field": "need_id", "got": "x", "expected": "a known need"}],
    }


@pytest.mark.parametrize(
    ("got", "shown"),
    [("x" * 500, "x" * 200 + "…"), (3, 3), (None, None), (["a"], "['a']"), ("\ud800", "?")],
)
def test_any_value_can_be_given_back(got: object, shown: object) -> None:
    body = Problem(422, "c", "d", faults=[Fault("f", got, None)]).body
    assert orjson.loads(body)["errors"][0]["got"] == shown
