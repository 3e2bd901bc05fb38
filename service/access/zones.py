"""Which zones a caller may see, and what follows for needs, events and answers that are kept."""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson

from features.errors import ForbiddenError


class ForeignZoneError(ForbiddenError):
    """A need or an event of a zone that the key is not for."""

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
    """What an answer to the caller is kept under: equal for callers who may see the same."""

    def __post_init__(self) -> None:
        # As JSON, so that no zone_id, whatever stands in it, makes two scopes one.
        scope = "" if self.zones is None else orjson.dumps(sorted(self.zones)).decode()
        object.__setattr__(self, "scope", scope)

    def sees(self, zone_id: str | None) -> bool:
        """Whether the caller may see what is about a zone; None is for those who may see all."""
        return self.zones is None or zone_id in self.zones

    def check(self, zone_id: str | None, field: str) -> None:
        """Refuse a zone that the caller may not see.

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
