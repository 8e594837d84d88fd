"""Plan files under attack: what is not word for word what leadhub wrote is refused, whatever it is, before any system is called."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sandbox_world import World

from leadhub.errors import LeadhubError
from leadhub.sync import planfile
from leadhub.sync.planfile import PlanFileError
from leadhub.sync.run import plan

HEAD = '{\n "schema": "leadhub.plan/1",'


@pytest.fixture
def path(world: World) -> Path:
    """A plan of two titles, kept in a file."""
    bob, _ = world.pair("bob@b.example")
    ann, _ = world.pair()
    world.begin()
    world.sf_edit(bob, Title="Chair")
    world.sf_edit(ann, Title="CEO")
    report, changes = plan(world.hub)
    path = world.folder / "night.plan"
    planfile.write(path, world.hub, report, changes)
    return path


def test_every_word_of_a_plan_counts(world: World, path: Path) -> None:
    """Whatever is changed in the file, each value in it for another, is noticed: what is written, what stood there, whose it is, its class, its cost, its author."""
    body = json.loads(path.read_text())
    places = list(leaves(body))
    assert {str(way[-1]) for way, _ in places} >= {
        "to",
        "from",
        "why",
        "reversible",
        "often_starts_automation",
        "planned_by",
        "hubspot",
        "operation",
        "api_calls",
    }
    for way, value in places:
        changed = json.loads(path.read_text())
        parent = changed
        for step in way[:-1]:
            parent = parent[step]
        parent[way[-1]] = not value if isinstance(value, bool) else f"{value}x"
        other = world.folder / "other.plan"
        other.write_text(json.dumps(changed))
        with pytest.raises(PlanFileError, match="cannot be applied"):
            planfile.read(other, world.hub)


def leaves(node: Any, way: tuple[Any, ...] = ()) -> Any:
    """Every value of a JSON tree with the way to it."""
    if isinstance(node, dict | list) and node:
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from leaves(value, (*way, key))
    else:
        yield way, node


ATTACKS: dict[str, tuple[Callable[[str], str], str]] = {
    "an item removed": (lambda text: _with(text, lambda body: body["changes"].pop()), "somebody changed it"),
    "an item added": (lambda text: _with(text, lambda body: body["changes"].append(body["changes"][0])), "somebody changed it"),
    "two items swapped": (lambda text: _with(text, lambda body: body["changes"].reverse()), "somebody changed it"),
    "a key more": (lambda text: _with(text, lambda body: body.update(note="harmless")), "somebody changed it"),
    "a key twice, the true one last": (lambda text: text.replace(HEAD, HEAD + ' "changes": [],', 1), '"changes" stands in it twice'),
    "a key twice, within": (lambda text: text.replace('"to": "CEO"', '"to": "Emperor", "to": "CEO"', 1), '"to" stands in it twice'),
    "nested too deep": (lambda text: text.replace(HEAD, HEAD + f' "x": {"[" * 100_000}{"]" * 100_000},', 1), "nested too deep"),
    "no UTF-8": (lambda text: text.replace("CEO", "\udcff", 1), "no JSON"),
    "the class of an item": (lambda text: text.replace('"reversible": "reversible"', '"reversible": "compensable"'), "somebody changed it"),
}


def _with(text: str, change: Callable[[Any], object]) -> str:
    body = json.loads(text)
    change(body)
    return json.dumps(body)


def test_a_file_that_says_anything_else_is_refused(world: World, path: Path) -> None:
    """Removed, added, swapped, said twice, or made to break whoever reads it: refused as a whole, with the command that makes a new one."""
    text = path.read_text()
    for name, (attack, why) in ATTACKS.items():
        changed = attack(text)
        assert changed != text, name
        path.write_bytes(changed.encode(errors="surrogateescape"))
        with pytest.raises(PlanFileError, match=why) as error:
            planfile.read(path, world.hub)
        assert error.value.next_step == "leadhub plan -o FILE makes a new one", name


def test_what_changes_nothing_of_what_a_plan_says_is_not_noticed(world: World, path: Path) -> None:
    """The content is what is protected: white space, the order of an object's keys and the way a letter is written are not, and nothing comes of them."""
    true = planfile.read(path, world.hub)
    text = json.dumps(json.loads(path.read_text()), indent=7, sort_keys=True, ensure_ascii=False).replace('"CEO"', '"\\u0043EO"')
    assert text != path.read_text()
    path.write_text(f"\n\n{text}\n\n")
    assert planfile.read(path, world.hub) == true


@pytest.mark.parametrize(
    ("name", "typed"), [("night.plan", "night.plan"), ("my plan", "'my plan'"), ("-x", "./-x"), ("~a$b", "'~a$b'"), ("Ann's", "'Ann'\"'\"'s'")]
)
def test_a_name_is_said_as_it_has_to_be_typed(name: str, typed: str) -> None:
    """A shell takes it for one word, and no command takes it for an option."""
    assert planfile.typed(Path(name)) == typed


@pytest.mark.timeout(60)
def test_what_is_no_file_is_never_waited_for(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe that nobody writes to, a folder, a file without end: said at once."""
    monkeypatch.setattr(planfile, "LARGEST", 10)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (tmp_path / "large").write_bytes(b" " * 11)
    for name, why in {"fifo": "no plain file", "folder": "Is a directory", "large": "larger than any plan"}.items():
        with pytest.raises(PlanFileError, match=why):
            planfile.read(tmp_path / name, world.hub)


def test_a_plan_takes_the_place_of_a_plain_file_alone(world: World, path: Path) -> None:
    """A link, a pipe or a device of that name stays what it is: what it leads to was not meant. A file gives way as a whole."""
    report, changes = plan(world.hub)
    precious = world.folder / "precious"
    precious.write_text("mine")
    link, fifo = world.folder / "link", world.folder / "fifo"
    link.symlink_to(precious)
    os.mkfifo(fifo)
    for there in (link, fifo):
        with pytest.raises(LeadhubError, match="no plain file"):
            planfile.write(there, world.hub, report, changes)
    assert (precious.read_text(), link.is_symlink(), fifo.is_fifo()) == ("mine", True, True)
    planfile.write(path, world.hub, report, changes)
    assert planfile.read(path, world.hub).run == report.run


def test_a_plan_reached_by_a_link_is_read(world: World, path: Path) -> None:
    """It is what it says that counts, not where it lies."""
    link = world.folder / "latest"
    link.symlink_to(path)
    assert planfile.read(link, world.hub) == planfile.read(path, world.hub)


def test_a_plan_that_would_be_too_large_to_be_read_is_not_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is one of both sides, and what helps is said."""
    report, changes = plan(world.hub)
    monkeypatch.setattr(planfile, "LARGEST", 10)
    with pytest.raises(LeadhubError, match="larger than") as error:
        planfile.write(world.folder / "big.plan", world.hub, report, changes)
    assert "--pattern" in (error.value.next_step or "")
    assert not list(world.folder.glob("*big*"))


def test_a_plan_of_another_installation_is_refused(world: World, path: Path) -> None:
    """Another store never wrote it, nor does one that was restored from a backup older than the plan."""
    text = path.read_text()
    world.configure(**{"": ""})
    (world.folder / "store.secret").write_text("sqlite:///:memory:")
    world.reopen()
    with pytest.raises(PlanFileError, match="never wrote it"):
        planfile.read(path, world.hub)
    assert path.read_text() == text


def test_a_plan_takes_the_place_of_nothing_but_a_plan(world: World, path: Path) -> None:
    """A slip of the hand costs no configuration and no list of people: before anything is read the name is refused; an older plan may be replaced."""
    precious = path.with_name("leadhub.toml")
    precious.write_text("version = 1")
    with pytest.raises(LeadhubError, match=r"that file is there, and is no plan\. Nothing was written") as error:
        planfile.make_room(precious)
    assert error.value.next_step == "leadhub plan -o FILE, with a name that is new"
    assert precious.read_text() == "version = 1"
    for free in (path, path.with_name("new.plan")):
        planfile.make_room(free)
