"""Takes what web forms send. `leadhub serve` keeps each post; the next run has it read here."""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from email_validator import EmailNotValidError, validate_email
from pydantic import BaseModel

from leadhub import ConfigError, Context, Cursor, Delivery, Door, Identity, InvalidValue, NativeValue, ObjectMapping, Page, Record
from leadhub.values.booleans import yes_or_no
from leadhub.values.headers import FULL_NAME, IGNORE, form, recognize_headers
from leadhub_forms import client
from leadhub_forms.mapping import CONSENT_TEXT, FIELDS, LEAST_DIGITS, MAPPING, OPT_OUTS, PHONES, POST
from leadhub_forms.settings import FormsSettings


class Forms:
    """Posts of a form as records. A record's id is that of its delivery, so the same delivery is the same record, whenever it is read."""

    name: ClassVar[str] = "forms"
    settings_model: ClassVar[type[BaseModel]] = FormsSettings
    mappings: ClassVar[tuple[ObjectMapping, ...]] = (MAPPING,)

    def __init__(self, context: Context) -> None:
        """Raise ConfigError where `headers` names a field that there is not."""
        self.settings: FormsSettings = context.settings
        self.system = context.system
        self.further = frozenset(context.wanted.get(POST, ())) - frozenset(FIELDS)
        for own, field in self.settings.headers.items():
            if field not in {*FIELDS, *self.further, FULL_NAME, IGNORE}:
                raise ConfigError(f'{self.system}: headers: "{own}" = "{field}": a form has no such field. It has {", ".join(FIELDS)}, {FULL_NAME}.')

    def check(self) -> Identity:
        """Say which form it is. There is no system to ask and nobody to log in as: posts come by themselves."""
        return Identity(self.system, "web form", production=False, user="nobody")

    def pull(self, since: Cursor | None) -> Iterator[Page]:  # noqa: ARG002 - there is nothing to go on from
        """Yield nothing: what was posted waits in leadhub's own inbox."""
        yield from ()

    def door(self) -> Door:
        """Say by which door posts come in."""
        settings = self.settings
        types = frozenset({client.JSON, client.URLENCODED, client.MULTIPART})
        origins = frozenset(settings.allowed_origins)
        return Door(settings.digest, types, origins, settings.thanks_url, settings.max_bytes, settings.per_minute)

    def turn_away(self, delivery: Delivery) -> str | None:
        """Refuse files: leadhub has no place for them."""
        if files := client.file_names(delivery.content_type, delivery.body):
            return f"This form takes no files, and {len(files)} came with it. Nothing of it was kept; send it again without them."
        return None

    def parse(self, delivery: Delivery) -> Sequence[Record]:
        """Return the one record of a post. Raises InvalidValue where it cannot be read, or names nobody who can be reached."""
        posted = client.read(delivery.content_type, delivery.body)
        told, doubts = self._told(posted)
        values: dict[str, NativeValue] = {name: text or None for name, text in told.items() if name not in OPT_OUTS}
        values.update(self._consent(posted))
        values.update({name: True for name in OPT_OUTS if _ticked(told.get(name, ""))})
        values["occurred_at"] = delivery.received_at
        _make_sure_of_reach(values, doubts)
        return [Record(POST, delivery.id, values, stamp=delivery.received_at, created=delivery.received_at)]

    def _told(self, posted: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
        """Return what the post says under canonical names, and what its field names leave open. Raises InvalidValue."""
        names = list(posted)
        reading = recognize_headers(names, [list(posted.values())], self.settings.headers, self.further)
        doubts = [question.text for question in reading.questions]
        meant = {names[i]: field for i, field in reading.fields.items()}
        for name in names:
            # In a table "Name" alone may be a last name; in a form it is what a person calls themselves.
            if form(name) == "name" and name not in meant and name not in self.settings.headers:
                meant[name] = FULL_NAME
        told: dict[str, str] = {}
        for name, field in meant.items():
            if field in OPT_OUTS:  # a no beside a yes is no contradiction: one of them is enough
                told[field] = client.JOIN.join(filter(None, (told.get(field), posted[name])))
                continue
            if told.get(field) and posted[name] and told[field] != posted[name]:
                raise InvalidValue(f"Two fields say different things of {field}. {' '.join(doubts)}".strip())
            told[field] = told.get(field) or posted[name]
        full_name = told.pop(FULL_NAME, "")
        if full_name and not told.get("first_name") and not told.get("last_name"):
            told.update(_split(full_name))
        return {field: text for field, text in told.items() if field in FIELDS or field in self.further}, doubts

    def _consent(self, posted: Mapping[str, str]) -> dict[str, NativeValue]:
        """Return what an opt-in says. A box that was not ticked says nothing: whoever agreed elsewhere has not taken it back here."""
        consent = self.settings.consent
        if consent is None or not any(map(yes_or_no, _parts(posted.get(consent.field, "")))):
            return {}
        return {"email_opt_out": False, CONSENT_TEXT: consent.text}


def _parts(text: str) -> list[str]:
    """Return the values of a name that came several times: a hidden "no" stands before many a box, and comes with it."""
    return [part for part in map(str.strip, text.split(client.JOIN)) if part]


def _ticked(text: str) -> bool:
    """Say whether a box that refuses is ticked. Its value may be any that the page's author chose: only a known no is none."""
    return any(yes_or_no(part) is not False for part in _parts(text))


def _split(full_name: str) -> dict[str, str]:
    """Return first and last name: "Berg, Anna", else the last word is the last name."""
    last, comma, first = full_name.partition(",")
    if not comma:
        first, _, last = full_name.strip().rpartition(" ")
    return {"first_name": first.strip(), "last_name": last.strip()}


def _make_sure_of_reach(values: Mapping[str, NativeValue], doubts: Sequence[str]) -> None:
    email = values.get("email")
    if isinstance(email, str):
        try:
            validate_email(email, check_deliverability=False)
        except EmailNotValidError as error:
            raise InvalidValue(f"The e-mail address is not valid: {error}", fields=("email",)) from None
    elif not any(sum(c.isdigit() for c in str(values.get(name) or "")) >= LEAST_DIGITS for name in PHONES):
        raise InvalidValue(f"It has neither an e-mail address nor a phone number that leadhub knows for one. {' '.join(doubts)}".strip())
