"""Sets of words in one text."""

from leadhub.values.text import text_display


def tags_display(value: str) -> str:
    """Return the members of a set, separated by ";", in alphabetical order. Members that differ in capitals alone are one: the first of them stays."""
    members: dict[str, str] = {}
    for member in map(text_display, value.split(";")):
        if member:
            members.setdefault(member.casefold(), member)
    return ";".join(members[key] for key in sorted(members))


def tags_match(value: str) -> str:
    """Return the set without regard to capitals."""
    return tags_display(value).casefold()
