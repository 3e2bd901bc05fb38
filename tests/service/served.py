"""A real server on the fakes: `python -m tests.service.served PORT WORKERS`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from service.app import create_app
from service.server import serve
from service.settings import Settings
from tests.service.fakes import FakeRegistry, FakeSource

if TYPE_CHECKING:
    from fastapi import FastAPI


def build(settings: Settings) -> FastAPI:
    source = FakeSource()
    return create_app(settings, source, FakeRegistry(source))


if __name__ == "__main__":
    serve(Settings.load(), port=int(sys.argv[1]), workers=int(sys.argv[2]), build=build)
