"""Posts to a form that are not what they should be: the sender is told, what came is kept or nothing is, and the next sync takes in what can be read."""

import asyncio
import sqlite3
from contextlib import closing
from hashlib import sha256
from typing import Any

import httpx
import pytest
from bad_input_desk import Desk, as_on_the_page, plain

from leadhub.hub import open_hub
from leadhub.store import engine
from leadhub.web import make_app, open_doors

SECTION = "A form"
TOKEN = "a-token-of-the-form-0123456789"
JSON = {"Content-Type": "application/json"}
GOOD: dict[str, Any] = {"json": {"email": "zoe@zander.example", "last_name": "Zander", "company": "Zander"}}
TURNED_AWAY = {
    "The token is wrong": ("website", "wrong", GOOD),
    "There is no such form": ("nowhere", TOKEN, GOOD),
    "Ten megabytes": ("website", TOKEN, {"content": b"x" * 10_000_000, "headers": JSON}),
    "It is of another kind": ("website", TOKEN, {"content": b"<a/>", "headers": {"Content-Type": "text/xml"}}),
}
UNREADABLE = {
    "It says JSON and is none": b'{"email": "lost@lang.example"',
    "It is no UTF-8": '{"email": "m@mueller.example", "last_name": "Müller"}'.encode("cp1252"),
    "Nobody is named in it": b'{"message": "hello"}',
}


class Door:
    """What `leadhub serve` serves, asked without a socket."""

    def __init__(self, desk: Desk) -> None:
        path = desk.folder / "leadhub.toml"
        if "[system.website]" not in path.read_text():
            path.write_text(path.read_text() + f'\n[system.website]\nplugin = "forms"\ntoken_hash = "{sha256(TOKEN.encode()).hexdigest()}"\n')
        self.desk = desk

    def post(self, system: str = "website", token: str = TOKEN, **options: Any) -> tuple[int, str]:
        """Post, and return the status and what is said."""
        hub = open_hub(self.desk.folder)
        try:
            answer = asyncio.run(self._send(make_app(hub, open_doors(hub)), f"/in/{system}/{token}", options))
        finally:
            hub.store.close()
        said = str(answer.json().get("error") or "received")
        return answer.status_code, plain(said, self.desk.folder, self.desk.boxes)

    async def _send(self, app: Any, path: str, options: dict[str, Any]) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://leadhub.example") as client:
            return await client.post(path, **options)

    def inbox(self) -> list[dict[str, Any]]:
        """What was kept, as `leadhub inbox list` says."""
        found: list[dict[str, Any]] = self.desk.run("inbox", "list", "--output", "json").json["deliveries"]
        return found

    def taken_in(self) -> bool:
        """Post something good, sync, and say whether it arrived in HubSpot."""
        assert self.post(**GOOD)[0] == 202
        self.desk.run("sync")
        return "zoe@zander.example" in {row["properties"]["email"] for row in self.desk.crm("hubspot")}


@pytest.mark.parametrize("case", TURNED_AWAY)
def test_what_cannot_be_taken_is_refused_and_nothing_of_it_is_kept(desk: Desk, case: str) -> None:
    """The sender reads why; the inbox stays empty; a good post is taken after it."""
    system, token, options = TURNED_AWAY[case]
    door = Door(desk)
    status, said = door.post(system, token, **options)
    as_on_the_page(SECTION, case, said, status)
    assert TOKEN not in said
    assert door.inbox() == []
    assert door.taken_in()


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read_is_kept_and_listed(desk: Desk, case: str) -> None:
    """The sender's words are not lost: they lie in the inbox with the reason, and a good post beside them is taken in."""
    door = Door(desk)
    assert door.post(content=UNREADABLE[case], headers=JSON)[0] == 202
    assert door.taken_in()
    (reason,) = (kept["reason"] for kept in door.inbox() if kept["state"] == "rejected")
    as_on_the_page(SECTION, case, reason, 202)


def test_a_post_while_the_store_is_locked_is_told_to_come_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 and nothing kept; a little later it is taken."""
    door = Door(desk)
    assert door.inbox() == []
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0)
    with closing(sqlite3.connect(desk.folder / "leadhub.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        status, said = door.post(**GOOD)
        other.execute("ROLLBACK")
    as_on_the_page(SECTION, "The store is locked", said, status)
    assert door.inbox() == []
    assert door.taken_in()
