import re

import pytest

from features.errors import UsageError
from models.settings import HybridSettings, ModelSettings


def test_defaults_are_valid_and_every_setting_has_a_name():
    settings = ModelSettings()
    assert settings.with_values([]) == settings
    assert {"hybrid.components", "heads.alpha", "space.topics"} <= set(settings.names())
    for name in settings.names():
        part, own = name.split(".")
        value = getattr(getattr(settings, part), own)
        assert settings.with_values([f"{name}={value}"]) == settings


def test_settings_are_set_by_name():
    settings = ModelSettings().with_values(
        ["hybrid.components=64", " hybrid.loss = bpr ", "heads.alpha=1e1"]
    )
    assert settings.hybrid == HybridSettings(components=64, loss="bpr")
    assert settings.heads.alpha == 10.0
    assert settings.space == ModelSettings().space


@pytest.mark.parametrize(
    ("assigned", "said"),
    [
        ("hybrid.component=64", "expected NAME=VALUE with one of space.topics, hybrid.components"),
        ("components=64", "expected NAME=VALUE"),
        ("hybrid.components", "expected NAME=VALUE"),
        ("hybrid=3", "expected NAME=VALUE"),
        ("", "expected NAME=VALUE"),
        ("hybrid.components=many", "--set hybrid.components must be a whole number from 1 to 1024"),
        ("hybrid.components=0", "must be a whole number from 1 to 1024; got '0'"),
        ("hybrid.components=1.5", "must be a whole number from 1 to 1024"),
        ("hybrid.components=" + "9" * 20, "must be a whole number from 1 to 1024"),
        ("hybrid.components=", "must be a whole number from 1 to 1024; got ''"),
        ("hybrid.learning_rate=0", "must be a number above 0 to 10"),
        ("hybrid.learning_rate=nan", "must be a number above 0 to 10"),
        ("heads.alpha=inf", "must be a number above 0 to 1e+06"),
        ("hybrid.rho=1", "must be a number above 0 and below 1"),
        ("hybrid.loss=warp-kos", "must be one of warp, bpr, logistic; got 'warp-kos'"),
    ],
)
def test_wrong_names_and_values_are_refused(assigned, said):
    with pytest.raises(UsageError, match=re.escape(said)):
        ModelSettings().with_values([assigned])


def test_a_setting_is_given_once():
    with pytest.raises(UsageError, match="given twice"):
        ModelSettings().with_values(["heads.alpha=1", "heads.alpha=2"])
