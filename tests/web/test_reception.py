"""The door: what is taken is kept before it is answered, and whatever is not taken is told so."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from forms_world import TOKEN, World
from sqlalchemy import event

from leadhub.errors import StoreError
from leadhub.web import reception

ANN = {"email": "ann@acme.example", "name": "Ann Berg"}
ORIGIN = "https://www.acme.example"


def test_a_post_is_kept_before_it_is_answered(world: World) -> None:
    """The answer names what is in the store by then."""
    answer = world.post(json=ANN)
    (stored,) = world.inbox()
    assert (answer.status_code, answer.json()) == (202, {"received": stored.delivery.id})
    assert (stored.source, stored.delivery.body, stored.delivery.content_type) == ("website", answer.request.content, "application/json")


@pytest.mark.parametrize(
    "options", [{"data": ANN}, {"json": ANN}, {"files": {name: (None, text) for name, text in ANN.items()}}], ids=["urlencoded", "json", "multipart"]
)
def test_every_way_of_posting_ends_as_the_same_person(world: World, options: dict[str, Any]) -> None:
    """From the post to the person, with nothing in between left out."""
    assert world.post(**options).status_code == 202
    report = world.sync()
    assert (report.records["synced"], report.records["rejected"]) == (1, 0)
    assert world.people()["ann@acme.example"]["last_name"] == "Berg"


def test_a_slash_behind_the_address_does_no_harm(world: World) -> None:
    """Nobody is sent elsewhere: a redirect behind a proxy would name plain HTTP."""
    assert world.post(token=f"{TOKEN}/", json=ANN).status_code == 202
    assert world.request("GET", "/healthz/").status_code == 404
    assert len(world.inbox()) == 1


def test_a_form_that_is_renamed_is_where_the_configuration_says(world: World) -> None:
    """The running server follows leadhub.toml: the new name and the new token are let in, the old ones are nobody's any more."""
    path, other = world.folder / "leadhub.toml", "an0ther-token-of-letters"
    assert world.post(json=ANN).status_code == 202
    (world.folder / "other.secret").write_text(other)
    path.write_text(path.read_text().replace("[system.website]", "[system.contact]").replace("token.secret", "other.secret"))
    assert world.post(json=ANN).status_code == 404
    assert world.post(system="contact", json=ANN).status_code == 404
    assert world.post(system="contact", token=other, json=ANN).status_code == 202
    assert [stored.source for stored in world.inbox()] == ["website", "contact"]


def test_the_doors_stay_while_the_configuration_cannot_be_used(world: World) -> None:
    """Somebody saves half an edit: posts are taken as before, the log says so once, and the mended file counts."""
    path = world.folder / "leadhub.toml"
    good = path.read_text()
    path.write_text(good + "[system.website\n")
    with structlog.testing.capture_logs() as logged:
        assert [world.post(json={"n": n}).status_code for n in range(2)] == [202, 202]
    assert [entry["error"].startswith("leadhub.toml is not valid TOML") for entry in logged if entry["log_level"] == "warning"] == [True]
    path.write_text(good.replace("[system.website]", "[system.contact]"))
    assert world.post(system="contact", json=ANN).status_code == 202


def test_a_body_that_cannot_be_read_is_kept_all_the_same(world: World) -> None:
    """Its sender will not come again; a person can still read it."""
    assert world.post(content=b'{"email": "ann@', headers={"Content-Type": "application/json"}).status_code == 202
    assert [stored.delivery.body for stored in world.inbox()] == [b'{"email": "ann@']


@pytest.mark.parametrize(
    ("system", "token"), [("website", "wrong"), ("website", TOKEN + "x"), ("website", ""), ("nobody", TOKEN), ("website", "%FF%00")]
)
def test_a_stranger_learns_nothing(world: World, system: str, token: str) -> None:
    """An unknown system and a wrong token get one answer, whatever else is wrong with the post."""
    wanted = world.post(system="nobody", token="wrong", content=b"x")
    for content in (b"x", b"x" * 400_000):
        answer = world.post(system=system, token=token, content=content)
        if token:
            assert (answer.status_code, answer.content, answer.headers.keys()) == (404, wanted.content, wanted.headers.keys())
        assert answer.status_code == 404
    assert world.inbox() == []


def test_a_wrong_token_takes_no_longer_for_a_system_that_is_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are hashed and compared once, in constant time."""
    compared: list[tuple[int, int]] = []
    compare = reception.Doors.find.__globals__["hmac"].compare_digest
    monkeypatch.setattr("leadhub.web.doors.hmac.compare_digest", lambda a, b: compared.append((len(a), len(b))) or compare(a, b))
    world.post(system="nobody", token="x", content=b"")
    world.post(system="website", token="a" * 500, content=b"")
    assert compared == [(32, 32), (32, 32)]


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_a_body_that_is_too_large_is_refused(world: World, declared: bool) -> None:
    """By what it declares, and by what comes."""
    world.configure("max_bytes = 1024")

    async def chunks() -> Any:
        for _ in range(1025):
            yield b"x"

    answer = world.post(content=b"x" * 1025 if declared else chunks(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (413, {"error": "It is larger than the 1,024 bytes that are taken here."})
    assert world.post(content=b"x" * 1024, headers={"Content-Type": "application/json"}).status_code == 202
    assert len(world.inbox()) == 1


@pytest.mark.parametrize("content_type", ["text/plain", "", "application/x-www-form-urlencodedx"])
def test_another_content_type_is_refused(world: World, content_type: str) -> None:
    """With those that are taken."""
    answer = world.post(content=b"email=ann", headers={"Content-Type": content_type})
    assert answer.status_code == 415
    assert "application/x-www-form-urlencoded" in answer.json()["error"]
    assert world.inbox() == []


def test_a_file_is_refused_and_its_sender_told(world: World) -> None:
    """A form without the file is what has to be sent."""
    answer = world.post(data=ANN, files={"cv": ("me.pdf", b"%PDF")})
    assert answer.status_code == 415
    assert answer.json()["error"].startswith("This form takes no files, and 1 came with it.")
    assert world.inbox() == []


def test_a_flood_is_told_to_wait(world: World) -> None:
    """A burst is let in, more has to wait, and after that time one more is let in."""
    world.configure("per_minute = 3")
    assert [world.post(json={"n": n}).status_code for n in range(4)] == [202, 202, 202, 429]
    answer = world.post(json={"n": 9})
    assert answer.headers["Retry-After"] == "21"
    world.clock.sleep(21)
    assert [world.post(json={"n": n}).status_code for n in (5, 6)] == [202, 429]


# ---- twice -----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["Idempotency-Key", "X-Delivery-Id"])
def test_the_same_delivery_twice_is_one_record(any_world: World, header: str) -> None:
    """The second answer is the first, and there is one person."""
    first, second = (any_world.post(json=ANN, headers={header: "17"}) for _ in range(2))
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert any_world.sync().records["synced"] == 1
    any_world.post(json=ANN, headers={header: "17"})
    assert any_world.sync().records["synced"] == 0


def test_a_double_click_is_one_delivery_whatever_the_boundary(world: World) -> None:
    """A browser draws a new multipart boundary for each click."""
    parts = {"email": (None, "ann@acme.example")}
    assert world.post(files=parts).json() == world.post(files=parts).json()
    assert len(world.inbox()) == 1


def test_one_key_for_two_bodies_is_refused(world: World) -> None:
    """Neither is lost: the first is kept, the second's sender is told."""
    world.post(json=ANN, headers={"Idempotency-Key": "17"})
    answer = world.post(json={"email": "bob@acme.example"}, headers={"Idempotency-Key": "17"})
    assert (answer.status_code, len(world.inbox())) == (422, 1)
    assert "Nothing was kept" in answer.json()["error"]
    assert world.post(json=ANN, headers={"Idempotency-Key": "1" * 256}).status_code == 400


# ---- a browser -------------------------------------------------------------------------------------------------------------------------


def test_a_browser_goes_where_the_settings_say_and_nowhere_else(world: World) -> None:
    """No part of a request decides it: the form cannot be made to send people to a stranger's site."""
    world.configure('thanks_url = "https://www.acme.example/thanks"')
    evil = {**ANN, "thanks_url": "https://evil.example", "next": "//evil.example", "redirect": "https://evil.example"}
    answer = world.request(
        "POST",
        f"/in/website/{TOKEN}?thanks_url=https://evil.example",
        data=evil,
        headers={"Accept": "text/html,*/*", "Referer": "https://evil.example", "Host": "evil.example"},
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "https://www.acme.example/thanks")
    assert world.post(json={"n": 1}).status_code == 202


def test_a_person_reads_a_sentence_and_a_program_an_object(world: World) -> None:
    """Of what went wrong."""
    options: dict[str, Any] = {"content": b"x", "headers": {"Content-Type": "text/plain", "Accept": "text/html"}}
    assert world.post(**options).headers["Content-Type"].startswith("text/plain")
    del options["headers"]["Accept"]
    assert world.post(**options).json().keys() == {"error"}


def test_scripts_of_other_sites_may_post_only_where_the_settings_name_them(world: World) -> None:
    """None by default; a named one is told, also of what went wrong; another is not."""

    def allowed(method: str, origin: str = ORIGIN, **options: Any) -> str | None:
        found: str | None = world.request(
            method, f"/in/website/{TOKEN}", headers={"Origin": origin, **options.pop("headers", {})}, **options
        ).headers.get("Access-Control-Allow-Origin")
        return found

    assert allowed("OPTIONS") is None
    world.configure(f'allowed_origins = ["{ORIGIN}"]')
    assert allowed("OPTIONS") == allowed("POST", json=ANN) == allowed("POST", content=b"x", headers={"Content-Type": "text/plain"}) == ORIGIN
    assert allowed("OPTIONS", "https://www.acme.example.evil.example") is None
    assert world.request("OPTIONS", "/in/website/wrong", headers={"Origin": ORIGIN}).status_code == 404


# ---- trouble ---------------------------------------------------------------------------------------------------------------------------


def test_a_locked_store_is_told_and_nothing_is_half_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with the time after which to try again; then it is taken."""

    def locked(*_: object, **__: object) -> None:
        raise StoreError("the store leadhub.db: another process has been writing for more than 10 seconds")

    with monkeypatch.context() as patch:
        patch.setattr("leadhub.store.inbox.Inbox.keep", locked)
        answer = world.post(json=ANN)
    assert (answer.status_code, answer.headers["Retry-After"], world.inbox()) == (503, "10", [])
    assert "nothing of it was" in answer.json()["error"]
    assert world.post(json=ANN).status_code == 202


def test_a_full_disk_is_told_and_what_was_kept_is_still_there(world: World) -> None:
    """SQLite is allowed no further page: that is what a full disk looks like to it."""
    assert world.post(json=ANN).status_code == 202

    def fill(connection: Any, *_: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    engine = world.hub.store._engine
    event.listen(engine, "connect", fill)
    engine.dispose()
    answers = [world.post(json={"email": f"n{n}@acme.example", "message": "x" * 4000}) for n in range(3)]
    assert answers[-1].status_code == 503
    assert len(world.inbox()) == 1 + sum(answer.status_code == 202 for answer in answers)


def test_health_says_whether_the_store_can_be_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """For whoever watches the server."""
    assert world.request("GET", "/healthz").json() == {"status": "ok"}

    def broken(*_: object) -> None:
        raise StoreError("the store is gone")

    monkeypatch.setattr(world.hub.store, "read", broken)
    assert world.request("GET", "/healthz").status_code == 503


def test_a_fault_of_our_own_is_no_silence(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sender is told that nothing was kept."""
    monkeypatch.setattr("leadhub.store.inbox.Inbox.keep", lambda *_, **__: 1 / 0)
    answer = world.post(json=ANN)
    assert (answer.status_code, world.inbox()) == (500, [])
    assert "nothing was kept" in answer.json()["error"]


def test_a_sender_that_says_nothing_is_let_go(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection is not held for good."""
    monkeypatch.setattr(reception, "READ_SECONDS", 0)

    async def never() -> Any:
        yield b"{"
        await asyncio.Event().wait()

    assert world.post(content=never(), headers={"Content-Type": "application/json"}).status_code == 408
    assert world.inbox() == []


@pytest.fixture
def log(world: World) -> Iterator[list[Any]]:
    """What is logged."""
    with structlog.testing.capture_logs() as captured:
        yield captured


def test_neither_token_nor_address_is_logged_or_kept(world: World, log: list[Any]) -> None:
    """Each request is one line with an id that its sender is given too."""
    answer = world.post(json=ANN)
    world.post(system=TOKEN, token="website", json=ANN)
    requests = [line for line in log if line["event"] == "request"]
    assert [(line["path"], line["status"]) for line in requests] == [("/in/website/…", 202), ("(unknown)", 404)]
    assert requests[0]["request"] == answer.headers["X-Request-Id"]
    assert TOKEN not in str(log)
    assert "ann@" not in str(log)
    assert TOKEN.encode() not in b"".join(path.read_bytes() for path in world.folder.glob("leadhub.db*"))
