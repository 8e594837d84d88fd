"""Which plan a run made, and who approved it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.String(27).with_variant(sa.DateTime(timezone=True), "postgresql")
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the tables to this version."""
    op.add_column("run", sa.Column("plan_run", sa.Text()))
    op.add_column("run", sa.Column("plan_hash", sa.Text()))
    op.create_table(
        "approval",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("plan_run", sa.Text(), nullable=False),
        sa.Column("plan_hash", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_approval"),
    )
    op.create_index("ix_approval_plan_run", "approval", ["plan_run"])
