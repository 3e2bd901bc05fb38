"""Schemathesis over the whole OpenAPI document: every answer is one that the document names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import schemathesis
from hypothesis import settings
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import positive_data_acceptance

from service.api.app import create_app
from service.settings import Settings
from tests.service.fakes import FakeRegistry, FakeSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastapi import FastAPI
    from schemathesis import Case
    from schemathesis.python.asgi import ASGIClient


def _app(home: str | Path) -> FastAPI:
    source = FakeSource()
    given = Settings.load(home=home, log_level="error")
    return create_app(given, source, FakeRegistry(source))


schema = schemathesis.openapi.from_dict(_app("var").openapi())


@pytest.fixture
def session(tmp_path: Path) -> Iterator[ASGIClient]:
    with asgi.get_client(_app(tmp_path / "home")) as client:
        yield client


# One app answers all examples of a call, as a service does.
@schema.parametrize()
@settings(max_examples=25)
def test_answers_are_what_the_document_says(case: Case, session: ASGIClient) -> None:
    case.call_and_validate(
        base_url="http://127.0.0.1:8000",
        session=session,
        # That a need is given by its id or by zone and industry, JSON Schema of a query cannot say.
        excluded_checks=[positive_data_acceptance],
    )
