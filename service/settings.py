"""Settings from the environment (`LIANZHAO_…`) or a `.env` file, checked before anything starts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from features import calendar
from features.errors import LianzhaoError, UsageError
from features.storage.table_files import PART_ROWS
from models.releases.store import check_url
from service.access.proxies import is_path_prefix, network
from service.cache.connecting import WrongAddressError, check_address, stray_mark
from service.cache.seal import Seal

PREFIX = "LIANZHAO_"
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_REDIS = (
    "redis://[user:password@]host[:port][/number], rediss://… (with TLS), unix:///path/to/socket "
    "or redis+sentinel://host:26379,host2:26379/name[/number]"
)
_DATABASE = "sqlite:///path/to/file or postgresql://[user:password@]host[:port]/name"
_EXPECTED = {
    "home": "a folder, or a path where one can be made",
    "redis_url": _REDIS,
    "cache_seal": "a secret of 16 characters or more, the same for all who share a Redis",
    "database_url": _DATABASE,
    "log_level": "debug, info, warning, error or critical",
    "cors_origins": "origins separated by commas, such as https://example.org,http://localhost:3000",
    "rate_limit": "a number of requests per second, minute, hour or day, such as 100/minute",
    "trusted_proxies": "addresses or networks separated by commas, such as 127.0.0.1,10.0.0.0/8",
    "time_zone": "a time zone of the IANA database, such as Asia/Shanghai",
    "root_path": "a path such as /leads",
    "encoder": "module:factory, a callable that returns a sentence encoder",
    "audit_days": "a whole number of days from 1 to 3650",
    "webhook_url": "http://host[:port]/path or https://…",
    "webhook_secret": "a secret of at least 16 characters",
    "part_rows": "a whole number from 1000 to 100000000",
    "talk_days": "a whole number of days from 1 to 3650",
    "cache_ttl": "a whole number of seconds from 1 to 2592000 (30 days)",
    "words_url": "http(s)://host[:port][/v1], and no key in it: that is LIANZHAO_WORDS_KEY",
    "words_model": "the name of a model as the server has it, of 1 to 200 characters",
    "words_key": "1 to 4096 printable ASCII characters, without spaces",
    "shards": "a whole number from 1 to 1000",
    "shard_replicas": "a whole number from 1 to 100",
    "shard_engine": "local or ray",
    "shard_timeout": "a number of seconds from 0.1 to 300",
    "ray_address": "host:port of a running Ray cluster, such as 10.0.0.5:6379",
    "store_url": "file:///folder or s3://bucket/prefix",
    "words_timeout": "a number of seconds from 0.1 to 300",
}

_SECRET = {"words_key", "cache_seal"}
"""Settings that are never shown, not even in part."""


class SettingsError(LianzhaoError):
    """An invalid setting; the message has its name, its value (masked) and what is expected."""

    code = "wrong-setting"


@dataclass(frozen=True)
class RateLimit:
    """At most `requests` per client in a window of `seconds`."""

    requests: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse "100/minute" (second, minute, hour or day); ValueError on anything else."""
        found = re.fullmatch(r"\s*([1-9]\d{0,8})\s*/\s*(second|minute|hour|day)s?\s*", text.lower())
        if not found:
            raise ValueError(text)
        return cls(int(found[1]), _SECONDS[found[2]])


class Settings(BaseSettings):
    """The settings of a deployment; every field is the environment variable `LIANZHAO_<FIELD>`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        arbitrary_types_allowed=True,
    )

    home: Path = Path("var")
    """The workspace: nothing is written elsewhere."""
    part_rows: int = Field(default=PART_ROWS, ge=1000, le=100_000_000)
    """Rows beyond which an import writes the enterprises in parts."""
    redis_url: SecretStr | None = None
    """Unset: a server started by the project."""
    cache_seal: SecretStr | None = Field(default=None, min_length=16)
    """The secret that seals values in Redis. Unset: a key stored in the workspace."""
    database_url: SecretStr | None = None
    """Unset: SQLite in the workspace."""
    log_level: Literal["debug", "info", "warning", "error", "critical"] = "info"
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    rate_limit: Annotated[RateLimit | None, NoDecode] = None
    """Unset: none."""
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    """Proxies whose headers on the client's address and the path prefix are trusted."""
    root_path: str = ""
    """The path prefix under which a proxy serves this, such as /leads."""
    time_zone: str = calendar.DEFAULT
    """The time zone of dates."""
    encoder: str | None = None
    """Another sentence encoder, as module:factory."""
    audit_days: int = Field(default=180, ge=1, le=3650)
    """Days that entries of the audit log are kept."""
    talk_days: int = Field(default=90, ge=1, le=3650)
    """Days for which a first talk (首谈) reserves an enterprise for one zone of a city."""
    cache_ttl: int = Field(default=3600, ge=1, le=2_592_000)
    """Seconds that an answer is cached; changes of data or model are seen at once regardless."""
    words_url: str | None = None
    """An OpenAI-compatible language model that gives a need's words; unset: the thesaurus alone."""
    words_model: str = Field(default="default", min_length=1, max_length=200)
    words_key: SecretStr | None = None
    words_timeout: float = Field(default=8.0, ge=0.1, le=300, allow_inf_nan=False)
    """Timeout in seconds, after which a list is made without the language model's words."""

    shards: int = Field(default=1, ge=1, le=1000)
    """Shards of the pool, each ranked by its own process; 1: the service ranks the pool itself."""
    shard_replicas: int = Field(default=1, ge=1, le=100)
    """Processes for each shard: while one is left, no list is partial."""
    shard_engine: Literal["local", "ray"] = "local"
    """Processes of this machine, or deployments of Ray Serve."""
    shard_timeout: float = Field(default=5.0, ge=0.1, le=300, allow_inf_nan=False)
    """Seconds after which a shard that does not answer is unavailable, and lists are partial."""
    ray_address: str | None = None
    """host:port of the cluster; unset: one of this machine alone."""

    store_url: str | None = None
    """Where releases are published to and taken from; unset: nowhere."""

    webhook_url: SecretStr | None = None
    """Receives reminders of due tasks, with `webhook_secret`; unset: none are sent."""
    webhook_secret: SecretStr | None = Field(default=None, min_length=16)

    @field_validator("home")
    @classmethod
    def _folder(cls, home: Path) -> Path:
        for path in (home, *home.parents):
            if path.is_symlink() and not path.exists():
                raise WrongAddressError(f"{path} is a link to something that is not there")
        if home.exists() and not home.is_dir():
            raise ValueError(home)
        return home

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            check_address(url.get_secret_value())
        return url

    @field_validator("database_url")
    @classmethod
    def _database(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            text = url.get_secret_value()
            parts = urlsplit(text)
            name = parts.path.strip("/")
            if parts.scheme != "sqlite" and (hint := stray_mark(text)):
                raise WrongAddressError(hint)
            if parts.scheme == "sqlite":
                right = bool(name) and not parts.netloc
            else:
                right = (
                    parts.scheme in {"postgresql", "postgres"}
                    and bool(parts.hostname and name)
                    and parts.port != 0
                )
            if not right:
                raise ValueError(parts.scheme)
            if parts.scheme != "sqlite":
                _check_options(parts.query)
        return url

    @field_validator("words_url")
    @classmethod
    def _words(cls, url: str | None) -> str | None:
        if url is not None:
            parts = urlsplit(url)
            right = (
                parts.scheme in {"http", "https"}
                and bool(parts.hostname)
                and parts.port != 0
                and "@" not in parts.netloc
                and not parts.fragment
                and re.fullmatch(r"[!-~]+", url)
            )
            if not right:
                raise ValueError(parts.scheme)
        return url

    @field_validator("store_url")
    @classmethod
    def _store(cls, url: str | None) -> str | None:
        if url is not None:
            try:
                check_url(url)
            except UsageError as error:
                raise ValueError from error
        return url

    @field_validator("ray_address")
    @classmethod
    def _cluster(cls, address: str | None) -> str | None:
        if address is not None and not re.fullmatch(r"[^/\s]+:\d{1,5}", address):
            raise ValueError(address)
        return address

    @field_validator("words_key")
    @classmethod
    def _key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not re.fullmatch(r"[!-~]{1,4096}", key.get_secret_value()):
            raise ValueError
        return key

    @field_validator("webhook_url")
    @classmethod
    def _webhook(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            parts = urlsplit(url.get_secret_value())
            if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
                raise ValueError(parts.scheme)
        return url

    @field_validator("encoder")
    @classmethod
    def _encoder(cls, encoder: str | None) -> str | None:
        if encoder is not None and not re.fullmatch(r"[\w.]+:\w+", encoder):
            raise ValueError(encoder)
        return encoder

    @field_validator("log_level", mode="before")
    @classmethod
    def _level(cls, level: Any) -> Any:
        return level.strip().lower() if isinstance(level, str) else level

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _origins(cls, origins: Any) -> Any:
        if not isinstance(origins, str):
            return origins
        found = tuple(part.strip().rstrip("/") for part in origins.split(",") if part.strip())
        for origin in found:
            if origin != "*" and not re.fullmatch(r"https?://[^/?#@\s]+", origin):
                raise ValueError(origin)
        return found

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _proxies(cls, proxies: Any) -> Any:
        if not isinstance(proxies, str):
            return proxies
        return tuple(str(network(part)) for part in proxies.split(",") if part.strip())

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, name: str) -> str:
        calendar.zone_named(name.strip())
        return name.strip()

    @field_validator("root_path")
    @classmethod
    def _root(cls, path: str) -> str:
        path = path.strip().rstrip("/")
        if path and not is_path_prefix(path):
            raise ValueError(path)
        return path

    @field_validator("rate_limit", mode="before")
    @classmethod
    def _limit(cls, limit: Any) -> Any:
        return RateLimit.parse(limit) if isinstance(limit, str) else limit

    @classmethod
    def load(cls, **given: Any) -> Self:
        """Load the settings; `given` (from a command line) takes precedence over the environment.

        Raises
        ------
        SettingsError
            For the first wrong value.
        """
        try:
            settings = cls(**given)
        except ValidationError as error:
            first = error.errors()[0]
            field = str(first["loc"][0]).lower().removeprefix(PREFIX.lower())
            value = first["input"]
            if isinstance(value, SecretStr):
                value = value.get_secret_value()
            got, expected = masked(str(value)), _EXPECTED[field]
            if field in _SECRET:
                got = "***"
            name = PREFIX + field.upper()
            why = first.get("ctx", {}).get("error")
            hint = f" ({why})" if isinstance(why, WrongAddressError) else ""
            raise SettingsError(
                f"{name} must be {expected}{hint}; got {got!r}",
                field=name,
                got=got,
                expected=expected,
            ) from None
        calendar.use(settings.time_zone)
        return settings

    def redis(self) -> str | None:
        """Return the Redis address, its password included, or None for none."""
        return self.redis_url.get_secret_value() if self.redis_url else None

    def webhook(self) -> tuple[str, str] | None:
        """Return the webhook and its secret, or None."""
        if self.webhook_url is None:
            return None
        if self.webhook_secret is None:
            name, expected = f"{PREFIX}WEBHOOK_SECRET", _EXPECTED["webhook_secret"]
            raise SettingsError(
                f"{name} must be {expected} where {PREFIX}WEBHOOK_URL is set",
                field=name,
                expected=expected,
            )
        return self.webhook_url.get_secret_value(), self.webhook_secret.get_secret_value()

    def seal(self) -> Seal:
        """Return the seal of values in Redis."""
        secret = self.cache_seal.get_secret_value() if self.cache_seal else None
        return Seal(self.home, secret)

    def database(self) -> str | None:
        """Return the database's address, its password included, or None for the workspace's."""
        return self.database_url.get_secret_value() if self.database_url else None


def _check_options(query: str) -> None:
    """Reject options that PostgreSQL's client does not know, naming the option."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import make_conninfo

    try:
        make_conninfo("", **dict(parse_qsl(query, keep_blank_values=True)))
    except ProgrammingError as error:
        raise WrongAddressError(str(error).strip()) from None


def masked(value: str) -> str:
    """Mask secrets in a URL: everything before the last @, and secret parameters.

    Examples
    --------
    >>> masked("redis://user:pa/ss@host:6379/0?password=x")
    'redis://***@host:6379/0?password=***'
    """
    value = re.sub(r"^((?:[a-z0-9+.-]+:)?//|).*@", r"\1***@", value, flags=re.I | re.S)
    return re.sub(r"((?:pass\w*|pwd|secret|token|key)=)[^&\s]+", r"\1***", value, flags=re.I)
