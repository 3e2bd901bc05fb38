"""Two workers beside one, every request another question: each worker has one thread for BLAS.

The servers take turns within one run, by wrk with 16 connections, which the kernel shares out over
the workers; medians over the turns. Every answer must be 200 and whole, and come from the engine.
"""

import json
import os
import subprocess
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from urllib.parse import quote

from features.workspace import Workspace
from tests.benchmarks.bench_serving import add_key, fetch, need_wrk, served
from tests.benchmarks.listed import Listed
from tests.benchmarks.report import progress, report

_ROUNDS = 5
_SECONDS = 6
_SCRIPT = """
local path, turn, needs, asked = "/v1/recommendations?need_id=", nil, nil, 0
local made
whole = 0

function setup(thread) made = thread end

function init(arguments)
  turn = table.remove(arguments, 1)
  needs = arguments
end

function request()
  asked = asked + 1
  local need = needs[asked % #needs + 1]
  return wrk.format("GET", path .. need .. "&exclude=" .. turn .. "-" .. asked)
end

function response(status, headers, body)
  local last = body:find('"rank":20,', 1, true)
  if status == 200 and last and body:sub(-2) == "]}" and headers["x-cache"] == "miss" then
    whole = whole + 1
  end
end

function done(summary)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"seconds":%f,"whole":%d,"errors":%d}\\n',
    summary.requests, summary.duration / 1e6, made:get("whole"),
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def run(listed: Listed) -> None:
    need_wrk()
    needs = [quote(need, safe="") for need in Workspace(listed.workspace).read("needs")["need_id"]]
    script = listed.folder / "another.lua"
    script.write_text(_SCRIPT)
    key = add_key(listed.workspace)
    page = listed.folder / "page.json"
    with ExitStack() as stack:
        urls = {
            workers: stack.enter_context(served("service", listed.workspace, page, workers))
            for workers in (1, 2)
        }
        for url in urls.values():
            for need in needs[:8]:  # each over a connection of its own, so by either worker
                fetch(f"{url}/v1/recommendations?need_id={need}", key)
        progress(f"workers: {_ROUNDS} turns of {_SECONDS} s each, {os.cpu_count()} processors")
        turns = [
            {n: load(url, key, script, f"t{turn}", needs) for n, url in urls.items()}
            for turn in range(_ROUNDS)
        ]
    rates = [turn[2][0] / turn[1][0] for turn in turns]
    report(
        "workers.two.rate",
        median(rates),
        "ratio",
        ratio_to="one worker",
        target=">= 1.6",
        lowest=round(min(rates), 3),
        highest=round(max(rates), 3),
        requests_a_second={n: round(median(turn[n][0] for turn in turns), 1) for n in urls},
        client_processors=round(median(turn[n][1] for turn in turns for n in urls), 3),
    )


def load(url: str, key: str, script: Path, turn: str, needs: list[str]) -> tuple[float, float]:
    """Return requests a second, and how much of a processor the client took."""
    options = [
        "-t1",
        "-c16",
        "--timeout=30s",
        f"-d{_SECONDS}s",
        "-s",
        str(script),
        "-H",
        f"X-API-Key: {key}",
    ]
    before = os.times()
    said = subprocess.run(
        ["wrk", *options, url, "--", turn, *needs], check=True, capture_output=True, text=True
    ).stdout
    after = os.times()
    found = json.loads(said.strip().splitlines()[-1])
    assert found["errors"] == 0, said
    assert found["whole"] >= found["requests"] > 0, said
    client = after.children_user + after.children_system
    client -= before.children_user + before.children_system
    return found["requests"] / found["seconds"], client / found["seconds"]
