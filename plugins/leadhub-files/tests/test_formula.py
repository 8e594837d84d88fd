"""Cells that a spreadsheet would run."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st
from leadhub_files.formula import guarded, unguarded


@given(st.text(st.sampled_from("'=+-@\t\ra1 ")) | st.text())
def test_what_is_guarded_reads_back(text: str) -> None:
    """Writing and reading is the identity on every text."""
    assert unguarded(guarded(text)) == text


@given(st.text(st.sampled_from("'=+-@\t\ra1 ")) | st.text())
def test_no_guarded_cell_begins_like_a_formula(text: str) -> None:
    """No sign that starts a formula stands first."""
    assert guarded(text)[:1] not in {"=", "+", "-", "@", "\t", "\r"}


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_a_guarded_cell_survives_a_file(text: str) -> None:
    """Through the csv module, too, with quotes, delimiters and line ends inside."""
    out = io.StringIO(newline="")
    csv.writer(out).writerow([guarded(text), "x"])
    assert unguarded(next(csv.reader(io.StringIO(out.getvalue(), newline=""), strict=True))[0]) == text
