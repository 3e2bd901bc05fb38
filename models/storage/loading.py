"""Loading a version from disk, and rejecting one that cannot be served here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from features.encoder import EncodingStore
from features.errors import DamagedError, UnavailableError
from features.industry.chains import ChainMap
from features.space.space import FeatureSpace
from features.tables.schema import schema_hash
from models.scoring.ranker import Ranker
from models.storage import artifact
from models.storage.artifact import UnfitModelError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from features.encoder import SentenceEncoder
    from features.storage.snapshot import Snapshot
    from features.workspace import Workspace


def load(folder: Path, workspace: Workspace | Snapshot, encoder: SentenceEncoder) -> Ranker:
    """Return the ranker of a version, on the current chain map, supply links and words.

    Parameters
    ----------
    folder : Path
        The folder of the version.
    workspace : Workspace or Snapshot
    encoder : SentenceEncoder
        The encoder of this workspace.

    Raises
    ------
    DamagedError
        When one of its files is missing, truncated or altered.
    UnfitModelError
        When it was made with another encoder, table schema, set of factors or artifact format.
    """
    _check_made_for(artifact.manifest(folder), folder.name, encoder)
    space = FeatureSpace(
        EncodingStore(workspace.home / "encodings.sqlite", encoder),
        ChainMap.from_frame(workspace.read("chains")),
        input_output=workspace.read("input_output"),
        own_words=workspace.read("words"),
    )
    arrays = artifact.load(folder)
    try:
        return Ranker.restore(arrays, space)
    except UnavailableError as error:
        raise UnfitModelError(
            f"model {folder.name}: {error.message}", got=error.got, expected=error.expected
        ) from error
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        # Every file is as it was saved, so the reading code has changed since.
        raise UnfitModelError(
            f"model {folder.name} was made by another version of Lianzhao and cannot be read here "
            f"({type(error).__name__}: {error}): train again, or activate another version"
        ) from error


def problem(folder: Path, workspace: Workspace | Snapshot, encoder: SentenceEncoder) -> str | None:
    """Return why a version cannot be served here, None if it can."""
    try:
        load(folder, workspace, encoder)
    except (DamagedError, UnfitModelError) as error:
        return error.message
    return None


def _check_made_for(manifest: Mapping[str, Any], version: str, encoder: SentenceEncoder) -> None:
    """Reject a model that was made with another sentence encoder or table schema."""
    for what, made_with, here in (
        ("sentence encoder", manifest.get("encoder"), encoder.id),
        ("table schema", manifest.get("schema"), schema_hash()),
    ):
        if made_with != here:
            raise UnfitModelError(
                f"model {version} was made with the {what} {made_with}, here it is {here}: "
                "train again, or go back to what it was made with",
                got=here,
                expected=str(made_with),
            )
