import subprocess

import pytest

from features.errors import UnavailableError
from service.commands.trial import serving


def test_a_service_that_does_not_start_is_reported(tmp_path, monkeypatch):
    monkeypatch.setenv("LIANZHAO_LOG_LEVEL", "loud")
    with pytest.raises(UnavailableError, match="did not start"), serving(tmp_path):
        pass


@pytest.mark.parametrize(("stated", "level"), [(None, "warning"), ("debug", "debug")])
def test_a_service_in_a_notebook_logs_warnings_only(tmp_path, monkeypatch, stated, level):
    monkeypatch.delenv("LIANZHAO_LOG_LEVEL", raising=False)
    if stated is not None:
        monkeypatch.setenv("LIANZHAO_LOG_LEVEL", stated)

    def start(*_, env, **__):
        raise InterruptedError(env["LIANZHAO_LOG_LEVEL"])

    monkeypatch.setattr(subprocess, "Popen", start)
    with pytest.raises(InterruptedError, match=level), serving(tmp_path):
        pass
