"""The installed version of this package."""

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """Return the version of Lianzhao, "0" where it runs without being installed."""
    try:
        return version("lianzhao")
    except PackageNotFoundError:
        return "0"
