"""The pictures of the README: `python -m tests.browser.screenshots FOLDER`, on the demo's data.

There is none of the map: its boundaries have no review number (审图号).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.browser.opening import Served, browser

PICTURES = {
    "leads": "/console/leads?need_id=cz-gaoxin/电子信息",
    "enterprise": "/console/enterprise?enterprise_id=002384&need_id=cz-gaoxin/电子信息",
    "need": "/console/need?text=LED支架、载带配套&zone_id=cz-gaoxin",
    "chain": "/console/chain?place=cz-gaoxin&chain_id=led",
}
MOST = 300_000
"""Bytes of all pictures together."""
_WIDE, _HIGH = 1200, 720
_QUALITY = 50


def main(folder: Path) -> None:
    """Load the demo into a workspace of its own, serve it, and take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "LIANZHAO_HOME": home}
        command = "from service.commands import main; main()"
        subprocess.run(
            [sys.executable, "-c", command, "demo", "--no-serve"], env=environment, check=True
        )
        with Served.on(Path(home), encoder="") as served, browser() as chromium:
            context = chromium.new_context(
                viewport={"width": _WIDE, "height": _HIGH}, locale="zh-CN", base_url=served.url
            )
            page = context.new_page()
            for name, address in PICTURES.items():
                page.goto(address, timeout=120_000)
                page.screenshot(path=folder / f"{name}.jpg", type="jpeg", quality=_QUALITY)
    weight = sum((folder / f"{name}.jpg").stat().st_size for name in PICTURES)
    print(f"{len(PICTURES)} pictures in {folder}, {weight / 1000:.0f} kB")
    assert weight <= MOST


if __name__ == "__main__":
    main(Path(sys.argv[1]))
