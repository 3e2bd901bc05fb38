"""References of projects: zones, needs and enterprises of the workspace, by id or by name."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from features.enterprises.profile import struck_off
from features.geography.place_names import resolve
from features.places import city_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from features.workspace import Workspace

PROFILE = (
    *("enterprise_id", "name", "short_name", "province", "city", "industry_code"),
    *("products", "status", "credit", "registered_capital", "nodes"),
)
_OF_EVENTS = ("event_id", "enterprise_id", "zone_id", "need_id", "stage", "date")
_NO_NAME = re.compile(r"^[(（【\[].*[)）】\]]$|^(?:未|待|不)(?:定|知|详|披露|公布)")
_LEGAL_FORM = re.compile(r"(?<=..)(?:股份)?(?:有限责任|有限)公司$")
_SHORT = (
    ("高新技术产业开发区", "高新区"),
    ("经济技术开发区", "经开区"),
    ("经济开发区", "经开区"),
    ("高新技术开发区", "高新区"),
    ("开发区", ""),
)


@dataclass(frozen=True)
class _WorkspaceTables:
    """The tables at one version."""

    version: tuple[str, ...]
    zones: dict[str, dict[str, Any]]
    needs: dict[str, dict[str, Any]]
    enterprises: pl.DataFrame
    events: pl.DataFrame
    joined: Mapping[str, str]

    @cached_property
    def rows(self) -> dict[str, int]:
        """The row of each enterprise, also under ids joined into it."""
        own = {id_: at for at, id_ in enumerate(self.enterprises["enterprise_id"])}
        return {id_: own[into] for id_, into in self.joined.items() if into in own} | own

    @cached_property
    def by_name(self) -> dict[str, list[str]]:
        """The enterprises of each name and short name."""
        found: dict[str, list[str]] = {}
        for id_, *names in self.enterprises.select("enterprise_id", "name", "short_name").rows():
            for form in {form for n in names if n for form in (_plain(n), _bare(n))}:
                found.setdefault(form, []).append(id_)
        return found

    @cached_property
    def closed(self) -> frozenset[str]:
        """The enterprises that are struck off."""
        ids = self.enterprises["enterprise_id"]
        return frozenset(ids.filter(pl.Series(struck_off(self.enterprises))))


class References:
    """Looks up references; reloaded when a table has changed.

    Parameters
    ----------
    workspace
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._known: _WorkspaceTables | None = None
        self._lock = threading.Lock()

    def zone(self, zone_id: str) -> dict[str, Any] | None:
        """Return a zone; one known only from needs has only its id."""
        found = self._tables().zones.get(zone_id)
        if found is None and any(n["zone_id"] == zone_id for n in self._tables().needs.values()):
            return {"zone_id": zone_id, "name": None, "county": None, "city": None}
        return found

    def zones(self) -> dict[str, dict[str, Any]]:
        """Return all zones by their ids."""
        return self._tables().zones

    def need(self, need_id: str) -> dict[str, Any] | None:
        """Return a need."""
        return self._tables().needs.get(need_id)

    def need_of(self, zone_id: str | None, industry: str | None) -> str | None:
        """Return the need of a zone for an industry, or None."""
        for need in self._tables().needs.values():
            if zone_id is not None and need["zone_id"] == zone_id and need["industry"] == industry:
                return str(need["need_id"])
        return None

    def enterprise(self, enterprise_id: str) -> dict[str, Any] | None:
        """Return the fields of an enterprise that projects use."""
        tables = self._tables()
        at = tables.rows.get(enterprise_id)
        if at is None:
            return None
        row = tables.enterprises.row(at, named=True)
        return {**row, "struck_off": row["enterprise_id"] in tables.closed}

    def values(self, column: str, ids: Sequence[str]) -> list[Any]:
        """Return the values of a column of `PROFILE` for enterprises; None for unknown ones."""
        tables = self._tables()
        rows = [tables.rows.get(id_) for id_ in ids]
        return tables.enterprises[column].gather(pl.Series(rows, dtype=pl.UInt32)).to_list()

    def enterprise_named(self, name: str) -> str | None:
        """Return the only enterprise with a name or short name; None for none or several.

        The legal form may be missing: 康佳集团 matches 康佳集团股份有限公司.
        """
        by_name = self._tables().by_name
        found = by_name.get(_plain(name)) or by_name.get(_bare(name)) or []
        return found[0] if len(found) == 1 else None

    def enterprises_of(self) -> str | None:
        """Return the ISO date of the last change of the enterprises; None without any."""
        return self._workspace.pool_date

    def struck_off(self) -> frozenset[str]:
        """Return the ids of enterprises that are struck off."""
        return self._tables().closed

    def talks(self) -> pl.DataFrame:
        """Return the imported events, in the columns for talks."""
        return self._tables().events

    def place(self, text: str) -> str | None:
        """Return the zone of a place in a list; None for none or several.

        By id or name, full or shortened (高新区 matches 高新技术产业开发区), else the only zone in
        that county.

        Examples
        --------
        长治高新区 is 长治高新技术产业开发区; 襄垣县 is the zone in that county; 长治市 is none.
        """
        zones = self._tables().zones
        if text in zones:
            return text
        wanted = _shortened(text)
        named = {id_: _shortened(zone["name"] or "") for id_, zone in zones.items()}
        first = (
            [id_ for id_, name in named.items() if name == wanted]
            or [id_ for id_, n in named.items() if wanted and n and (wanted in n or n in wanted)]
            or [id_ for id_, zone in zones.items() if zone["county"] and _is_county(text, zone)]
        )
        return first[0] if len(first) == 1 else None

    def city_of(self, zone_id: str | None) -> str | None:
        """Return the city of a zone without its suffix."""
        zone = self.zone(zone_id) if zone_id else None
        return city_key(zone["city"]) if zone else None

    def seated_in(self, city: str) -> set[str]:
        """Return the ids of the enterprises seated in a city."""
        rows = self._tables().enterprises.select("enterprise_id", "city").rows()
        cities = {name: city_key(name) == city_key(city) for name in {row[1] for row in rows}}
        return {id_ for id_, name in rows if name and cities[name]}

    def zones_of(self, city: str) -> list[str]:
        """Return the zones of a city, by its name with or without suffix."""
        return [id_ for id_, z in self.zones().items() if city_key(z["city"]) == city_key(city)]

    def _tables(self) -> _WorkspaceTables:
        names = ("zones", "needs", "enterprises")
        with self._lock:
            seen = self._workspace.snapshot()
            version = (*map(seen.version, names), str(seen.imported_at("events")))
            if self._known is None or self._known.version != version:
                zones, needs, enterprises = (self._workspace.read(name) for name in names)
                self._known = _WorkspaceTables(
                    version,
                    {row["zone_id"]: row for row in zones.iter_rows(named=True)},
                    {row["need_id"]: row for row in needs.iter_rows(named=True)},
                    enterprises.select(PROFILE),
                    self._workspace.imported("events").select(_OF_EVENTS),
                    seen.joins.into,
                )
            return self._known


def _is_county(text: str, zone: Mapping[str, Any]) -> bool:
    """Whether a text names the county of a zone."""
    county = resolve(zone["province"], zone["city"], zone["county"]).seat
    return resolve(county.province, county.city, text).seat == county


def stated_name(text: str | None) -> str | None:
    """Return the name of an enterprise in a list; None for placeholders.

    Examples
    --------
    >>> stated_name("康佳集团"), stated_name("(not named)"), stated_name("待定")
    ('康佳集团', None, None)
    """
    return text if text and not _NO_NAME.search(text.strip()) else None


def _plain(name: str) -> str:
    return re.sub(r"\s", "", name).replace("（", "(").replace("）", ")").lower()


def _bare(name: str) -> str:
    return _LEGAL_FORM.sub("", _plain(name))


def _shortened(name: str) -> str:
    for long, short in _SHORT:
        name = name.replace(long, short)
    return name.strip()
