"""The page of the witnesses is what `count.py` writes. That each of its lines is right, the tests of the witnesses check themselves."""

from witnessing import FOLDER, PAGE, WITNESSES, page


def test_the_page_tells_of_tests_that_exist() -> None:
    """Its sums are those of its lines, and each line is of a test that is there: after a change run count.py."""
    told = PAGE.read_text(encoding="utf-8")
    parts = told.split("\n## ")[1:]
    rows = {file: part.splitlines()[4:] for file, part in zip(WITNESSES, parts, strict=True)}
    assert page(rows) == told
    for file, lines in rows.items():
        text = (FOLDER / file).read_text(encoding="utf-8")
        for line in lines:
            assert f"\ndef test_{line.split(' | ')[0].removeprefix('| ').replace(' ', '_')}(" in text
