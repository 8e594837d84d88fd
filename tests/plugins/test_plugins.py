"""Plugins: found by entry point and as single files, and refused clearly when they break a promise."""

from pathlib import Path

import pytest

from leadhub.errors import PluginError
from leadhub.hookspecs import Hooks
from leadhub.plugins import BLOCK, Plugins

CONNECTOR = """
from leadhub import hookimpl


class Acme:
    name = "{name}"


@hookimpl
def register_connectors():
    return [Acme]
"""


def file_plugin(folder: Path, stem: str, text: str) -> Path:
    (folder / "plugins").mkdir(exist_ok=True)
    (folder / "plugins" / f"{stem}.py").write_text(text, encoding="utf-8")
    return folder


def test_hook_register_connectors_collects_installed_ones_and_single_files(tmp_path: Path) -> None:
    """A file in the deployment's plugins/ folder is a plugin like any other."""
    plugins = Plugins(file_plugin(tmp_path, "acme", CONNECTOR.format(name="acme")))
    assert {"acme", "files", "hubspot", "salesforce"} <= set(plugins.connectors())


def test_hook_register_presets_collects_the_cores_and_the_plugins(tmp_path: Path) -> None:
    """A CRM's preset comes with its plugin, the neutral ones with the core."""
    assert {"hubspot-contact", "salesforce-lead", "lead-prospect-customer"} <= set(Plugins().presets())


def test_hook_register_commands_adds_a_command(tmp_path: Path) -> None:
    """A plugin can add to the program."""
    import typer

    text = "from leadhub import hookimpl\n\n\n@hookimpl\ndef register_commands(app):\n    app.command('hello')(lambda: None)\n"
    app = typer.Typer()
    Plugins(file_plugin(tmp_path, "hello", text)).add_commands(app)
    assert [command.name for command in app.registered_commands] == ["hello"]


def test_every_hook_has_a_test_of_its_name() -> None:
    """A hook without a test is a hook that nobody knows works."""
    hooks = {name for name in vars(Hooks) if name.startswith("register_")}
    tested = {name.removeprefix("test_hook_") for name in globals() if name.startswith("test_hook_")}
    assert all(any(test.startswith(hook) for test in tested) for hook in hooks), hooks


def test_a_hook_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """A typing error in a hook's name does not pass in silence."""
    text = "from leadhub import hookimpl\n\n\n@hookimpl\ndef register_conectors():\n    return []\n"
    with pytest.raises(PluginError, match="a hook that leadhub does not have"):
        Plugins(file_plugin(tmp_path, "typo", text))


def test_two_connectors_of_one_name_are_refused(tmp_path: Path) -> None:
    """Which one would be meant is not guessed."""
    plugins = Plugins(file_plugin(tmp_path, "again", CONNECTOR.format(name="files")))
    with pytest.raises(PluginError, match="a second connector called files"):
        plugins.connectors()


def test_a_plugin_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    """The message names the file and the mend."""
    with pytest.raises(PluginError, match=r"broken\.py cannot be loaded") as caught:
        Plugins(file_plugin(tmp_path, "broken", "import a_module_that_is_not_there\n"))
    assert caught.value.next_step


def test_an_installed_plugin_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """One broken plugin does not stop the others from being used."""
    monkeypatch.setenv(BLOCK, "hubspot, files")
    assert not {"hubspot", "files"} & set(Plugins().connectors())
