"""What clients do all the while: they send events, merge people, and have some of them erased."""

from __future__ import annotations

import http.client
import json
import random
import threading
from typing import Any
from uuid import uuid4

MEMBERS = 100
VICTIMS = 0.4
MERGES = 0.1
LARGEST = 30


class Traffic:
    """Threads that send to one of some ports until stopped, and keep account of what was answered.

    `sent` and `acknowledged` are uuids of events of people who stay; `erased` are distinct ids of people whose
    deletion was acknowledged. What goes wrong with a server that is up is in `faults`.
    """

    def __init__(self, ports: list[int], project: dict[str, Any], key: str, *, threads: int = 3) -> None:
        self.sent: set[str] = set()
        self.acknowledged: set[str] = set()
        self.members: set[str] = set()
        self.erased: set[str] = set()
        self.faults: list[str] = []
        self._ports, self._project, self._key = ports, project, key
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(threads)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish what was begun; a server must be up."""
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a client is stuck"

    def _run(self, number: int) -> None:
        chance = random.Random(number)
        victims: list[str] = []
        while not (self._stop.is_set() and not victims):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", chance.choice(self._ports), timeout=30)
                self._speak(connection, chance, number, victims)
            except (OSError, http.client.HTTPException):
                self._stop.wait(0.01)  # the server has just been killed
            finally:
                connection.close()

    def _speak(
        self, connection: http.client.HTTPConnection, chance: random.Random, number: int, victims: list[str]
    ) -> None:
        while not (self._stop.is_set() and not victims):
            if victims and (self._stop.is_set() or chance.random() < 0.5):
                self._erase(connection, victims)
                continue
            batch = [self._event(chance, number) for _ in range(chance.randint(1, LARGEST))]
            victim = f"victim-{uuid4()}" if chance.random() < VICTIMS else None
            if victim:
                batch += [{"event": "e", "uuid": str(uuid4()), "distinct_id": victim, "properties": {"$set": {"a": 1}}}]
            staying = {event["uuid"] for event in batch if event["distinct_id"] != victim}
            self.sent |= staying
            body = {"api_key": self._project["api_token"], "batch": batch}
            if self._call(connection, "POST", "/batch/", body)[0] == 200:
                self.acknowledged |= staying
                if victim:
                    victims.append(victim)
                self.members |= {event["distinct_id"] for event in batch if event["distinct_id"] != victim}

    def _event(self, chance: random.Random, number: int) -> dict[str, Any]:
        name = f"{number}-{chance.randrange(MEMBERS)}"
        event = {
            "event": "e",
            "uuid": str(uuid4()),
            "distinct_id": name,
            "properties": {"$set": {"n": chance.random()}},
        }
        if chance.random() < MERGES:
            event["event"] = "$identify"
            event["properties"] = {"$anon_distinct_id": f"anonymous-{uuid4()}"}
        return event

    def _erase(self, connection: http.client.HTTPConnection, victims: list[str]) -> None:
        victim, base = victims[0], f"/api/projects/{self._project['id']}/persons"
        status, found = self._call(connection, "GET", f"{base}?distinct_id={victim}")
        if status != 200:
            return
        for person in found["results"]:
            if self._call(connection, "DELETE", f"{base}/{person['id']}?delete_events=true")[0] not in (202, 204, 404):
                return
        self.erased.add(victim)
        victims.pop(0)

    def _call(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: object = None
    ) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._key}"}
        connection.request(method, path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        content = response.read()
        if response.status >= 400 and response.status not in (404, 429, 503):
            self.faults.append(f"{method} {path}: {response.status} {content[:200]!r}")
        if response.status in (429, 503):
            self._stop.wait(0.01)
        return response.status, json.loads(content) if content[:1] in (b"{", b"[") else None
