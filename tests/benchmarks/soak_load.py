"""A mixed load at a constant rate: requests of officials, analysts and front ends, and wrong ones.

Requests are due at fixed times, whether or not the one before has been answered, and latencies
count from then: a service that stands still cannot hide it.
"""

import http.client
import json
import queue
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote, urlencode

_THREADS = 16
_TIMEOUT = 120.0
_LISTS = "/v1/recommendations"


class Call(NamedTuple):
    """A request, and the status that it has to be answered with."""

    kind: str
    method: str
    path: str
    status: int = 200
    body: Mapping[str, object] | None = None
    headers: Mapping[str, str] = {}


class Mix:
    """Draws requests of every kind, by the seed.

    Parameters
    ----------
    needs, enterprises
        Ids that the workspace knows.
    """

    def __init__(self, needs: Sequence[str], enterprises: Sequence[str], seed: int = 0) -> None:
        self.needs = needs
        self.enterprises = enterprises
        self.chance = random.Random(seed)
        self.etags: dict[str, str] = {}
        self.drawn = 0

    def draw(self) -> Call:
        """Return the next request."""
        kinds = {
            self._repeated: 45,
            self._fresh: 15,
            self._filtered: 8,
            self._posted: 6,
            self._unchanged: 8,
            self._searched: 8,
            self._profile: 5,
            self._suited: 0.1,
            self._event: 1,
            self._wrong: 4,
        }
        self.drawn += 1
        return self.chance.choices(list(kinds), list(kinds.values()))[0]()

    def _of_need(self, number: int, **query: object) -> str:
        return f"{_LISTS}?{urlencode({'need_id': self.needs[number], **query})}"

    def _repeated(self) -> Call:
        return Call("repeated", "GET", self._of_need(self.chance.randrange(10)))

    def _fresh(self) -> Call:
        number, offset = self.chance.randrange(len(self.needs)), self.chance.randrange(2_000)
        return Call("fresh", "GET", self._of_need(number, offset=offset))

    def _filtered(self) -> Call:
        query = {"region": "长三角", "max_age": self.chance.randrange(5, 60)}
        return Call("filtered", "GET", self._of_need(self.chance.randrange(50), **query))

    def _posted(self) -> Call:
        words = self.chance.sample(["锂电池", "隔膜", "LED", "封装", "中药", "煤化工", "机器人"], 3)
        need = {"industry": "".join(words), "keywords": words[:2]}
        return Call("posted", "POST", _LISTS, body={"need": need, "limit": 10})

    def _unchanged(self) -> Call:
        """Ask for a list whose tag is known; an event meanwhile may have changed it."""
        path = self._of_need(self.chance.randrange(10))
        tag = self.etags.get(path)
        return Call("unchanged", "GET", path, 304, headers={"If-None-Match": tag} if tag else {})

    def _searched(self) -> Call:
        word = self.chance.choice(["电", "科技", "股份", "药", "光"])
        query = urlencode({"q": word, "offset": self.chance.randrange(50)})
        return Call("searched", "GET", f"/v1/enterprises?{query}")

    def _profile(self) -> Call:
        return Call("profile", "GET", f"/v1/enterprises/{self._enterprise()}")

    def _suited(self) -> Call:
        """Ask for what ranks an enterprise in the lists of all needs: seconds, so seldom."""
        return Call("suited", "GET", f"/v1/enterprises/{self._enterprise()}/needs")

    def _event(self) -> Call:
        body = {
            "need_id": self.chance.choice(self.needs),
            "enterprise_id": self._enterprise(),
            "stage": "contacted",
            "date": "2026-01-01",
        }
        key = {"Idempotency-Key": f"soak-{self.drawn}"}
        return Call("event", "POST", "/v1/events", 201, body, key)

    def _wrong(self) -> Call:
        return self.chance.choice(
            [
                Call("wrong", "GET", f"/v1/zones/{self.drawn}", 404),
                Call("wrong", "GET", self._of_need(0, limit=self.drawn + 201), 422),
                Call("wrong", "GET", f"/nowhere/{self.drawn}", 404),
                Call("wrong", "POST", _LISTS, 422, {"need": {"nothing": self.drawn}}),
                Call("wrong", "GET", "/v1/zones", 401, headers={"X-API-Key": f"no-{self.drawn}"}),
            ]
        )

    def _enterprise(self) -> str:
        return quote(self.chance.choice(self.enterprises), safe="")


class Load:
    """Sends requests drawn from a mix at a rate per second, until it is stopped.

    Parameters
    ----------
    host
        Name and port.
    token
        The key that is sent.
    """

    def __init__(self, host: str, token: str, mix: Mix, rate: float) -> None:
        self.host = host
        self.token = token
        self.mix = mix
        self.rate = rate
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.failed: Counter[str] = Counter()
        self._due: queue.SimpleQueue[tuple[float, Call] | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(_THREADS)]
        self._clock = threading.Thread(target=self._tick)

    def start(self) -> None:
        for thread in (*self._threads, self._clock):
            thread.start()

    def stop(self) -> None:
        """Stop, when what was due has been answered."""
        self._stopped.set()
        self._clock.join()
        for _ in self._threads:
            self._due.put(None)
        for thread in self._threads:
            thread.join()

    def _tick(self) -> None:
        due = time.monotonic()
        while not self._stopped.wait(max(0.0, due - time.monotonic())):
            self._due.put((due, self.mix.draw()))
            due += 1 / self.rate

    def _send(self) -> None:
        connection = http.client.HTTPConnection(self.host, timeout=_TIMEOUT)
        while found := self._due.get():
            due, call = found
            try:
                said = self._ask(connection, call)
            except (OSError, http.client.HTTPException) as error:
                said = type(error).__name__
                connection.close()
            self.seconds[call.kind].append(time.monotonic() - due)
            if said is not None:
                self.failed[f"{call.kind}: {said}"] += 1
        connection.close()

    def _ask(self, connection: http.client.HTTPConnection, call: Call) -> str | None:
        """Return what was wrong with the answer, None where nothing was."""
        headers = {"X-API-Key": self.token, "Content-Type": "application/json", **call.headers}
        body = None if call.body is None else json.dumps(call.body)
        connection.request(call.method, call.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        if call.kind in {"repeated", "unchanged"} and (tag := answer.headers["ETag"]):
            self.mix.etags[call.path] = tag
        right = {call.status, 200} if call.kind == "unchanged" else {call.status}
        if answer.status not in right:
            return str(answer.status)
        if answer.status == 200 and not json.loads(content):
            return "empty"
        return None
