"""${message.strip().rstrip(".").capitalize() if message.strip().islower() else message.strip().rstrip(".")}."""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision = "${up_revision}"
down_revision = ${repr(down_revision).replace("'", '"')}
% if branch_labels:
branch_labels = ${repr(branch_labels).replace("'", '"')}
% endif
% if depends_on:
depends_on = ${repr(depends_on).replace("'", '"')}
% endif


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
