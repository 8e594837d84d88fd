"""What is remembered of a system, beside what it is now: the organization that answered, the orders under which everyone was judged, and the normal forms."""

import hashlib

from leadhub import values
from leadhub.errors import ConfigError
from leadhub.hub import Hub, System
from leadhub.model.record import Identity
from leadhub.store import SystemRow

FORMS = "forms"
"""Where a system's row remembers the version of the normal forms in which it was last read."""


def orders_of(hub: Hub, system: System, mode: str) -> str:
    """What the judgement of a person depends on apart from records: where it changed, everyone is judged again, from the store alone.

    Switching a system to writing counts: what waited for it was judged before it could be written.
    """
    document = hub.deployment.document
    parts = [
        str(values.VERSION),
        system.projection,
        mode,
        system.doc.mode,
        system.doc.create,
        repr(system.doc.allow),
        repr(system.doc.create_when),
        repr(system.doc.on_create),
        repr(sorted(system.doc.owner_map.items())),
        str(system.doc.owner_fallback),
        repr(sorted(system.doc.required_defaults.items())),
        system.doc.adoption,
        repr(document.defaults),
        repr(document.fields),
        repr(document.settle),
    ]
    return hashlib.blake2b("|".join(parts).encode(), digest_size=8).hexdigest()


def in_old_form(row: SystemRow) -> bool:
    """Whether what is agreed on with a system was read in another normal form than the present one."""
    return row.mode != "new" and (row.identity or {}).get(FORMS) != values.VERSION


def make_sure(hub: Hub, system: System, met: str | None, identity: Identity) -> None:
    """Raise ConfigError if another organization answers than the one that the store was filled from (`met`), or than the pinned one.

    The store counts even where the configuration has no line about it: every link in it is an id of that organization.
    """
    name = hub.deployment.path.name
    answers = f"{system.name} answers as organization {identity.org} ({identity.name})"
    if met is not None and met != identity.org:
        raise ConfigError(
            f"{answers}, but this deployment was begun with {met}. Nothing of it was read or written.",
            next_step="check the credentials; another organization is another deployment, to be begun in a new folder: leadhub init DIR",
        )
    pinned = system.doc.org
    if pinned is not None and pinned != identity.org:
        line = hub.deployment.line_of("system", system.name, "org")
        raise ConfigError(
            f"{answers}, but {pinned} is pinned in {name}. Nothing of it was read or written.",
            next_step=f"check the credentials, and the line `org` of [system.{system.name}] ({name}:{line})",
        )
