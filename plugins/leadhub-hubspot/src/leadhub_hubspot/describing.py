"""What an account's properties are, in leadhub's terms, with the options that people are shown. It writes nothing."""

from collections.abc import Mapping
from dataclasses import replace

from leadhub import AccessDenied, FieldDescription
from leadhub_hubspot.client import Client
from leadhub_hubspot.mapping import OPT_OUT
from leadhub_hubspot.reader import Reader


def describe(client: Client, reader: Reader) -> Mapping[str, FieldDescription]:
    """Return every property that the key can see. A stage has those of all pipelines: the property itself lists none.

    What is read without asking for its properties is told as it is asked for where the key may not see them; nothing, where it may not be read.
    """
    kind = reader.kind
    try:
        if not kind.described:
            client.list_page((), None, of=kind.name, limit=1)
    except AccessDenied:
        return {}
    try:
        known = client.properties(of=kind.name, fresh=True)
        stages = client.stages(kind.name) if kind.stage is not None else {}
    except AccessDenied:
        if kind.described:
            raise
        return {name: FieldDescription(name=name, label=name, writable=False) for name in reader.fields()}
    told = {
        name: FieldDescription(name=name, label=entry.label, writable=entry.writable or name == OPT_OUT, options=entry.options, labels=entry.labels)
        for name, entry in known.items()
    }
    if kind.stage in told:
        told[kind.stage] = replace(told[kind.stage], options=tuple(stages), labels=stages)
    return told
