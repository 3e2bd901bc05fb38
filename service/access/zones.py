"""Which zones a caller may see."""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson

from features.errors import ForbiddenError


class ForeignZoneError(ForbiddenError):
    """A need or an event of a zone that the key has no rights to."""

    code = "foreign-zone"


@dataclass(frozen=True)
class ZoneRights:
    """The zones whose needs and events a caller may see.

    Parameters
    ----------
    zones
        None for all.
    """

    zones: frozenset[str] | None = None
    scope: str = field(init=False)
    """The part of a cache key that is equal for callers who may see the same zones."""

    def __post_init__(self) -> None:
        # As JSON, so that no zone_id, whatever it contains, makes two scopes equal.
        scope = "" if self.zones is None else orjson.dumps(sorted(self.zones)).decode()
        object.__setattr__(self, "scope", scope)

    def sees(self, zone_id: str | None) -> bool:
        """Whether the caller may see a zone's data; None requires rights to all zones."""
        return self.zones is None or zone_id in self.zones

    def check(self, zone_id: str | None, field: str) -> None:
        """Raise for a zone that the caller may not see.

        Raises
        ------
        ForeignZoneError
            Naming the field and the zones that the caller may see.
        """
        if not self.sees(zone_id):
            raise ForeignZoneError(
                f"this key is for other zones than {zone_id}",
                field=field,
                got=zone_id,
                expected=f"one of: {', '.join(sorted(self.zones or ()))}",
            )


EVERY_ZONE = ZoneRights()
