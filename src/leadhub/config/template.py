"""The commented leadhub.toml that `init` writes. It never holds a secret: those are named as ${ENV}."""

from collections.abc import Iterator
from dataclasses import dataclass
from json import dumps

MEANINGS = ("not for us", "maybe later")
"""The answers to what Salesforce's "Closed - Not Converted" means, as the stage preset spells them."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What `init` asked. `files` is a path with wildcards; `trust` and `closed_means` are None where nobody could tell."""

    salesforce: bool = False
    hubspot: bool = False
    files: str | None = None
    trust: str | None = None
    closed_means: str | None = None
    salesforce_url: str | None = None
    hubspot_url: str | None = None

    @property
    def environment(self) -> tuple[str, ...]:
        """The environment variables that the file reads."""
        salesforce = ("SALESFORCE_CLIENT_ID", "SALESFORCE_CLIENT_SECRET") if self.salesforce else ()
        return (*salesforce, *(("HUBSPOT_TOKEN",) if self.hubspot else ()))


def render(answers: Answers) -> str:
    """Return the file."""
    parts = [_head(answers)]
    parts += [_salesforce(answers)] if answers.salesforce else []
    parts += [_hubspot(answers)] if answers.hubspot else []
    parts += [_files(answers.files)] if answers.files else []
    return "\n".join(line for part in parts for line in (*part, "")).rstrip("\n") + "\n"


def _head(answers: Answers) -> Iterator[str]:
    yield "# leadhub.toml: which systems there are, and who wins. Check it with: leadhub config check"
    yield "# Nothing is written to a system before you adopted it and switched writing on: leadhub adopt SYSTEM [--write-on]"
    yield "version = 1"
    yield 'store = "sqlite:///leadhub.db"   # or "${DATABASE_URL}" with postgresql+psycopg://…'
    yield ""
    yield "[defaults]"
    yield "# When two sides edit the same plain field before either saw the other, this system's value wins and the other is listed."
    yield f"trust = {_text(answers.trust)}" if answers.trust else '# trust = "salesforce"   # not chosen: such conflicts are asked'


def _salesforce(answers: Answers) -> Iterator[str]:
    yield "[system.salesforce]"
    yield 'plugin = "salesforce"'
    url = answers.salesforce_url or "https://YOUR-DOMAIN.my.salesforce.com"
    yield f"login_url = {_text(url)}   # your My Domain address, not login.salesforce.com"
    yield 'client_id = "${SALESFORCE_CLIENT_ID}"   # a connected app with the client credentials flow, under a user of its own'
    yield 'client_secret = "${SALESFORCE_CLIENT_SECRET}"'
    yield from _common("assignment_rules", "assignment_rules, or the id of a user or queue")
    yield '# preset = "salesforce-lead-five"   # where Status is New, Working, Nurturing, Qualified, Unqualified'
    yield ""
    yield "[system.salesforce.field.Status]"
    yield '# What does "Closed - Not Converted" mean here: "not for us", or "maybe later"? Until answered it is left alone.'
    answer = answers.closed_means
    yield f'answers = {{ "Closed - Not Converted" = {_text(answer)} }}' if answer else '# answers = { "Closed - Not Converted" = "not for us" }'


def _hubspot(answers: Answers) -> Iterator[str]:
    yield "[system.hubspot]"
    yield 'plugin = "hubspot"'
    yield 'token = "${HUBSPOT_TOKEN}"   # a service key, or a private app\'s token'
    if answers.hubspot_url:
        yield f"base_url = {_text(answers.hubspot_url)}"
    yield from _common("NAME@YOUR-COMPANY.example", "an owner's e-mail address or id; HubSpot has no assignment rules for contacts")


def _files(path: str) -> Iterator[str]:
    yield "[system.files]"
    yield 'plugin = "files"   # read, never written; common English headers are understood'
    yield f"path = {_text(path)}"
    yield '# headers = { "Mobile No." = "phone" }   # columns that leadhub does not know by themselves'


def _common(owner: str, owners: str) -> Iterator[str]:
    yield 'create = "never"   # "always": create missing records, which needs an owner rule:'
    yield f"# on_create = {{ owner = {_text(owner)} }}   # {owners}"
    yield "# create_cap = 200   # records a run"
    yield 'adoption = "keep"   # old differences: keep them, fill blanks, or prefer this system'


def _text(value: str) -> str:
    """Return a TOML string; JSON's basic strings are TOML's."""
    return dumps(value, ensure_ascii=False)
