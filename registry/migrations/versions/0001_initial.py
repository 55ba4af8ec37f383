"""The first schema: accounts, plugins, models, the hub, submissions, jobs, results."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_schema = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def upgrade() -> None:
    """Create every table, referenced ones first."""
    _schema.create_all(op.get_bind(), checkfirst=False)


def _table(name: str, *parts: sa.schema.SchemaItem) -> None:
    sa.Table(name, _schema, *parts)


_table(
    "account",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, nullable=False, unique=True),
    sa.Column("full_name", sa.String),
    sa.Column("email", sa.String),
    sa.Column("role", sa.String, nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.CheckConstraint("role in ('submitter', 'worker', 'moderator', 'admin')", name="role"),
)

_table(
    "architecture",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, nullable=False, unique=True),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("input_size", sa.JSON, nullable=False),
    sa.Column("parameters", sa.Integer),
    sa.Column("timm_name", sa.String),
    sa.Column("source", sa.String),
)

_table(
    "audit_event",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("actor", sa.String, nullable=False),
    sa.Column("action", sa.String, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    sa.Column("reason", sa.String),
    sa.Column("detail", sa.JSON),
    sa.Column("at_us", sa.BigInteger, nullable=False),
)

_table(
    "catalogue_state",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
)

_table(
    "hub_repo",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("namespace", sa.String, nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("private", sa.Boolean, nullable=False),
    sa.Column("gated", sa.Boolean, nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("updated_us", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("kind", "namespace", "name"),
    sa.CheckConstraint("kind in ('models', 'datasets')", name="kind"),
)

_table(
    "hub_store",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("store_id", sa.String, nullable=False),
    sa.Column("signing_key", sa.String, nullable=False),
    sa.Column("facts", sa.JSON, nullable=False),
)

_table(
    "method",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("family", sa.String, nullable=False),
    sa.Column("paper", sa.String),
    sa.Column("citation", sa.String),
    sa.Column("facts", sa.JSON, nullable=False),
    sa.UniqueConstraint("name", "version"),
)

_table(
    "metric",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("unit", sa.String, nullable=False),
    sa.Column("direction", sa.String, nullable=False),
    sa.Column("lower_bound", sa.Double),
    sa.Column("upper_bound", sa.Double),
    sa.Column("definition", sa.String, nullable=False),
    sa.Column("source", sa.String),
    sa.UniqueConstraint("name", "version"),
    sa.CheckConstraint("direction in ('higher', 'lower', 'none')", name="direction"),
)

_table(
    "model",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("slug", sa.String, unique=True),
    sa.Column("hub_id", sa.String, unique=True),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("owner", sa.String, nullable=False),
    sa.Column("method", sa.String, nullable=False),
    sa.Column("architecture", sa.String, nullable=False),
    sa.Column("sparsity_target", sa.Double, nullable=False),
    sa.Column("pattern", sa.String, nullable=False),
    sa.Column("replicate", sa.Integer, nullable=False),
    sa.Column("parent_id", sa.Integer, sa.ForeignKey("model.id")),
    sa.Column("upstream_data", sa.String),
    sa.Column("licence", sa.String),
    sa.Column("training_epochs", sa.Double),
    sa.Column("training_flops", sa.Double),
    sa.Column("label_smoothing", sa.Double),
    sa.Column("distillation", sa.String),
    sa.Column("upstream_top1", sa.Double),
    sa.Column("upstream_top1_source", sa.String),
    sa.Column("availability", sa.String, nullable=False),
    sa.Column("availability_detail", sa.String),
    sa.Column("caveat", sa.String),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.CheckConstraint(
        "availability in ('hub', 'import', 'make', 'not_redistributable', 'unknown')", name="availability"
    ),
    sa.CheckConstraint("slug is not null or hub_id is not null", name="named"),
    sa.CheckConstraint("sparsity_target >= 0 and sparsity_target < 1", name="sparsity_target"),
    sa.Index("ix_model_method_architecture", "method", "architecture"),
)

_table(
    "protocol",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("version", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("facts", sa.JSON, nullable=False),
    sa.UniqueConstraint("name", "version"),
    sa.CheckConstraint("kind in ('as_published', 'linear', 'full')", name="kind"),
)

_table(
    "recipe",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("method", sa.String, nullable=False),
    sa.Column("architecture", sa.String, nullable=False),
    sa.Column("source", sa.String),
    sa.Column("content", sa.JSON, nullable=False),
    sa.UniqueConstraint("name", "version"),
)

_table(
    "suite",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("version", sa.String, nullable=False),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("content", sa.JSON, nullable=False),
    sa.UniqueConstraint("name", "version"),
)

_table(
    "task",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("version", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("classes", sa.Integer),
    sa.Column("n_test", sa.Integer),
    sa.Column("primary_metric", sa.String),
    sa.Column("licence", sa.String),
    sa.Column("citation", sa.String),
    sa.Column("source", sa.String),
    sa.Column("superseded_by", sa.String),
    sa.Column("manifest", sa.JSON, nullable=False),
    sa.UniqueConstraint("name", "version"),
    sa.CheckConstraint("kind in ('upstream', 'transfer', 'shift', 'ood', 'cost')", name="kind"),
)

_table(
    "checkpoint",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("model_id", sa.Integer, sa.ForeignKey("model.id"), nullable=False, index=True),
    sa.Column("densified_hash", sa.String, nullable=False),
    sa.Column("architecture", sa.String, nullable=False),
    sa.Column("preprocessing_hash", sa.String, nullable=False),
    sa.Column("preprocessing", sa.JSON, nullable=False),
    sa.Column("bytes_dense", sa.BigInteger, nullable=False),
    sa.Column("nonzeros", sa.BigInteger, nullable=False),
    sa.Column("elements", sa.BigInteger, nullable=False),
    sa.Column("prunable_nonzeros", sa.BigInteger, nullable=False),
    sa.Column("prunable_elements", sa.BigInteger, nullable=False),
    sa.Column("layers", sa.JSON, nullable=False),
    sa.Column("pattern", sa.String, nullable=False),
    sa.Column("mask_hash", sa.String, nullable=False),
    sa.Column("flops_dense", sa.Double),
    sa.Column("flops_sparse", sa.Double),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("densified_hash", "architecture", "preprocessing_hash"),
)

_table(
    "hub_commit",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("repo_id", sa.Integer, sa.ForeignKey("hub_repo.id", ondelete="CASCADE"), nullable=False),
    sa.Column("oid", sa.String, nullable=False),
    sa.Column("parent_oid", sa.String),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("message", sa.String, nullable=False),
    sa.Column("author", sa.String, nullable=False),
    sa.Column("operations_hash", sa.String),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("repo_id", "oid"),
)

_table(
    "hub_object",
    sa.Column("repo_id", sa.Integer, sa.ForeignKey("hub_repo.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("sha256", sa.String, primary_key=True),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
)

_table(
    "hub_ref",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("repo_id", sa.Integer, sa.ForeignKey("hub_repo.id", ondelete="CASCADE"), nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("commit_oid", sa.String, nullable=False),
    sa.Column("is_tag", sa.Boolean, nullable=False),
    sa.UniqueConstraint("repo_id", "name"),
)

_table(
    "shift",
    sa.Column("task_id", sa.Integer, sa.ForeignKey("task.id"), primary_key=True),
    sa.Column("source_task", sa.String, nullable=False),
    sa.Column("regenerated", sa.Boolean, nullable=False),
    sa.Column("conditions", sa.JSON, nullable=False),
)

_table(
    "token",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id"), nullable=False, index=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("token_sha256", sa.String, nullable=False, unique=True),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("expires_us", sa.BigInteger),
    sa.Column("revoked_us", sa.BigInteger),
    sa.Column("created_us", sa.BigInteger, nullable=False),
)

_table(
    "checkpoint_revision",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("checkpoint_id", sa.Integer, sa.ForeignKey("checkpoint.id"), nullable=False, index=True),
    sa.Column("hub_endpoint", sa.String, nullable=False),
    sa.Column("hub_repo", sa.String, nullable=False),
    sa.Column("commit_oid", sa.String, nullable=False),
    sa.Column("file_name", sa.String, nullable=False),
    sa.Column("file_sha256", sa.String, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("hub_endpoint", "hub_repo", "commit_oid", "file_name"),
)

_table(
    "hub_entry",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("commit_id", sa.Integer, sa.ForeignKey("hub_commit.id", ondelete="CASCADE"), nullable=False),
    sa.Column("path", sa.String, nullable=False),
    sa.Column("sha256", sa.String, nullable=False),
    sa.Column("git_oid", sa.String, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("is_lfs", sa.Boolean, nullable=False),
    sa.UniqueConstraint("commit_id", "path"),
)

_table(
    "job",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("checkpoint_id", sa.Integer, sa.ForeignKey("checkpoint.id"), nullable=False),
    sa.Column("task_id", sa.Integer, sa.ForeignKey("task.id"), nullable=False),
    sa.Column("protocol_id", sa.Integer, sa.ForeignKey("protocol.id"), nullable=False),
    sa.Column("seed", sa.Integer, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("max_attempts", sa.Integer, nullable=False),
    sa.Column("batch_divisor", sa.Integer, nullable=False),
    sa.Column("lease_owner", sa.String),
    sa.Column("lease_expires_us", sa.BigInteger),
    sa.Column("heartbeat_us", sa.BigInteger),
    sa.Column("not_before_us", sa.BigInteger, nullable=False),
    sa.Column("failure_kind", sa.String),
    sa.Column("failure_message", sa.String),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("finished_us", sa.BigInteger),
    sa.UniqueConstraint("checkpoint_id", "task_id", "protocol_id", "seed"),
    sa.CheckConstraint(
        "failure_kind is null or failure_kind in ('transient', 'out_of_memory', 'timeout', "
        "'bad_model', 'bad_data', 'bug')",
        name="failure_kind",
    ),
    sa.CheckConstraint(
        "(state = 'leased') = (lease_owner is not null) and (state = 'leased') = (lease_expires_us is not null)",
        name="lease",
    ),
    sa.CheckConstraint("state in ('queued', 'leased', 'done', 'failed')", name="state"),
    sa.Index("ix_job_state", "state", "id"),
)

_table(
    "submission",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("public_id", sa.String, nullable=False, unique=True),
    sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id")),
    sa.Column("hub_endpoint", sa.String, nullable=False),
    sa.Column("hub_repo", sa.String, nullable=False),
    sa.Column("revision", sa.String, nullable=False),
    sa.Column("suite", sa.String, nullable=False),
    sa.Column("checkpoint_id", sa.Integer, sa.ForeignKey("checkpoint.id")),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("visibility", sa.String, nullable=False),
    sa.Column("reason", sa.String),
    sa.Column("detail", sa.String),
    sa.Column("check_attempt", sa.Integer, nullable=False),
    sa.Column("lease_owner", sa.String),
    sa.Column("lease_expires_us", sa.BigInteger),
    sa.Column("heartbeat_us", sa.BigInteger),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("updated_us", sa.BigInteger, nullable=False),
    sa.CheckConstraint(
        "(state = 'checking') = (lease_owner is not null) and (lease_owner is null) = (lease_expires_us is null)",
        name="lease",
    ),
    sa.CheckConstraint(
        "state in ('draft', 'received', 'checking', 'queued', 'running', 'done', 'rejected', 'failed', 'withdrawn')",
        name="state",
    ),
    sa.CheckConstraint("visibility in ('private', 'public', 'hidden')", name="visibility"),
    sa.Index("ix_submission_state", "state", "id"),
)

_table(
    "job_attempt",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("job_id", sa.Integer, sa.ForeignKey("job.id"), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("owner", sa.String, nullable=False),
    sa.Column("started_us", sa.BigInteger, nullable=False),
    sa.Column("ended_us", sa.BigInteger),
    sa.Column("outcome", sa.String),
    sa.Column("failure_kind", sa.String),
    sa.Column("failure_message", sa.String),
    sa.Column("resources", sa.JSON),
    sa.UniqueConstraint("job_id", "attempt"),
    sa.CheckConstraint("outcome is null or outcome in ('done', 'failed', 'expired', 'released')", name="outcome"),
)

_table(
    "prediction",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("job_id", sa.Integer, sa.ForeignKey("job.id"), nullable=False),
    sa.Column("condition", sa.String, nullable=False),
    sa.Column("blob_sha256", sa.String, nullable=False),
    sa.Column("array_hash", sa.String, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("sparsity_before", sa.Double),
    sa.Column("sparsity_after", sa.Double),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("job_id", "condition"),
)

_table(
    "quota_event",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id"), nullable=False, index=True),
    sa.Column("submission_id", sa.Integer, sa.ForeignKey("submission.id")),
    sa.Column("device_minutes", sa.Double, nullable=False),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
)

_table(
    "result",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("model_id", sa.Integer, sa.ForeignKey("model.id"), nullable=False),
    sa.Column("checkpoint_id", sa.Integer, sa.ForeignKey("checkpoint.id")),
    sa.Column("job_id", sa.Integer, sa.ForeignKey("job.id")),
    sa.Column("task_id", sa.Integer, sa.ForeignKey("task.id"), nullable=False),
    sa.Column("protocol_id", sa.Integer, sa.ForeignKey("protocol.id"), nullable=False),
    sa.Column("metric_id", sa.Integer, sa.ForeignKey("metric.id"), nullable=False),
    sa.Column("seed", sa.Integer),
    sa.Column("condition", sa.String, nullable=False),
    sa.Column("value", sa.Double),
    sa.Column("missing_reason", sa.String),
    sa.Column("n", sa.Integer),
    sa.Column("runs", sa.Integer, nullable=False),
    sa.Column("std", sa.Double),
    sa.Column("ci_low", sa.Double),
    sa.Column("ci_high", sa.Double),
    sa.Column("interval_method", sa.String),
    sa.Column("no_interval_reason", sa.String),
    sa.Column("replicates", sa.LargeBinary),
    sa.Column("trust", sa.String, nullable=False),
    sa.Column("source", sa.String),
    sa.Column("provenance", sa.JSON, nullable=False),
    sa.Column("superseded_by", sa.Integer, sa.ForeignKey("result.id")),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("job_id", "metric_id", "condition"),
    sa.CheckConstraint(
        "value is null or ((ci_low is null) = (ci_high is null) and (ci_low is null) = "
        "(interval_method is null) and (ci_low is not null or no_interval_reason is not "
        "null))",
        name="interval",
    ),
    sa.CheckConstraint(
        "(trust in ('reported', 'derived')) = (job_id is null) and (job_id is null) = "
        "(checkpoint_id is null) and (job_id is not null or source is not null)",
        name="provenance",
    ),
    sa.CheckConstraint("trust in ('reported', 'derived', 'rescored', 'measured')", name="trust"),
    sa.CheckConstraint("(value is null) <> (missing_reason is null)", name="value_or_reason"),
    sa.Index("ix_result_model_task", "model_id", "task_id", "protocol_id", "metric_id"),
    sa.Index(
        "uq_result_source",
        "model_id",
        "task_id",
        "protocol_id",
        "metric_id",
        "condition",
        "source",
        unique=True,
        sqlite_where=sa.text("job_id is null"),
        postgresql_where=sa.text("job_id is null"),
    ),
)

_table(
    "submission_job",
    sa.Column("submission_id", sa.Integer, sa.ForeignKey("submission.id"), primary_key=True),
    sa.Column("job_id", sa.Integer, sa.ForeignKey("job.id"), primary_key=True, index=True),
)

_table(
    "transition",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("submission_id", sa.Integer, sa.ForeignKey("submission.id"), nullable=False, index=True),
    sa.Column("old_state", sa.String),
    sa.Column("new_state", sa.String, nullable=False),
    sa.Column("reason", sa.String),
    sa.Column("detail", sa.String),
    sa.Column("actor", sa.String, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
)
