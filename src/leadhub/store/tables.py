"""Every table, as engine.md names them. Structure only; `codec` says what the JSON columns hold."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from leadhub.store.types import AnyText, ExactJson, Json, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself in an INTEGER key alone.
_Sequence = BigInteger().with_variant(Integer(), "sqlite")

system = Table(
    "system",
    metadata,
    Column("name", Text, primary_key=True),
    Column("connector", Text, nullable=False),
    Column("org", Text),
    Column("mode", Text, nullable=False),
    Column("adoption", Text, nullable=False),
    Column("create_cap", Integer, nullable=False),
    Column("projection_version", Text, nullable=False),
    Column("last_full_count", Integer),
    Column("identity", Json),
    Column("adopted_at", UtcDateTime),
)

cursor = Table(
    "cursor",
    metadata,
    Column("system", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("value", ExactJson, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("token", BigInteger, nullable=False),
    PrimaryKeyConstraint("system", "object"),
)

record = Table(
    "record",
    metadata,
    Column("system", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("record_id", Text, nullable=False),
    Column("native", Json, nullable=False),
    Column("stamp", UtcDateTime),
    Column("created", UtcDateTime),
    Column("raw_hash", LargeBinary, nullable=False),
    Column("gone", Text),
    Column("gone_to", Text),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("seen_run", Text, nullable=False),
    Column("dirty", Boolean, nullable=False),
    Column("unsettled", Boolean, nullable=False),
    PrimaryKeyConstraint("system", "object", "record_id"),
)
_DIRTY = record.c.dirty.is_(True)
_UNSETTLED = record.c.unsettled.is_(True)
Index("ix_record_dirty", record.c.system, record.c.object, record.c.record_id, sqlite_where=_DIRTY, postgresql_where=_DIRTY)
Index("ix_record_unsettled", record.c.system, record.c.object, record.c.record_id, sqlite_where=_UNSETTLED, postgresql_where=_UNSETTLED)

person = Table(
    "person",
    metadata,
    Column("id", Text, primary_key=True),
    Column("fields", Json, nullable=False),
    Column("sets", Json, nullable=False),
    Column("merged_into", Text),
    Column("due_at", UtcDateTime, index=True),
    Column("search", Text, nullable=False),
)

lead = Table(
    "lead",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person_id", Text, ForeignKey(person.c.id), nullable=False, index=True),
    Column("cycle", Integer, nullable=False),
    Column("stage", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("exit", Text, nullable=False),
    Column("exit_reason", AnyText),
    Column("v_stage", Integer, nullable=False),
    Column("v_status", Integer, nullable=False),
    Column("v_exit", Integer, nullable=False),
    Column("set_by", Json, nullable=False),
    Column("fields", Json, nullable=False, server_default="{}"),
    Column("opened_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
)

link = Table(
    "link",
    metadata,
    Column("system", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("record_id", Text, nullable=False),
    Column("person_id", Text, ForeignKey(person.c.id), nullable=False, index=True),
    Column("lead_id", Text, ForeignKey(lead.c.id), index=True),
    Column("role", Text, nullable=False),
    Column("base", Json, nullable=False),
    Column("state", Json),
    PrimaryKeyConstraint("system", "object", "record_id"),
)

match_key = Table(
    "match_key",
    metadata,
    Column("system", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("record_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("surname", Text, nullable=False),
    PrimaryKeyConstraint("system", "object", "record_id", "kind", "key"),
    Index(None, "kind", "key"),
)

generic_value = Table(
    "generic_value",
    metadata,
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("surnames", Integer, nullable=False),
    PrimaryKeyConstraint("kind", "key"),
)

edit = Table(
    "edit",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("run_id", Text, nullable=False),
    Column("person_id", Text, nullable=False, index=True),
    Column("lead_id", Text),
    Column("field", Text, nullable=False),
    Column("old", AnyText),
    Column("new", AnyText),
    Column("version", Integer, nullable=False),
    Column("cause", AnyText, nullable=False),
    Column("origin", Text, nullable=False),
    Column("actor", AnyText, nullable=False),
    Column("at", UtcDateTime),
    Column("implied", Boolean, nullable=False),
    Column("taken", Boolean, nullable=False),
)

review = Table(
    "review",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("group", AnyText, nullable=False),
    Column("person_id", Text, index=True),
    Column("lead_id", Text),
    Column("field", Text, nullable=False),
    Column("values", Json, nullable=False),
    Column("note", AnyText, nullable=False),
    Column("opened_run", Text, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("closed_by", Text),
    Column("closed_at", UtcDateTime),
)

decision = Table(
    "decision",
    metadata,
    Column("id", Text, primary_key=True),
    Column("review_id", Text),
    Column("person_id", Text, nullable=False, index=True),
    Column("lead_id", Text),
    Column("field", Text, nullable=False),
    Column("value", AnyText),
    Column("saw", Json, nullable=False),
    Column("actor", AnyText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("leave", Boolean, nullable=False),
    Column("applied_run", Text),
)

run = Table(
    "run",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("started_at", UtcDateTime, nullable=False, index=True),
    Column("ended_at", UtcDateTime),
    Column("status", Text, nullable=False),
    Column("counts", ExactJson, nullable=False),
    Column("config_hash", Text, nullable=False),
    Column("actor", AnyText, nullable=False),
    Column("plan_run", Text),
    Column("plan_hash", Text),
)

approval = Table(
    "approval",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("plan_run", Text, nullable=False, index=True),
    Column("plan_hash", Text, nullable=False),
    Column("actor", AnyText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("given", Boolean, nullable=False),
    Column("comment", AnyText, nullable=False),
)

intent = Table(
    "intent",
    metadata,
    Column("run_id", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("system", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("record_id", Text),
    Column("key", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("person_id", Text, nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("change", Json, nullable=False),
    Column("detail", ExactJson),
    PrimaryKeyConstraint("run_id", "seq"),
)

INTENT_IS_OPEN = text("state IN ('planned', 'sent', 'unknown')")
"""Spelled out, not with parameters: only so does a query find the index that has the same condition."""
Index("ix_intent_open", intent.c.run_id, intent.c.seq, sqlite_where=INTENT_IS_OPEN, postgresql_where=INTENT_IS_OPEN)

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", AnyText, nullable=False),
    Column("token", BigInteger, nullable=False, unique=True),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("since", UtcDateTime),
    Column("process", Text),
)

installation = Table(
    "installation",
    metadata,
    Column("id", Text, primary_key=True),
    Column("made_at", UtcDateTime, nullable=False),
)
"""One row: the name of this store among all that there are."""

other = Table(
    "other_installation",
    metadata,
    Column("system", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("record_id", Text, nullable=False),
    Column("stamp", UtcDateTime),
    Column("met_at", UtcDateTime, nullable=False),
    Column("taken_over_by", AnyText),
    Column("taken_over_at", UtcDateTime),
    PrimaryKeyConstraint("system", "id"),
)

reject = Table(
    "reject",
    metadata,
    Column("run_id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("row", BigInteger, nullable=False),
    Column("raw", AnyText, nullable=False),
    Column("reason", AnyText, nullable=False),
    PrimaryKeyConstraint("run_id", "source", "row"),
)

owner = Table(
    "owner",
    metadata,
    Column("system", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("name", AnyText, nullable=False),
    Column("email", AnyText),
    Column("active", Boolean, nullable=False),
    Column("queue", Boolean, nullable=False),
    PrimaryKeyConstraint("system", "id"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("delivery_id", Text, nullable=False),
    Column("content_type", AnyText, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("run_id", Text),
    UniqueConstraint("source", "delivery_id"),
)
_WAITING = inbox.c.run_id.is_(None)
Index("ix_inbox_waiting", inbox.c.source, inbox.c.seq, sqlite_where=_WAITING, postgresql_where=_WAITING)
