"""A second version beside the active one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.storage import artifact

if TYPE_CHECKING:
    from models.releases.registry import ModelRegistry

OTHER = "29990101T000000-aaaaaa"


def save_other(registry: ModelRegistry, *, weighing: float = 1) -> None:
    """Save a copy of the active version as `OTHER`, with its weights multiplied by a factor."""
    folder = registry.active_folder()
    assert folder is not None
    arrays = artifact.load(folder)
    for case in ("blend.cold", "blend.warm"):
        arrays[case] = arrays[case] * weighing
    artifact.save(registry.folder / OTHER, arrays, artifact.manifest(folder))
