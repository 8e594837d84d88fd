"""Reference pages are written by a program, so that they cannot drift from the code."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


def generator() -> ModuleType:
    """The generator, loaded from beside this file."""
    spec = importlib.util.spec_from_file_location("generate_reference", Path(__file__).with_name("generate.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["commands.md", "configuration.md", "errors.md"])
def test_a_reference_page_is_what_the_code_says(name: str) -> None:
    """After a change: python tests/docs/generate.py."""
    pages = generator()
    assert (pages.FOLDER / name).read_text(encoding="utf-8") == pages.PAGES[name]()
