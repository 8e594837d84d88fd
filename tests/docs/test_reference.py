"""Reference pages are written by a program, so that they cannot drift from the code."""

import pytest
from generate import FOLDER, PAGES


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_reference_page_is_what_the_code_says(name: str) -> None:
    """After a change: python tests/docs/generate.py."""
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name]()
