"""A real server on a slow engine that notes each computation: `… counted WORKERS FILE`."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

from service.api.app import create_app
from service.server import serve
from service.settings import Settings
from tests.patience import PATIENCE
from tests.service.fakes import FakeEngine, FakeRegistry, FakeSource

if TYPE_CHECKING:
    from fastapi import FastAPI


class SlowEngine(FakeEngine):
    def recommend(self, *asked: Any, **more: Any) -> Any:
        with open(os.environ["COUNTED"], "a") as file:  # noqa: PTH123  appended at once
            file.write(f"{os.getpid()}\n")
        time.sleep(0.5)
        return super().recommend(*asked, **more)


def build(settings: Settings) -> FastAPI:
    for place in PATIENCE:
        setattr(*place)
    source = FakeSource(SlowEngine())
    return create_app(settings, source, FakeRegistry(source))


if __name__ == "__main__":
    serve(Settings.load(log_level="warning"), port=0, workers=int(sys.argv[1]), build=build)
