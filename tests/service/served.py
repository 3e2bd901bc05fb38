"""A real server on the fakes: `python -m tests.service.served PORT WORKERS`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from service import server
from service.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI


def build(settings: Settings) -> FastAPI:
    # Slow to import, and needed in workers only: most tests wait for several starts.
    from service.api.app import create_app
    from service.api.guards import BODY_SECONDS, BodyLimit
    from tests.patience import PATIENCE
    from tests.service.fakes import FakeRegistry, FakeSource

    for place in PATIENCE:
        setattr(*place)
    source = FakeSource()
    app = create_app(settings, source, FakeRegistry(source))
    for layer in app.user_middleware:
        if layer.cls is BodyLimit:
            layer.kwargs["seconds"] = float(os.environ.get("SERVED_BODY_SECONDS", BODY_SECONDS))
    return app


if __name__ == "__main__":
    server._GRACE_SECONDS = int(os.environ.get("SERVED_GRACE_SECONDS", server._GRACE_SECONDS))
    server.serve(Settings.load(), port=int(sys.argv[1]), workers=int(sys.argv[2]), build=build)
