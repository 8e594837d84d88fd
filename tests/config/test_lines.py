"""Where a key of leadhub.toml stands, however it is written."""

import pytest

from leadhub.config.lines import line_of

TEXT = '''version = 1
defaults.trust = "a"
[system.a]
plugin = "p"   # [system.b]
text = """
[system.z]
plugin = "none"
"""
[ system . "b c" ]
"plugin" = 'p'
inline = { deep = 1 }
[[settle]]
field = "x"
[[settle]]
rule = "keep"
[[system.a.field.Status.map]]
value = "v"
'''


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("version",), 1),
        (("defaults", "trust"), 2),
        (("defaults",), 2),
        (("system", "a"), 3),
        (("system", "a", "plugin"), 4),
        (("system", "a", "nothing"), 3),
        (("system", "z"), 3),
        (("system", "b c", "plugin"), 10),
        (("system", "b c", "inline", "deep"), 11),
        (("settle", "0", "field"), 13),
        (("settle", "1"), 14),
        (("settle", "1", "rule"), 15),
        (("settle", "1", "field"), 14),
        (("system", "a", "field", "Status", "map", "0", "value"), 17),
        (("nowhere",), None),
    ],
    ids=str,
)
def test_the_deepest_line_that_can_be_told(keys: tuple[str, ...], line: int | None) -> None:
    """The key's own line, else that of the table it belongs to; never one inside a longer text."""
    assert line_of(TEXT, keys) == line
