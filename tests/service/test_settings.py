from __future__ import annotations

from pathlib import Path

import pytest

from service.outcomes import exit_code
from service.settings import RateLimit, Settings, SettingsError, masked


def test_defaults() -> None:
    settings = Settings.load()
    assert settings.home == Path("var")
    assert settings.redis() is None
    assert settings.rate_limit is None
    assert settings.cors_origins == ()
    assert settings.log_level == "info"


def test_the_environment_goes_before_the_file_and_the_command_line_before_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(".env").write_text("LIANZHAO_HOME=from-file\nLIANZHAO_CACHE_TTL=60\nOTHER=x\n")
    monkeypatch.setenv("LIANZHAO_HOME", "from-environment")
    monkeypatch.setenv("LIANZHAO_REDIS_URL", "")
    assert Settings.load().home == Path("from-environment")
    assert Settings.load(home=Path("given")).home == Path("given")
    assert Settings.load().cache_ttl == 60
    assert Settings.load().redis_url is None


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("LOG_LEVEL", "WARNING", "log_level", "warning"),
        ("RATE_LIMIT", "100/minute", "rate_limit", RateLimit(100, 60)),
        ("RATE_LIMIT", " 5 / seconds", "rate_limit", RateLimit(5, 1)),
        (
            "CORS_ORIGINS",
            "https://a.example, http://localhost:3000/",
            "cors_origins",
            ("https://a.example", "http://localhost:3000"),
        ),
        ("ENCODER", "package.module:factory", "encoder", "package.module:factory"),
        ("SHARDS", "4", "shards", 4),
        ("SHARD_REPLICAS", "2", "shard_replicas", 2),
        ("SHARD_ENGINE", "ray", "shard_engine", "ray"),
        ("SHARD_TIMEOUT", "0.5", "shard_timeout", 0.5),
        ("RAY_ADDRESS", "10.0.0.5:6379", "ray_address", "10.0.0.5:6379"),
    ],
)
def test_values_are_read(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, field: str, expected: object
) -> None:
    monkeypatch.setenv(f"LIANZHAO_{name}", value)
    assert getattr(Settings.load(), field) == expected


@pytest.mark.parametrize(
    "url", ["redis://h", "rediss://u:p@h:6380/2", "unix:///run/redis.sock", "redis://[::1]:6379/0"]
)
def test_redis_addresses(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("LIANZHAO_REDIS_URL", url)
    assert Settings.load().redis() == url


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("REDIS_URL", "http://user:geheim@host", "http://***@host"),
        ("REDIS_URL", "redis://:geheim@host:99999/0", "redis://***@host:99999/0"),
        ("REDIS_URL", "redis://", "redis://"),
        ("REDIS_URL", "redis://host/name", "redis://host/name"),
        ("DATABASE_URL", "mysql://u:ge/heim@host/db", "mysql://***@host/db"),
        ("DATABASE_URL", "postgresql://host", "postgresql://host"),
        ("DATABASE_URL", "sqlite://", "sqlite://"),
        ("LOG_LEVEL", "loud", "loud"),
        ("RATE_LIMIT", "many", "many"),
        ("RATE_LIMIT", "0/minute", "0/minute"),
        ("CORS_ORIGINS", "https://a.example/path", "https://a.example/path"),
        ("CACHE_TTL", "0", "0"),
        ("CACHE_TTL", "soon", "soon"),
        ("ENCODER", "no colon", "no colon"),
        ("SHARDS", "0", "0"),
        ("SHARD_ENGINE", "spark", "spark"),
        ("SHARD_TIMEOUT", "0", "0"),
        ("RAY_ADDRESS", "ray://host:10001", "ray://host:10001"),
        ("HOME", __file__, __file__),
    ],
)
def test_a_wrong_value_is_named_in_one_line_without_its_secret(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, shown: str
) -> None:
    monkeypatch.setenv(f"LIANZHAO_{name}", value)
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    message = caught.value.message
    assert message.startswith(f"LIANZHAO_{name} must be ")
    assert message.endswith(f"; got {shown!r}")
    assert "\n" not in message
    assert "heim" not in message
    assert exit_code(caught.value) == 2


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANZHAO_REDIS_URL", "redis://:geheim@host")
    assert "geheim" not in repr(Settings.load())


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("redis://user:pa/ss@w@host:6379", "redis://***@host:6379"),
        ("user:secret@host", "***@host"),
        (
            "postgresql://host/db?password=x&sslmode=require",
            "postgresql://host/db?password=***&sslmode=require",
        ),
        ("plain", "plain"),
    ],
)
def test_masks(value: str, shown: str) -> None:
    assert masked(value) == shown


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        (
            "TRUSTED_PROXIES",
            "127.0.0.1, 10.0.0.0/8,::1",
            "trusted_proxies",
            ("127.0.0.1/32", "10.0.0.0/8", "::1/128"),
        ),
        ("ROOT_PATH", "/leads/", "root_path", "/leads"),
        ("ROOT_PATH", "/", "root_path", ""),
    ],
)
def test_what_stands_before_the_service(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, field: str, expected: object
) -> None:
    monkeypatch.setenv(f"LIANZHAO_{name}", value)
    assert getattr(Settings.load(), field) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRUSTED_PROXIES", "nginx"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("TRUSTED_PROXIES", "127.0.0.1;10.0.0.1"),
        ("ROOT_PATH", "leads"),
        ("ROOT_PATH", "/a/../b"),
        ("ROOT_PATH", "https://example.org/leads"),
    ],
)
def test_wrong_words_about_what_stands_before_the_service(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"LIANZHAO_{name}", value)
    with pytest.raises(SettingsError, match=f"LIANZHAO_{name} must be") as error:
        Settings.load()
    assert value in str(error.value)


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("redis://host/0?timeout=5", "no option 'timeout'"),
        ("redis://host/?db=abc", "'db'"),
        ("redis://host/0?socket_timeout=long", "'socket_timeout'"),
        ("redis://host/0?decode_responses=true", "no option 'decode_responses'"),
        ("redis://host/0?ssl_ca_certs=/etc/ca.pem", "no option 'ssl_ca_certs'"),
        ("rediss://host/0?ssl_cert_reqs=perhaps", "perhaps"),
        ("redis://host/0?protocol=9", "protocol must be"),
        ("unix:///run/redis.sock?timeout=5", "no option 'timeout'"),
        ("redis://host/0/1", "the database is a number"),
        ("redis://:pa#ss@host:6379/0", "%23"),
        ("redis://:pa/ss@host:6379/0", "%2F"),
        ("redis://user:pa?ss@host:6379/0", "%3F"),
        ("redis://user#x:pass@host", "%23"),
        ("redis://host/0#fragment", "%23"),
        ("redis://host/0?socket_timeout=0", "'socket_timeout' is seconds, more than 0"),
        ("redis://host/0?socket_connect_timeout=nan", "'socket_connect_timeout' is seconds"),
        ("redis://host/0?max_connections=0", "'max_connections' is a whole number from 1 on"),
        ("redis://host/0?health_check_interval=-1", "'health_check_interval' is a whole number"),
        ("redis://host/?db=-1", "'db' is a whole number from 0 on"),
        ("redis://host/?db=1&db=2", "'db' is there 2 times"),
        ("redis://host/0?db", "'db' is a whole number"),
        ("redis://host/0?socket_keepalive=maybe", "'socket_keepalive' is true or false"),
        ("redis://host/0?client_name=a%20b", "'client_name' is a name without blanks"),
        ("rediss://host/0?ssl_ca_certs=/not/there.pem", "'ssl_ca_certs' is an existing file"),
        ("rediss://host/0?ssl_ciphers=FOO", "SSLError"),
        ("rediss://host/0?ssl_min_version=9", "9"),
        ("redis://one,two:6379/0", "one host"),
        ("redis://ho st/0", "one host"),
        ("unix://run/redis.sock", "no socket"),
        ("redis+sentinel://host:0/name", "NAME-OF-THE-MASTER"),
        ("redis+sentinel://host:26379", "NAME-OF-THE-MASTER"),
        ("redis+sentinel://host:port/name", "sentinel's port"),
        ("redis+sentinel://host/name/zero", "the database is a number"),
        ("redis+sentinel://host/name?timeout=1", "no option 'timeout'"),
        ("redis://one:6379,two:6379/0", "redis+sentinel://"),
    ],
)
def test_what_the_client_of_redis_refuses_stops_the_start_with_the_word(
    monkeypatch: pytest.MonkeyPatch, url: str, word: str
) -> None:
    monkeypatch.setenv("LIANZHAO_REDIS_URL", url)
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    assert word in caught.value.message
    assert "ss@" not in caught.value.message.replace("***@", "")


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("postgresql://user:pa#ss@host/name", "%23"),
        ("postgresql://user:pa/ss@host/name", "%2F"),
        ("postgresql://host/name?timeout=5", '"timeout"'),
    ],
)
def test_what_the_client_of_the_database_refuses_stops_the_start_with_the_word(
    monkeypatch: pytest.MonkeyPatch, url: str, word: str
) -> None:
    monkeypatch.setenv("LIANZHAO_DATABASE_URL", url)
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    assert word in caught.value.message
    assert "ss@" not in caught.value.message.replace("***@", "")
    monkeypatch.setenv("LIANZHAO_DATABASE_URL", "postgresql://host/name?connect_timeout=5")
    assert Settings.load().database()


@pytest.mark.parametrize(
    "url",
    [
        "redis://:pa%23s%2Fs@host:6379/0?socket_timeout=0.5&max_connections=9",
        "rediss://host/0?ssl_cert_reqs=none&ssl_check_hostname=false",
        "redis+sentinel://one:26379,two/mymaster/1?sentinel_password=x",
        "rediss+sentinel://u:p@[::1]:26379/mymaster?ssl_cert_reqs=none",
        "sentinel://one/mymaster",
    ],
)
def test_addresses_of_redis_with_options(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("LIANZHAO_REDIS_URL", url)
    assert Settings.load().redis() == url


def test_a_seal_is_a_secret_of_some_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANZHAO_CACHE_SEAL", "geheim")
    with pytest.raises(SettingsError, match="LIANZHAO_CACHE_SEAL must be a secret of") as caught:
        Settings.load()
    assert "geheim" not in caught.value.message


def test_the_time_zone_is_china_s_or_one_that_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from features import calendar

    assert Settings.load().time_zone == "Asia/Shanghai"
    monkeypatch.setenv("LIANZHAO_TIME_ZONE", "Asia/Nowhere")
    with pytest.raises(SettingsError, match="LIANZHAO_TIME_ZONE must be a time zone"):
        Settings.load()
    monkeypatch.setenv("LIANZHAO_TIME_ZONE", "UTC")
    assert Settings.load().time_zone == "UTC"
    calendar.use(calendar.DEFAULT)
