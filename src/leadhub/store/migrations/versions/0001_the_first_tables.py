"""The first tables."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STRUCTURE = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.String(27).with_variant(sa.DateTime(timezone=True), "postgresql")
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the tables to this version."""
    op.create_table(
        "cursor",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("system", "object", name="pk_cursor"),
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("review_id", sa.Text()),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.Text()),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text()),
        sa.Column("saw", STRUCTURE, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("leave", sa.Boolean(), nullable=False),
        sa.Column("applied_run", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_decision"),
    )
    op.create_index("ix_decision_person_id", "decision", ["person_id"])

    op.create_table(
        "edit",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.Text()),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("old", sa.Text()),
        sa.Column("new", sa.Text()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", INSTANT),
        sa.Column("implied", sa.Boolean(), nullable=False),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_edit"),
    )
    op.create_index("ix_edit_person_id", "edit", ["person_id"])

    op.create_table(
        "generic_value",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("surnames", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name="pk_generic_value"),
    )
    op.create_table(
        "intent",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text()),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("change", STRUCTURE, nullable=False),
        sa.Column("detail", sa.Text()),
        sa.PrimaryKeyConstraint("run_id", "seq", name="pk_intent"),
    )
    op.create_index(
        "ix_intent_open",
        "intent",
        ["run_id", "seq"],
        sqlite_where=sa.text("state IN ('planned', 'sent', 'unknown')"),
        postgresql_where=sa.text("state IN ('planned', 'sent', 'unknown')"),
    )
    op.create_index("ix_intent_person_id", "intent", ["person_id"])

    op.create_table(
        "lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
        sa.UniqueConstraint("token", name="uq_lease_token"),
    )
    op.create_table(
        "match_key",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("surname", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("system", "object", "record_id", "kind", "key", name="pk_match_key"),
    )
    op.create_index("ix_match_key_kind_key", "match_key", ["kind", "key"])

    op.create_table(
        "person",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("fields", STRUCTURE, nullable=False),
        sa.Column("sets", STRUCTURE, nullable=False),
        sa.Column("merged_into", sa.Text()),
        sa.Column("due_at", INSTANT),
        sa.Column("search", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
    )
    op.create_index("ix_person_due_at", "person", ["due_at"])

    op.create_table(
        "record",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("native", STRUCTURE, nullable=False),
        sa.Column("stamp", INSTANT),
        sa.Column("created", INSTANT),
        sa.Column("raw_hash", sa.LargeBinary(), nullable=False),
        sa.Column("gone", sa.Text()),
        sa.Column("gone_to", sa.Text()),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("seen_run", sa.Text(), nullable=False),
        sa.Column("dirty", sa.Boolean(), nullable=False),
        sa.Column("unsettled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("system", "object", "record_id", name="pk_record"),
    )
    op.create_index(
        "ix_record_dirty", "record", ["system", "object", "record_id"], sqlite_where=sa.text("dirty IS 1"), postgresql_where=sa.text("dirty IS true")
    )
    op.create_index(
        "ix_record_unsettled",
        "record",
        ["system", "object", "record_id"],
        sqlite_where=sa.text("unsettled IS 1"),
        postgresql_where=sa.text("unsettled IS true"),
    )

    op.create_table(
        "reject",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "source", "row", name="pk_reject"),
    )
    op.create_table(
        "review",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("group", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text()),
        sa.Column("lead_id", sa.Text()),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("values", STRUCTURE, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("opened_run", sa.Text(), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("closed_by", sa.Text()),
        sa.Column("closed_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_review"),
    )
    op.create_index("ix_review_person_id", "review", ["person_id"])

    op.create_table(
        "run",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("config_hash", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
    )
    op.create_index("ix_run_started_at", "run", ["started_at"])

    op.create_table(
        "system",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("org", sa.Text()),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("adoption", sa.Text(), nullable=False),
        sa.Column("create_cap", sa.Integer(), nullable=False),
        sa.Column("projection_version", sa.Text(), nullable=False),
        sa.Column("last_full_count", sa.Integer()),
        sa.Column("identity", STRUCTURE),
        sa.PrimaryKeyConstraint("name", name="pk_system"),
    )
    op.create_table(
        "lead",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("exit", sa.Text(), nullable=False),
        sa.Column("exit_reason", sa.Text()),
        sa.Column("v_stage", sa.Integer(), nullable=False),
        sa.Column("v_status", sa.Integer(), nullable=False),
        sa.Column("v_exit", sa.Integer(), nullable=False),
        sa.Column("set_by", STRUCTURE, nullable=False),
        sa.Column("opened_at", INSTANT),
        sa.Column("closed_at", INSTANT),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_lead_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_lead"),
    )
    op.create_index("ix_lead_person_id", "lead", ["person_id"])

    op.create_table(
        "link",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.Text()),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("base", STRUCTURE, nullable=False),
        sa.Column("state", STRUCTURE),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name="fk_link_lead_id_lead"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_link_person_id_person"),
        sa.PrimaryKeyConstraint("system", "object", "record_id", name="pk_link"),
    )
    op.create_index("ix_link_lead_id", "link", ["lead_id"])
    op.create_index("ix_link_person_id", "link", ["person_id"])
