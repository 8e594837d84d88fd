"""The deployment of one schedule: a configuration as operators write it, opened once per text, on a store and CRMs of the schedule's own."""

import atexit
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import cast

from leadhub.clock import Clock, SystemClock
from leadhub.connectors.http import HttpClient
from leadhub.hub import Hub
from leadhub.hub.opening import open_hub
from leadhub.store import Store
from leadhub.testing.dict_store import DictStore
from leadhub.testing.simulator.whole.connectors import SimulatedSettings, Wire
from leadhub.testing.simulator.whole.crm import Crm
from leadhub.testing.simulator.whole.kinds import KINDS

_PLUGIN = "from leadhub import hookimpl\nfrom leadhub.testing.simulator.whole.connectors import CONNECTORS\n\n\n@hookimpl\ndef register_connectors():\n    return CONNECTORS\n"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a schedule's operators configured. By system: the kind of CRM, whether records are created there, the rule of first contact."""

    kinds: Mapping[str, str]
    trust: str | None = None
    creates: frozenset[str] = frozenset()
    adoption: Mapping[str, str] = field(default_factory=dict)
    owner: str | None = None
    strict: bool = False
    clear: str = "keep"
    read_only: frozenset[str] = frozenset()

    def toml(self) -> str:
        """The configuration's text."""
        lines = ["version = 1", 'store = "sqlite:///:memory:"', "[defaults]"]
        lines += [f'trust = "{self.trust}"'] if self.trust else []
        lines += ["[fields.job_title]", f'clear = "{self.clear}"']
        lines += [f'owner = "{self.owner}"', f"strict = {str(self.strict).lower()}"] if self.owner else []
        for name, kind in self.kinds.items():
            lines += [f"[system.{name}]", f'plugin = "sim-{kind}"', f'org = "org-{name}"', f'adoption = "{self.adoption.get(name, "keep")}"']
            if name in self.read_only:
                lines += ['mode = "read"']
            elif name in self.creates:
                lines += ['create = "always"', 'on_create = { owner = "assignment_rules" }']
                lines += ['required_defaults = { Company = "[not provided]", LastName = "Unknown" }'] if kind == "leads" else []
            lines += [f"[system.{name}.field.Status.answers]", '"Closed - Not Converted" = "not for us"'] if kind == "leads" else []
        return "\n".join(lines) + "\n"


class _Silent:
    """A log that nobody reads."""

    def info(self, event: str, /, **fields: object) -> None:
        """Say nothing."""

    def warning(self, event: str, /, **fields: object) -> None:
        """Say nothing."""


@lru_cache(maxsize=4)
def _folder(_states: tuple[str, ...]) -> Path:
    """A folder for all deployments with the same systems that have states: beside the configuration it is noted which mapping was found sound."""
    folder = Path(tempfile.mkdtemp(prefix="leadhub-simulator-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "plugins").mkdir()
    (folder / "plugins" / "simulated.py").write_text(_PLUGIN)
    return folder


@lru_cache(maxsize=512)
def _opened(text: str, states: tuple[str, ...]) -> Hub:
    """Open a configuration once: what it says does not change, and the mapping's laws take a second."""
    folder = _folder(states)
    (folder / "leadhub.toml").write_text(text)
    return open_hub(folder, store=DictStore(SystemClock()))


def open_deployment(setting: Setting, crms: Sequence[Crm], store: Store, clock: Clock, call: Callable[[str, str], None]) -> Hub:
    """Return the hub of a schedule: production code throughout, on this store, this clock and these CRMs."""
    hub = _opened(setting.toml(), tuple(name for name, kind in setting.kinds.items() if KINDS[kind].states))
    by_name = {crm.name: crm for crm in crms}
    systems = {name: replace(s, settings=SimulatedSettings(crm=by_name[name], call=call)) for name, s in hub.systems.items()}
    wire = cast(Callable[..., HttpClient], lambda *_given, **_named: Wire())
    return replace(hub, systems=systems, store=store, clock=clock, log=_Silent(), actor="ann", one_thread=True, make_http=wire)
