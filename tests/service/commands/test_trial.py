import pytest

from features.errors import UnavailableError
from service.commands.trial import serving


def test_a_service_that_does_not_start_is_reported(tmp_path, monkeypatch):
    monkeypatch.setenv("LIANZHAO_LOG_LEVEL", "loud")
    with pytest.raises(UnavailableError, match="did not start"), serving(tmp_path):
        pass
