"""Company names. Shown and compared as typed: adding "GmbH" is an edit. For telling companies apart there is a key."""

from leadhub.values.cached import cached
from leadhub.values.names import name_key
from leadhub.values.text import text_display

_LONGEST = 200
_ENGLISH_ARTICLE = "the "


@cached
def company_key(value: str) -> str:
    """Return a company's name without its legal form (by cleanco), accents, capitals and punctuation; of a bare legal form that form.

    For telling whether two names may be one company's, never for showing: "Müller GmbH & Co. KG" and "MULLER" have one key.
    """
    text = text_display(value)
    if len(text) > _LONGEST:
        return name_key(text)
    # Twice, as cleanco advises: "Acme Company, Inc." has two.
    from cleanco import basename  # type: ignore[import-untyped]  # it ships no types

    stem = str(basename(basename(text))).casefold().removeprefix(_ENGLISH_ARTICLE)
    return name_key(stem) or name_key(text)
