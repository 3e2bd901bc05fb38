"""The settings of the model, with defaults, bounds and meanings; see `lianzhao train --set`.

A version's manifest has the settings that it was trained with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from features.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic_core import ErrorDetails


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SpaceSettings(_Settings):
    """Settings of the feature space."""

    topics: int = Field(default=400, ge=2, le=2000)
    """Dimensions of LSA."""


class HybridSettings(_Settings):
    """Settings of LightFM, named as there; without WARP-kOS, which cannot weight pairs."""

    components: int = Field(default=32, ge=1, le=1024)
    loss: Literal["warp", "bpr", "logistic"] = "warp"
    learning_schedule: Literal["adagrad", "adadelta"] = "adagrad"
    epochs: int = Field(default=15, ge=1, le=1000)
    learning_rate: float = Field(default=0.03, gt=0, le=10)
    rho: float = Field(default=0.95, gt=0, lt=1)
    epsilon: float = Field(default=1e-6, gt=0, le=1)
    user_alpha: float = Field(default=1e-5, ge=0, le=1)
    item_alpha: float = Field(default=1e-5, ge=0, le=1)
    max_sampled: int = Field(default=30, ge=1, le=1000)
    sampled: int = Field(default=20_000, ge=1, le=10_000_000)
    """In a larger pool, the number of unlabelled enterprises to learn from."""


class HeadSettings(_Settings):
    """Settings of the ridge heads."""

    alpha: float = Field(default=3.0, gt=0, le=1e6)
    """Strength of the ridge penalty."""
    background: int = Field(default=5_000, ge=1, le=20_000)
    """In a larger pool, the number of unlabelled enterprises that heads are fitted on."""


class WeightSettings(_Settings):
    """Settings of learning the factors' weights."""

    prior_needs: float = Field(default=5.0, gt=0, le=1e6)
    """The number of needs that the prior weights count as."""


class ModelSettings(_Settings):
    """All settings of the model.

    Examples
    --------
    >>> ModelSettings().with_values(["hybrid.components=64"]).hybrid.components
    64
    """

    space: SpaceSettings = SpaceSettings()
    hybrid: HybridSettings = HybridSettings()
    heads: HeadSettings = HeadSettings()
    weights: WeightSettings = WeightSettings()

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the name of every setting, `section.setting`."""
        return tuple(f"{part}.{name}" for part, own in cls()._parts() for name in own)

    def changed(self) -> dict[str, Any]:
        """Return the settings that differ from the defaults, by `section.setting`."""
        return self.changed_in(self.model_dump())

    @classmethod
    def changed_in(cls, values: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Return those of some settings, such as a manifest's, that differ from the defaults."""
        usual = cls().model_dump()
        return {
            f"{part}.{name}": value
            for part, own in values.items()
            for name, value in own.items()
            if usual.get(part, {}).get(name) != value
        }

    def with_values(self, assigned: Iterable[str]) -> Self:
        """Return a copy with other values, each given as `section.setting=value`.

        Raises
        ------
        UsageError
            For an unknown name, one given twice, or a value out of bounds.
        """
        values = {part: dict(own) for part, own in self._parts()}
        seen: set[str] = set()
        for text in assigned:
            name, sign, value = (part.strip() for part in text.partition("="))
            part, _, own = name.partition(".")
            if not sign or own not in values.get(part, {}):
                raise UsageError(
                    f"--set {text}: expected NAME=VALUE with one of {', '.join(self.names())}",
                    field="set",
                    got=text,
                    expected=", ".join(self.names()),
                )
            if name in seen:
                raise UsageError(f"--set {name} is given twice", field="set", got=text)
            seen.add(name)
            values[part][own] = value
        try:
            return type(self).model_validate(values)
        except ValidationError as error:
            raise _refused(error.errors()[0]) from None

    def _parts(self) -> list[tuple[str, dict[str, Any]]]:
        return list(self.model_dump().items())


DEFAULTS = ModelSettings()
"""The default settings."""


def _refused(first: ErrorDetails) -> UsageError:
    name = ".".join(map(str, first["loc"]))
    part, own = map(str, first["loc"])
    section = type(getattr(DEFAULTS, part))
    expected = _expected(section.model_json_schema()["properties"][own])
    return UsageError(
        f"--set {name} must be {expected}; got {first['input']!r}",
        field=name,
        got=first["input"],
        expected=expected,
    )


def _expected(schema: dict[str, Any]) -> str:
    """Describe the valid values of a setting."""
    if "enum" in schema:
        return f"one of {', '.join(schema['enum'])}"
    kind = "a whole number" if schema["type"] == "integer" else "a number"
    bounds = [
        f"{word} {schema[key]:g}"
        for key, word in (
            ("minimum", "from"),
            ("exclusiveMinimum", "above"),
            ("maximum", "to"),
            ("exclusiveMaximum", "and below"),
        )
        if key in schema
    ]
    return " ".join([kind, *bounds])
