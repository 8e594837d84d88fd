"""The commented leadhub.toml that `init` writes, with the files that go beside it. No secret is ever in them: those are named as ${ENV}."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from json import dumps

MEANINGS = ("not for us", "maybe later")
"""The answers to what Salesforce's "Closed - Not Converted" means, as the stage preset spells them."""

FORM_TOKEN = "FORM_TOKEN"  # noqa: S105 - the name of a variable
GIT_IGNORE = "# Secrets, and what leadhub keeps.\n.env\n*.secret\nleadhub.db*\n.leadhub-laws\n.leadhub-failed\n"


@dataclass(frozen=True, slots=True)
class Answers:
    """What `init` asked. `files` is a path with wildcards; `trust`, `region` and `closed_means` are None where nobody could tell.

    `creates` are the systems in which records may be created, with the owner of those. `hubspot_url` is only for a sandbox.
    """

    salesforce: bool = False
    hubspot: bool = False
    forms: bool = False
    files: str | None = None
    trust: str | None = None
    region: str | None = None
    closed_means: str | None = None
    creates: Mapping[str, str] = field(default_factory=dict)
    hubspot_url: str | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that the file reads, and what each is."""
        names: dict[str, str] = {}
        if self.salesforce:
            names |= {
                "SALESFORCE_LOGIN_URL": "your My Domain address: https://acme.my.salesforce.com",
                "SALESFORCE_CLIENT_ID": "of an External Client App that allows the client credentials flow",
                "SALESFORCE_CLIENT_SECRET": "of the same app",
            }
        if self.hubspot:
            names |= {"HUBSPOT_TOKEN": "a service key"}
        if self.forms:
            names |= {FORM_TOKEN: "the last part of the form's address: at least 16 letters and digits that nobody guesses"}
        return names


def render(answers: Answers) -> str:
    """Return the file."""
    parts = [_head(answers)]
    parts += [_salesforce(answers)] if answers.salesforce else []
    parts += [_hubspot(answers)] if answers.hubspot else []
    parts += [_forms()] if answers.forms else []
    parts += [_files(answers.files)] if answers.files else []
    return "\n".join(line for part in parts for line in (*part, "")).rstrip("\n") + "\n"


def environment(answers: Answers, known: Mapping[str, str] | None = None) -> str:
    """Return the text of .env.example, or of .env with the values that are known already."""
    lines = ["# Copy this to .env, which leadhub reads and git ignores, or set the names in the environment of leadhub."]
    if known is not None:
        lines = ["# Secrets of this deployment. leadhub reads this file; the environment outranks it. Keep it to yourself."]
    for name, meaning in answers.environment.items():
        lines += ["", f"# {meaning}", f"{name}={(known or {}).get(name, '')}"]
    return "\n".join(lines) + "\n"


def _head(answers: Answers) -> Iterator[str]:
    yield "# leadhub.toml: which systems there are, and who wins. Check it with: leadhub config check"
    yield "# Nothing is written to a system before you adopted it and switched writing on: leadhub adopt SYSTEM [--write-on]"
    yield "version = 1"
    yield 'store = "sqlite:///leadhub.db"   # or "${LEADHUB_STORE}" with postgresql+psycopg://…'
    yield '# on_failure = "${LEADHUB_WEBHOOK}"   # an address, or a command, that is told of a run that failed and of the recovery'
    yield ""
    yield "[defaults]"
    yield "# When two sides edit the same plain field before either saw the other, this system's value wins and the other is listed."
    yield f"trust = {_text(answers.trust)}" if answers.trust else '# trust = "salesforce"   # not chosen: such conflicts are asked'
    yield "# The country of phone numbers that name none, where the record names none either: two letters."
    yield f"region = {_text(answers.region)}" if answers.region else '# region = "US"   # not chosen: such numbers are compared as they are written'


def _salesforce(answers: Answers) -> Iterator[str]:
    yield "[system.salesforce]"
    yield 'plugin = "salesforce"'
    yield 'login_url = "${SALESFORCE_LOGIN_URL}"   # your My Domain address, not login.salesforce.com'
    yield 'client_id = "${SALESFORCE_CLIENT_ID}"   # an External Client App with the client credentials flow, under a user of its own'
    yield 'client_secret = "${SALESFORCE_CLIENT_SECRET}"'
    yield '# scope = { LeadSource = { not = ["Purchased List"] } }   # which records count; without it all do'
    yield from _common(answers.creates.get("salesforce"), "assignment_rules", "assignment_rules, or the id of a user or queue")
    yield '# preset = "salesforce-lead-five"   # where Status is New, Working, Nurturing, Qualified, Unqualified'
    yield ""
    yield "[system.salesforce.field.Status]"
    yield '# What does "Closed - Not Converted" mean here: "not for us", or "maybe later"? Until answered it is left alone.'
    answer = answers.closed_means
    yield f'answers = {{ "Closed - Not Converted" = {_text(answer)} }}' if answer else '# answers = { "Closed - Not Converted" = "not for us" }'


def _hubspot(answers: Answers) -> Iterator[str]:
    yield "[system.hubspot]"
    yield 'plugin = "hubspot"'
    yield 'token = "${HUBSPOT_TOKEN}"   # a service key'
    if answers.hubspot_url:
        yield f"base_url = {_text(answers.hubspot_url)}"
    owner = "NAME@YOUR-COMPANY.example"
    yield from _common(answers.creates.get("hubspot"), owner, "an owner's e-mail address or id; HubSpot has no assignment rules for contacts")


def _forms() -> Iterator[str]:
    yield "[system.website]"
    yield 'plugin = "forms"   # posts that leadhub serve takes; common names of fields are understood'
    yield f'token = "${{{FORM_TOKEN}}}"   # the form posts to /in/website/TOKEN'
    yield '# headers = { "your-mail" = "email" }   # fields of the form that leadhub does not know by themselves'


def _files(path: str) -> Iterator[str]:
    yield "[system.files]"
    yield 'plugin = "files"   # read, never written; common English and German headers are understood'
    yield f"path = {_text(path)}"
    yield '# headers = { "Mobile No." = "phone" }   # columns that leadhub does not know by themselves'


def _common(owner: str | None, example: str, owners: str) -> Iterator[str]:
    if owner is None:
        yield 'create = "never"   # "always", or "when" with create_when = { stage = ">=mql" }: create missing records, which needs an owner rule:'
        yield f"# on_create = {{ owner = {_text(example)} }}   # {owners}"
        yield "# create_cap = 200   # records a run; more stop the run before its first write"
    else:
        yield 'create = "always"   # or "never", or "when" with create_when = { stage = ">=mql" }'
        yield f"on_create = {{ owner = {_text(owner)} }}   # whose they become: {owners}"
        yield "create_cap = 200   # records a run; more stop the run before its first write"
    yield 'adoption = "keep"   # old differences: keep them, fill blanks, or prefer this system'


def _text(value: str) -> str:
    """Return a TOML string; JSON's basic strings are TOML's."""
    return dumps(value, ensure_ascii=False)
