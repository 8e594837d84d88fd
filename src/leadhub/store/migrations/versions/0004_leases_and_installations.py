"""Since when a lease is held, and by which process; the name of this installation, and others that were met in the same systems."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.String(27).with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    """Bring the tables to this version."""
    op.add_column("lease", sa.Column("since", INSTANT))
    op.add_column("lease", sa.Column("process", sa.Text()))
    op.create_table(
        "installation",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_installation"),
    )
    op.create_table(
        "other_installation",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("stamp", INSTANT),
        sa.Column("met_at", INSTANT, nullable=False),
        sa.Column("taken_over_by", sa.Text()),
        sa.Column("taken_over_at", INSTANT),
        sa.PrimaryKeyConstraint("system", "id", name="pk_other_installation"),
    )
