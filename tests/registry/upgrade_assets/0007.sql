SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE FUNCTION public.audit_event_unchanged() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ begin raise exception 'the audit log is never changed'; end $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.account (
    id integer NOT NULL,
    name character varying NOT NULL,
    full_name character varying,
    email character varying,
    role character varying NOT NULL,
    created_us bigint NOT NULL,
    disabled_us bigint,
    CONSTRAINT ck_account_role CHECK (((role)::text = ANY ((ARRAY['submitter'::character varying, 'worker'::character varying, 'moderator'::character varying, 'admin'::character varying])::text[])))
);
CREATE SEQUENCE public.account_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.account_id_seq OWNED BY public.account.id;
CREATE TABLE public.architecture (
    id integer NOT NULL,
    name character varying NOT NULL,
    title character varying NOT NULL,
    input_size json NOT NULL,
    parameters integer,
    timm_name character varying,
    source character varying
);
CREATE SEQUENCE public.architecture_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.architecture_id_seq OWNED BY public.architecture.id;
CREATE TABLE public.audit_event (
    id integer NOT NULL,
    actor character varying NOT NULL,
    action character varying NOT NULL,
    subject character varying NOT NULL,
    reason character varying,
    detail json,
    at_us bigint NOT NULL
);
CREATE SEQUENCE public.audit_event_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.audit_event_id_seq OWNED BY public.audit_event.id;
CREATE TABLE public.catalogue_state (
    id integer NOT NULL,
    version bigint NOT NULL
);
CREATE SEQUENCE public.catalogue_state_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.catalogue_state_id_seq OWNED BY public.catalogue_state.id;
CREATE TABLE public.checkpoint (
    id integer NOT NULL,
    model_id integer NOT NULL,
    densified_hash character varying NOT NULL,
    architecture character varying NOT NULL,
    preprocessing_hash character varying NOT NULL,
    preprocessing json NOT NULL,
    bytes_dense bigint NOT NULL,
    nonzeros bigint NOT NULL,
    elements bigint NOT NULL,
    prunable_nonzeros bigint NOT NULL,
    prunable_elements bigint NOT NULL,
    layers json NOT NULL,
    pattern character varying NOT NULL,
    mask_hash character varying NOT NULL,
    flops_dense double precision,
    flops_sparse double precision,
    created_us bigint NOT NULL,
    stored_elements bigint,
    stored_nonzeros bigint,
    dead_channels integer,
    encodings json,
    dtypes json
);
CREATE SEQUENCE public.checkpoint_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.checkpoint_id_seq OWNED BY public.checkpoint.id;
CREATE TABLE public.checkpoint_revision (
    id integer NOT NULL,
    checkpoint_id integer NOT NULL,
    hub_endpoint character varying NOT NULL,
    hub_repo character varying NOT NULL,
    commit_oid character varying NOT NULL,
    file_name character varying NOT NULL,
    file_sha256 character varying NOT NULL,
    size_bytes bigint NOT NULL,
    created_us bigint NOT NULL
);
CREATE SEQUENCE public.checkpoint_revision_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.checkpoint_revision_id_seq OWNED BY public.checkpoint_revision.id;
CREATE TABLE public.delivery (
    id integer NOT NULL,
    job_id integer NOT NULL,
    attempt integer NOT NULL,
    account_id integer NOT NULL,
    document json NOT NULL,
    at_us bigint NOT NULL
);
CREATE SEQUENCE public.delivery_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.delivery_id_seq OWNED BY public.delivery.id;
CREATE TABLE public.flag (
    id integer NOT NULL,
    kind character varying NOT NULL,
    subject character varying NOT NULL,
    account_id integer NOT NULL,
    reason character varying NOT NULL,
    created_us bigint NOT NULL,
    closed_us bigint,
    closed_by character varying,
    CONSTRAINT ck_flag_closed CHECK (((closed_us IS NULL) = (closed_by IS NULL))),
    CONSTRAINT ck_flag_kind CHECK (((kind)::text = ANY ((ARRAY['model'::character varying, 'submission'::character varying])::text[])))
);
CREATE SEQUENCE public.flag_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.flag_id_seq OWNED BY public.flag.id;
CREATE TABLE public.hub_access (
    id integer NOT NULL,
    repo_id integer NOT NULL,
    account_id integer NOT NULL,
    status character varying NOT NULL,
    asked boolean NOT NULL,
    fields json,
    reason character varying,
    decided_by character varying,
    at_us bigint NOT NULL,
    CONSTRAINT ck_hub_access_status CHECK (((status)::text = ANY ((ARRAY['pending'::character varying, 'accepted'::character varying, 'rejected'::character varying])::text[])))
);
CREATE SEQUENCE public.hub_access_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.hub_access_id_seq OWNED BY public.hub_access.id;
CREATE TABLE public.hub_commit (
    id integer NOT NULL,
    repo_id integer NOT NULL,
    oid character varying NOT NULL,
    parent_oid character varying,
    title character varying NOT NULL,
    message character varying NOT NULL,
    author character varying NOT NULL,
    operations_hash character varying,
    at_us bigint NOT NULL
);
CREATE SEQUENCE public.hub_commit_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.hub_commit_id_seq OWNED BY public.hub_commit.id;
CREATE TABLE public.hub_discussion (
    id integer NOT NULL,
    repo_id integer NOT NULL,
    number integer NOT NULL,
    is_pull boolean NOT NULL,
    title character varying NOT NULL,
    author character varying NOT NULL,
    status character varying NOT NULL,
    base character varying,
    merge_oid character varying,
    at_us bigint NOT NULL,
    CONSTRAINT ck_hub_discussion_base CHECK ((is_pull = (base IS NOT NULL))),
    CONSTRAINT ck_hub_discussion_merged CHECK ((((status)::text = 'merged'::text) = (merge_oid IS NOT NULL))),
    CONSTRAINT ck_hub_discussion_status CHECK (((status)::text = ANY ((ARRAY['draft'::character varying, 'open'::character varying, 'closed'::character varying, 'merged'::character varying])::text[])))
);
CREATE SEQUENCE public.hub_discussion_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.hub_discussion_id_seq OWNED BY public.hub_discussion.id;
CREATE TABLE public.hub_entry (
    id integer NOT NULL,
    commit_id integer NOT NULL,
    path character varying NOT NULL,
    sha256 character varying NOT NULL,
    git_oid character varying NOT NULL,
    size_bytes bigint NOT NULL,
    is_lfs boolean NOT NULL
);
CREATE SEQUENCE public.hub_entry_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.hub_entry_id_seq OWNED BY public.hub_entry.id;
CREATE TABLE public.hub_event (
    id integer NOT NULL,
    discussion_id integer NOT NULL,
    key character varying NOT NULL,
    kind character varying NOT NULL,
    author character varying NOT NULL,
    data json NOT NULL,
    at_us bigint NOT NULL,
    CONSTRAINT ck_hub_event_kind CHECK (((kind)::text = ANY ((ARRAY['comment'::character varying, 'status-change'::character varying, 'title-change'::character varying])::text[])))
);
CREATE SEQUENCE public.hub_event_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.hub_event_id_seq OWNED BY public.hub_event.id;
CREATE TABLE public.hub_member (
    organisation_id integer NOT NULL,
    account_id integer NOT NULL,
    role character varying NOT NULL,
    CONSTRAINT ck_hub_member_role CHECK (((role)::text = ANY ((ARRAY['read'::character varying, 'contributor'::character varying, 'write'::character varying, 'admin'::character varying])::text[])))
);
CREATE TABLE public.hub_object (
    repo_id integer NOT NULL,
    sha256 character varying NOT NULL,
    size_bytes bigint NOT NULL,
    created_us bigint NOT NULL
);
CREATE TABLE public.hub_organisation (
    account_id integer NOT NULL,
    created_us bigint NOT NULL
);
CREATE TABLE public.hub_ref (
    id integer NOT NULL,
    repo_id integer NOT NULL,
    name character varying NOT NULL,
    commit_oid character varying NOT NULL,
    is_tag boolean NOT NULL
);
CREATE SEQUENCE public.hub_ref_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.hub_ref_id_seq OWNED BY public.hub_ref.id;
CREATE TABLE public.hub_repo (
    id integer NOT NULL,
    kind character varying NOT NULL,
    namespace character varying NOT NULL,
    name character varying NOT NULL,
    private boolean NOT NULL,
    created_us bigint NOT NULL,
    updated_us bigint NOT NULL,
    gate character varying,
    creator character varying,
    CONSTRAINT ck_hub_repo_gate CHECK (((gate)::text = ANY ((ARRAY['auto'::character varying, 'manual'::character varying])::text[]))),
    CONSTRAINT ck_hub_repo_kind CHECK (((kind)::text = ANY ((ARRAY['models'::character varying, 'datasets'::character varying])::text[])))
);
CREATE SEQUENCE public.hub_repo_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.hub_repo_id_seq OWNED BY public.hub_repo.id;
CREATE TABLE public.hub_store (
    id integer NOT NULL,
    store_id character varying NOT NULL,
    signing_key character varying NOT NULL,
    facts json NOT NULL
);
CREATE SEQUENCE public.hub_store_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.hub_store_id_seq OWNED BY public.hub_store.id;
CREATE TABLE public.hub_upload (
    repo_id integer NOT NULL,
    sha256 character varying NOT NULL,
    account_id integer NOT NULL,
    created_us bigint NOT NULL
);
CREATE TABLE public.identity (
    id integer NOT NULL,
    account_id integer NOT NULL,
    issuer character varying NOT NULL,
    subject character varying NOT NULL,
    created_us bigint NOT NULL
);
CREATE SEQUENCE public.identity_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.identity_id_seq OWNED BY public.identity.id;
CREATE TABLE public.image_set (
    id integer NOT NULL,
    sha256 character varying NOT NULL,
    n integer NOT NULL,
    content bytea NOT NULL
);
CREATE SEQUENCE public.image_set_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.image_set_id_seq OWNED BY public.image_set.id;
CREATE TABLE public.job (
    id integer NOT NULL,
    checkpoint_id integer NOT NULL,
    task_id integer NOT NULL,
    protocol_id integer NOT NULL,
    seed integer NOT NULL,
    state character varying NOT NULL,
    attempt integer NOT NULL,
    max_attempts integer NOT NULL,
    batch_divisor integer NOT NULL,
    lease_owner character varying,
    lease_expires_us bigint,
    heartbeat_us bigint,
    not_before_us bigint NOT NULL,
    failure_kind character varying,
    failure_message character varying,
    created_us bigint NOT NULL,
    finished_us bigint,
    turn double precision DEFAULT '0'::double precision NOT NULL,
    device_minutes double precision,
    delivered boolean DEFAULT false NOT NULL,
    CONSTRAINT ck_job_failure_kind CHECK (((failure_kind IS NULL) OR ((failure_kind)::text = ANY ((ARRAY['transient'::character varying, 'out_of_memory'::character varying, 'timeout'::character varying, 'bad_model'::character varying, 'bad_data'::character varying, 'bug'::character varying])::text[])))),
    CONSTRAINT ck_job_lease CHECK (((((state)::text = 'leased'::text) = (lease_owner IS NOT NULL)) AND (((state)::text = 'leased'::text) = (lease_expires_us IS NOT NULL)))),
    CONSTRAINT ck_job_state CHECK (((state)::text = ANY ((ARRAY['queued'::character varying, 'leased'::character varying, 'done'::character varying, 'failed'::character varying])::text[])))
);
CREATE TABLE public.job_attempt (
    id integer NOT NULL,
    job_id integer NOT NULL,
    attempt integer NOT NULL,
    owner character varying NOT NULL,
    started_us bigint NOT NULL,
    ended_us bigint,
    outcome character varying,
    failure_kind character varying,
    failure_message character varying,
    resources json,
    CONSTRAINT ck_job_attempt_outcome CHECK (((outcome IS NULL) OR ((outcome)::text = ANY ((ARRAY['done'::character varying, 'failed'::character varying, 'expired'::character varying, 'released'::character varying])::text[]))))
);
CREATE SEQUENCE public.job_attempt_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.job_attempt_id_seq OWNED BY public.job_attempt.id;
CREATE SEQUENCE public.job_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.job_id_seq OWNED BY public.job.id;
CREATE TABLE public.method (
    id integer NOT NULL,
    name character varying NOT NULL,
    version integer NOT NULL,
    title character varying NOT NULL,
    family character varying NOT NULL,
    paper character varying,
    citation character varying,
    facts json NOT NULL
);
CREATE SEQUENCE public.method_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.method_id_seq OWNED BY public.method.id;
CREATE TABLE public.metric (
    id integer NOT NULL,
    name character varying NOT NULL,
    version integer NOT NULL,
    title character varying NOT NULL,
    unit character varying NOT NULL,
    direction character varying NOT NULL,
    lower_bound double precision,
    upper_bound double precision,
    definition character varying NOT NULL,
    source character varying,
    CONSTRAINT ck_metric_direction CHECK (((direction)::text = ANY ((ARRAY['higher'::character varying, 'lower'::character varying, 'none'::character varying])::text[])))
);
CREATE SEQUENCE public.metric_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.metric_id_seq OWNED BY public.metric.id;
CREATE TABLE public.model (
    id integer NOT NULL,
    slug character varying,
    hub_id character varying,
    title character varying NOT NULL,
    owner character varying NOT NULL,
    method character varying NOT NULL,
    architecture character varying NOT NULL,
    sparsity_target double precision NOT NULL,
    pattern character varying NOT NULL,
    replicate integer NOT NULL,
    parent_id integer,
    upstream_data character varying,
    licence character varying,
    training_epochs double precision,
    training_flops double precision,
    label_smoothing double precision,
    distillation character varying,
    upstream_top1 double precision,
    upstream_top1_source character varying,
    availability character varying NOT NULL,
    availability_detail character varying,
    caveat character varying,
    created_us bigint NOT NULL,
    source_url character varying,
    source_sha256 character varying,
    source_licence character varying,
    recipe character varying,
    hidden_reason character varying,
    CONSTRAINT ck_model_availability CHECK (((availability)::text = ANY ((ARRAY['hub'::character varying, 'import'::character varying, 'make'::character varying, 'not_redistributable'::character varying, 'unknown'::character varying])::text[]))),
    CONSTRAINT ck_model_named CHECK (((slug IS NOT NULL) OR (hub_id IS NOT NULL))),
    CONSTRAINT ck_model_sparsity_target CHECK (((sparsity_target >= (0)::double precision) AND (sparsity_target < (1)::double precision)))
);
CREATE SEQUENCE public.model_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.model_id_seq OWNED BY public.model.id;
CREATE TABLE public.operator (
    worker_id integer NOT NULL,
    operator_id integer NOT NULL
);
CREATE TABLE public.prediction (
    id integer NOT NULL,
    job_id integer NOT NULL,
    condition character varying NOT NULL,
    blob_sha256 character varying NOT NULL,
    array_hash character varying NOT NULL,
    size_bytes bigint NOT NULL,
    n integer NOT NULL,
    sparsity_before double precision,
    sparsity_after double precision,
    created_us bigint NOT NULL,
    image_set_id integer,
    correct bytea,
    CONSTRAINT ck_prediction_answers CHECK (((image_set_id IS NULL) = (correct IS NULL)))
);
CREATE SEQUENCE public.prediction_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.prediction_id_seq OWNED BY public.prediction.id;
CREATE TABLE public.protocol (
    id integer NOT NULL,
    name character varying NOT NULL,
    version character varying NOT NULL,
    kind character varying NOT NULL,
    title character varying NOT NULL,
    facts json NOT NULL,
    CONSTRAINT ck_protocol_kind CHECK (((kind)::text = ANY ((ARRAY['as_published'::character varying, 'linear'::character varying, 'full'::character varying])::text[])))
);
CREATE SEQUENCE public.protocol_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.protocol_id_seq OWNED BY public.protocol.id;
CREATE TABLE public.prunarium_schema_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.quota_event (
    id integer NOT NULL,
    account_id integer NOT NULL,
    submission_id integer,
    device_minutes double precision NOT NULL,
    reason character varying NOT NULL,
    at_us bigint NOT NULL
);
CREATE SEQUENCE public.quota_event_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.quota_event_id_seq OWNED BY public.quota_event.id;
CREATE TABLE public.recipe (
    id integer NOT NULL,
    name character varying NOT NULL,
    version integer NOT NULL,
    method character varying NOT NULL,
    architecture character varying NOT NULL,
    source character varying,
    content json NOT NULL
);
CREATE SEQUENCE public.recipe_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.recipe_id_seq OWNED BY public.recipe.id;
CREATE TABLE public.result (
    id integer NOT NULL,
    model_id integer NOT NULL,
    checkpoint_id integer,
    job_id integer,
    task_id integer NOT NULL,
    protocol_id integer NOT NULL,
    metric_id integer NOT NULL,
    seed integer,
    condition character varying NOT NULL,
    value double precision,
    missing_reason character varying,
    n integer,
    runs integer NOT NULL,
    std double precision,
    ci_low double precision,
    ci_high double precision,
    interval_method character varying,
    no_interval_reason character varying,
    replicates bytea,
    trust character varying NOT NULL,
    source character varying,
    provenance json NOT NULL,
    superseded_by integer,
    created_us bigint NOT NULL,
    CONSTRAINT ck_result_interval CHECK (((value IS NULL) OR (((ci_low IS NULL) = (ci_high IS NULL)) AND ((ci_low IS NULL) = (interval_method IS NULL)) AND ((ci_low IS NOT NULL) OR (no_interval_reason IS NOT NULL))))),
    CONSTRAINT ck_result_provenance CHECK (((((trust)::text = ANY ((ARRAY['reported'::character varying, 'derived'::character varying])::text[])) = (job_id IS NULL)) AND ((job_id IS NULL) = (checkpoint_id IS NULL)) AND ((job_id IS NOT NULL) OR (source IS NOT NULL)))),
    CONSTRAINT ck_result_trust CHECK (((trust)::text = ANY ((ARRAY['reported'::character varying, 'derived'::character varying, 'rescored'::character varying, 'measured'::character varying])::text[]))),
    CONSTRAINT ck_result_value_or_reason CHECK (((value IS NULL) <> (missing_reason IS NULL)))
);
CREATE SEQUENCE public.result_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.result_id_seq OWNED BY public.result.id;
CREATE TABLE public.shift (
    task_id integer NOT NULL,
    source_task character varying NOT NULL,
    regenerated boolean NOT NULL,
    conditions json NOT NULL
);
CREATE TABLE public.sign_in_link (
    id integer NOT NULL,
    account_id integer NOT NULL,
    secret_sha256 character varying NOT NULL,
    created_us bigint NOT NULL,
    expires_us bigint NOT NULL,
    used_us bigint
);
CREATE SEQUENCE public.sign_in_link_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.sign_in_link_id_seq OWNED BY public.sign_in_link.id;
CREATE TABLE public.submission (
    id integer NOT NULL,
    public_id character varying NOT NULL,
    account_id integer,
    hub_endpoint character varying NOT NULL,
    hub_repo character varying NOT NULL,
    revision character varying NOT NULL,
    suite character varying NOT NULL,
    checkpoint_id integer,
    state character varying NOT NULL,
    visibility character varying NOT NULL,
    reason character varying,
    detail character varying,
    check_attempt integer NOT NULL,
    lease_owner character varying,
    lease_expires_us bigint,
    heartbeat_us bigint,
    created_us bigint NOT NULL,
    updated_us bigint NOT NULL,
    CONSTRAINT ck_submission_lease CHECK (((((state)::text = 'checking'::text) = (lease_owner IS NOT NULL)) AND ((lease_owner IS NULL) = (lease_expires_us IS NULL)))),
    CONSTRAINT ck_submission_state CHECK (((state)::text = ANY ((ARRAY['draft'::character varying, 'received'::character varying, 'checking'::character varying, 'queued'::character varying, 'running'::character varying, 'done'::character varying, 'rejected'::character varying, 'failed'::character varying, 'withdrawn'::character varying])::text[]))),
    CONSTRAINT ck_submission_visibility CHECK (((visibility)::text = ANY ((ARRAY['private'::character varying, 'public'::character varying, 'hidden'::character varying])::text[])))
);
CREATE SEQUENCE public.submission_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.submission_id_seq OWNED BY public.submission.id;
CREATE TABLE public.submission_job (
    submission_id integer NOT NULL,
    job_id integer NOT NULL,
    device_minutes double precision
);
CREATE TABLE public.suite (
    id integer NOT NULL,
    name character varying NOT NULL,
    version character varying NOT NULL,
    title character varying NOT NULL,
    content json NOT NULL
);
CREATE SEQUENCE public.suite_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.suite_id_seq OWNED BY public.suite.id;
CREATE TABLE public.task (
    id integer NOT NULL,
    name character varying NOT NULL,
    version character varying NOT NULL,
    kind character varying NOT NULL,
    title character varying NOT NULL,
    classes integer,
    n_test integer,
    primary_metric character varying,
    licence character varying,
    citation character varying,
    source character varying,
    superseded_by character varying,
    manifest json NOT NULL,
    CONSTRAINT ck_task_kind CHECK (((kind)::text = ANY ((ARRAY['upstream'::character varying, 'transfer'::character varying, 'shift'::character varying, 'ood'::character varying, 'cost'::character varying])::text[])))
);
CREATE SEQUENCE public.task_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.task_id_seq OWNED BY public.task.id;
CREATE TABLE public.token (
    id integer NOT NULL,
    account_id integer NOT NULL,
    name character varying NOT NULL,
    token_sha256 character varying NOT NULL,
    scopes json NOT NULL,
    expires_us bigint,
    revoked_us bigint,
    created_us bigint NOT NULL
);
CREATE SEQUENCE public.token_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.token_id_seq OWNED BY public.token.id;
CREATE TABLE public.training_data (
    model_id integer NOT NULL,
    data character varying NOT NULL
);
CREATE TABLE public.transition (
    id integer NOT NULL,
    submission_id integer NOT NULL,
    old_state character varying,
    new_state character varying NOT NULL,
    reason character varying,
    detail character varying,
    actor character varying NOT NULL,
    at_us bigint NOT NULL
);
CREATE SEQUENCE public.transition_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.transition_id_seq OWNED BY public.transition.id;
CREATE TABLE public.use_count (
    subject character varying NOT NULL,
    window_us bigint NOT NULL,
    uses integer NOT NULL
);
CREATE TABLE public.web_session (
    id integer NOT NULL,
    account_id integer NOT NULL,
    token_id integer,
    secret_sha256 character varying NOT NULL,
    way character varying NOT NULL,
    created_us bigint NOT NULL,
    expires_us bigint NOT NULL,
    ended_us bigint
);
CREATE SEQUENCE public.web_session_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.web_session_id_seq OWNED BY public.web_session.id;
CREATE TABLE public.worker (
    id integer NOT NULL,
    owner character varying NOT NULL,
    account_id integer,
    device character varying,
    started_us bigint NOT NULL,
    seen_us bigint NOT NULL
);
CREATE SEQUENCE public.worker_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.worker_id_seq OWNED BY public.worker.id;
ALTER TABLE ONLY public.account ALTER COLUMN id SET DEFAULT nextval('public.account_id_seq'::regclass);
ALTER TABLE ONLY public.architecture ALTER COLUMN id SET DEFAULT nextval('public.architecture_id_seq'::regclass);
ALTER TABLE ONLY public.audit_event ALTER COLUMN id SET DEFAULT nextval('public.audit_event_id_seq'::regclass);
ALTER TABLE ONLY public.catalogue_state ALTER COLUMN id SET DEFAULT nextval('public.catalogue_state_id_seq'::regclass);
ALTER TABLE ONLY public.checkpoint ALTER COLUMN id SET DEFAULT nextval('public.checkpoint_id_seq'::regclass);
ALTER TABLE ONLY public.checkpoint_revision ALTER COLUMN id SET DEFAULT nextval('public.checkpoint_revision_id_seq'::regclass);
ALTER TABLE ONLY public.delivery ALTER COLUMN id SET DEFAULT nextval('public.delivery_id_seq'::regclass);
ALTER TABLE ONLY public.flag ALTER COLUMN id SET DEFAULT nextval('public.flag_id_seq'::regclass);
ALTER TABLE ONLY public.hub_access ALTER COLUMN id SET DEFAULT nextval('public.hub_access_id_seq'::regclass);
ALTER TABLE ONLY public.hub_commit ALTER COLUMN id SET DEFAULT nextval('public.hub_commit_id_seq'::regclass);
ALTER TABLE ONLY public.hub_discussion ALTER COLUMN id SET DEFAULT nextval('public.hub_discussion_id_seq'::regclass);
ALTER TABLE ONLY public.hub_entry ALTER COLUMN id SET DEFAULT nextval('public.hub_entry_id_seq'::regclass);
ALTER TABLE ONLY public.hub_event ALTER COLUMN id SET DEFAULT nextval('public.hub_event_id_seq'::regclass);
ALTER TABLE ONLY public.hub_ref ALTER COLUMN id SET DEFAULT nextval('public.hub_ref_id_seq'::regclass);
ALTER TABLE ONLY public.hub_repo ALTER COLUMN id SET DEFAULT nextval('public.hub_repo_id_seq'::regclass);
ALTER TABLE ONLY public.hub_store ALTER COLUMN id SET DEFAULT nextval('public.hub_store_id_seq'::regclass);
ALTER TABLE ONLY public.identity ALTER COLUMN id SET DEFAULT nextval('public.identity_id_seq'::regclass);
ALTER TABLE ONLY public.image_set ALTER COLUMN id SET DEFAULT nextval('public.image_set_id_seq'::regclass);
ALTER TABLE ONLY public.job ALTER COLUMN id SET DEFAULT nextval('public.job_id_seq'::regclass);
ALTER TABLE ONLY public.job_attempt ALTER COLUMN id SET DEFAULT nextval('public.job_attempt_id_seq'::regclass);
ALTER TABLE ONLY public.method ALTER COLUMN id SET DEFAULT nextval('public.method_id_seq'::regclass);
ALTER TABLE ONLY public.metric ALTER COLUMN id SET DEFAULT nextval('public.metric_id_seq'::regclass);
ALTER TABLE ONLY public.model ALTER COLUMN id SET DEFAULT nextval('public.model_id_seq'::regclass);
ALTER TABLE ONLY public.prediction ALTER COLUMN id SET DEFAULT nextval('public.prediction_id_seq'::regclass);
ALTER TABLE ONLY public.protocol ALTER COLUMN id SET DEFAULT nextval('public.protocol_id_seq'::regclass);
ALTER TABLE ONLY public.quota_event ALTER COLUMN id SET DEFAULT nextval('public.quota_event_id_seq'::regclass);
ALTER TABLE ONLY public.recipe ALTER COLUMN id SET DEFAULT nextval('public.recipe_id_seq'::regclass);
ALTER TABLE ONLY public.result ALTER COLUMN id SET DEFAULT nextval('public.result_id_seq'::regclass);
ALTER TABLE ONLY public.sign_in_link ALTER COLUMN id SET DEFAULT nextval('public.sign_in_link_id_seq'::regclass);
ALTER TABLE ONLY public.submission ALTER COLUMN id SET DEFAULT nextval('public.submission_id_seq'::regclass);
ALTER TABLE ONLY public.suite ALTER COLUMN id SET DEFAULT nextval('public.suite_id_seq'::regclass);
ALTER TABLE ONLY public.task ALTER COLUMN id SET DEFAULT nextval('public.task_id_seq'::regclass);
ALTER TABLE ONLY public.token ALTER COLUMN id SET DEFAULT nextval('public.token_id_seq'::regclass);
ALTER TABLE ONLY public.transition ALTER COLUMN id SET DEFAULT nextval('public.transition_id_seq'::regclass);
ALTER TABLE ONLY public.web_session ALTER COLUMN id SET DEFAULT nextval('public.web_session_id_seq'::regclass);
ALTER TABLE ONLY public.worker ALTER COLUMN id SET DEFAULT nextval('public.worker_id_seq'::regclass);
INSERT INTO public.account VALUES
	(1, 'ada', NULL, NULL, 'admin', 1795903794501056, NULL),
	(2, 'lab', NULL, NULL, 'submitter', 1795903794561447, NULL);
INSERT INTO public.architecture VALUES
	(1, 'net', 'Net', '[1, 8, 8]', NULL, NULL, NULL);
INSERT INTO public.audit_event VALUES
	(1, 'ada', 'hide', 'org/net', 'asked', '{"by": "mail"}', 4);
INSERT INTO public.catalogue_state VALUES
	(1, 1795903794653515);
INSERT INTO public.checkpoint VALUES
	(1, 2, 'd1:0000000000000000000000000000000000000000000000000000000000000000', 'net', 'p1:1111111111111111111111111111111111111111111111111111111111111111', '{"input_size": [1, 8, 8]}', 4000, 100, 1000, 90, 900, '[{"name": "conv.weight", "nonzeros": 90}]', 'unstructured', 'm1:2222222222222222222222222222222222222222222222222222222222222222', 2000000, 200000, 1795903794058460, 1010, 110, 1, '{"dense": 4000, "gaps": 300}', '["F32"]');
INSERT INTO public.checkpoint_revision VALUES
	(1, 1, 'https://hub.example', 'org/net', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'model.safetensors', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 4096, 1795903794086093);
INSERT INTO public.delivery VALUES
	(1, 1, 1, 1, '{"results": []}', 5);
INSERT INTO public.flag VALUES
	(1, 'model', 'org/net', 1, 'a copy', 5, NULL, NULL);
INSERT INTO public.hub_access VALUES
	(1, 1, 1, 'pending', true, '{"use": "x"}', NULL, NULL, 5);
INSERT INTO public.hub_commit VALUES
	(1, 1, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', NULL, 'First', '', 'ada', 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', 2);
INSERT INTO public.hub_discussion VALUES
	(1, 1, 1, false, 'Why?', 'ada', 'open', NULL, NULL, 3);
INSERT INTO public.hub_entry VALUES
	(1, 1, 'model.safetensors', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'ffffffffffffffffffffffffffffffffffffffff', 4096, true);
INSERT INTO public.hub_event VALUES
	(1, 1, 'aaaaaaaaaaaaaaaaaaaaaaaa', 'title-change', 'ada', '{}', 4);
INSERT INTO public.hub_member VALUES
	(2, 1, 'write');
INSERT INTO public.hub_object VALUES
	(1, 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 4096, 1);
INSERT INTO public.hub_organisation VALUES
	(2, 1);
INSERT INTO public.hub_ref VALUES
	(1, 1, 'main', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', false);
INSERT INTO public.hub_repo VALUES
	(1, 'models', 'org', 'net', false, 1, 2, NULL, NULL);
INSERT INTO public.hub_store VALUES
	(1, '00000000000000000000000000000000', '1111111111111111111111111111111111111111111111111111111111111111', '{}');
INSERT INTO public.hub_upload VALUES
	(1, 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 1, 1);
INSERT INTO public.identity VALUES
	(1, 1, 'https://id.example', '7', 5);
INSERT INTO public.image_set VALUES
	(1, '189baca40cfcf7ea24cacce50edb6769d2381222bccff316b39cafb77d8a7da5', 2, '\x789cab56ca4c2956b28a564a54d2514a528ad551ca494c4acd010919e81802b97989b9a9405e5e694e4e2d002bb00dc1');
INSERT INTO public.job VALUES
	(2, 1, 1, 1, 1, 'queued', 0, 3, 1, NULL, NULL, NULL, 0, NULL, NULL, 1795903794225724, NULL, 1, NULL, false),
	(1, 1, 1, 1, 0, 'done', 1, 3, 1, NULL, NULL, NULL, 0, NULL, NULL, 1795903794190233, 1795903794409203, 0, NULL, false);
INSERT INTO public.job_attempt VALUES
	(1, 1, 1, 'worker', 1795903794350114, 1795903794409203, 'done', NULL, NULL, '{"seconds": 1.5}');
INSERT INTO public.method VALUES
	(1, 'gmp', 1, 'GMP', 'magnitude', NULL, NULL, '{"exact": true}');
INSERT INTO public.metric VALUES
	(1, 'top1', 1, 'Top-1', 'fraction', 'higher', NULL, NULL, 'Share right.', NULL);
INSERT INTO public.model VALUES
	(1, 'dense/net/0.00', NULL, 'Dense', 'me', 'dense', 'net', 0, 'unstructured', 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'make', NULL, NULL, 1795903793994795, NULL, NULL, NULL, NULL, NULL),
	(2, 'gmp/net/0.90', NULL, 'GMP', 'me', 'gmp', 'net', 0.9, 'unstructured', 0, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'make', NULL, NULL, 1795903794015313, NULL, NULL, NULL, NULL, NULL),
	(3, NULL, 'org/net', 'GMP', 'me', 'gmp', 'net', 0.9, 'unstructured', 0, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'hub', NULL, 'Read with care.', 1795903794032570, NULL, NULL, NULL, NULL, NULL),
	(4, 'gmp/net/0.90-authors', NULL, 'GMP', 'me', 'gmp', 'net', 0.9, 'unstructured', 0, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'import', NULL, NULL, 1795903794041776, 'https://authors.example/net.pth', '7777777777777777777777777777777777777777777777777777777777777777', 'MIT', 'prunarium import net.pth --architecture net', NULL);
INSERT INTO public.operator VALUES
	(1, 1);
INSERT INTO public.prediction VALUES
	(1, 1, '', 'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc', 'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd', 10, 100, NULL, 0.9, 1795903794445086, 1, '\x80');
INSERT INTO public.protocol VALUES
	(1, 'linear', '1', 'linear', 'Linear probe', '{}');
INSERT INTO public.prunarium_schema_version VALUES
	('0007');
INSERT INTO public.quota_event VALUES
	(1, 1, NULL, 1.5, 'job', 3);
INSERT INTO public.recipe VALUES
	(1, 'gmp-net', 1, 'gmp', 'net', NULL, '{"epochs": 3}');
INSERT INTO public.result VALUES
	(1, 1, NULL, NULL, 1, 1, 1, NULL, '', 0.9, NULL, 100, 1, NULL, NULL, NULL, NULL, 'not published', NULL, 'reported', 'a paper', '{"code": "0"}', NULL, 1795903794093997),
	(2, 2, 1, 1, 1, 1, 1, 0, '', 0.9, NULL, 100, 1, NULL, 0.82, 0.94, 'wilson', NULL, '\x7b14ae47e17aec3f1f85eb51b81eed3f', 'measured', NULL, '{"code": "0"}', NULL, 1795903794421922);
INSERT INTO public.shift VALUES
	(2, 'digits@1', true, '["noise/1"]');
INSERT INTO public.sign_in_link VALUES
	(1, 1, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 5, 6, NULL);
INSERT INTO public.submission VALUES
	(1, '477b98884afe', NULL, 'https://hub.example', 'org/net', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'demo@1', 1, 'done', 'private', NULL, NULL, 1, NULL, NULL, NULL, 1795903794125099, 1795903794488627);
INSERT INTO public.submission_job VALUES
	(1, 1, NULL);
INSERT INTO public.suite VALUES
	(1, 'demo', '1', 'Demo', '{"cells": [{"protocol": "linear@1", "seeds": [0], "task": "digits@1"}]}');
INSERT INTO public.task VALUES
	(1, 'digits', '1', 'transfer', 'Digits', NULL, 100, NULL, NULL, NULL, NULL, NULL, '{}'),
	(2, 'digits-c', '1', 'shift', 'Corrupted digits', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}');
INSERT INTO public.token VALUES
	(1, 1, 'laptop', '640f962c934855dd4d80fa5b1d1c38107dca0c5ea796d887b72ccd04de74ed4a', '["hub:read"]', NULL, NULL, 1795903794514457);
INSERT INTO public.training_data VALUES
	(1, 'imagenet');
INSERT INTO public.transition VALUES
	(1, 1, NULL, 'received', NULL, NULL, 'ada', 1795903794125099),
	(2, 1, 'received', 'checking', NULL, NULL, 'worker', 1795903794169657),
	(3, 1, 'checking', 'queued', NULL, NULL, 'worker', 1795903794301080),
	(4, 1, 'queued', 'done', NULL, NULL, 'queue', 1795903794488627);
INSERT INTO public.use_count VALUES
	('sign-in:192.0.2.1', 60000000, 2);
INSERT INTO public.web_session VALUES
	(1, 1, NULL, 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'link', 5, 6, NULL);
INSERT INTO public.worker VALUES
	(1, 'box/1/2/3', 1, 'cpu', 6, 7);
SELECT pg_catalog.setval('public.account_id_seq', 2, true);
SELECT pg_catalog.setval('public.architecture_id_seq', 1, true);
SELECT pg_catalog.setval('public.audit_event_id_seq', 1, true);
SELECT pg_catalog.setval('public.catalogue_state_id_seq', 1, false);
SELECT pg_catalog.setval('public.checkpoint_id_seq', 1, true);
SELECT pg_catalog.setval('public.checkpoint_revision_id_seq', 1, true);
SELECT pg_catalog.setval('public.delivery_id_seq', 1, true);
SELECT pg_catalog.setval('public.flag_id_seq', 1, true);
SELECT pg_catalog.setval('public.hub_access_id_seq', 1, true);
SELECT pg_catalog.setval('public.hub_commit_id_seq', 1, true);
SELECT pg_catalog.setval('public.hub_discussion_id_seq', 1, true);
SELECT pg_catalog.setval('public.hub_entry_id_seq', 1, true);
SELECT pg_catalog.setval('public.hub_event_id_seq', 1, true);
SELECT pg_catalog.setval('public.hub_ref_id_seq', 1, true);
SELECT pg_catalog.setval('public.hub_repo_id_seq', 1, true);
SELECT pg_catalog.setval('public.hub_store_id_seq', 1, false);
SELECT pg_catalog.setval('public.identity_id_seq', 1, true);
SELECT pg_catalog.setval('public.image_set_id_seq', 1, true);
SELECT pg_catalog.setval('public.job_attempt_id_seq', 1, true);
SELECT pg_catalog.setval('public.job_id_seq', 3, true);
SELECT pg_catalog.setval('public.method_id_seq', 1, true);
SELECT pg_catalog.setval('public.metric_id_seq', 1, true);
SELECT pg_catalog.setval('public.model_id_seq', 4, true);
SELECT pg_catalog.setval('public.prediction_id_seq', 1, true);
SELECT pg_catalog.setval('public.protocol_id_seq', 1, true);
SELECT pg_catalog.setval('public.quota_event_id_seq', 1, true);
SELECT pg_catalog.setval('public.recipe_id_seq', 1, true);
SELECT pg_catalog.setval('public.result_id_seq', 2, true);
SELECT pg_catalog.setval('public.sign_in_link_id_seq', 1, true);
SELECT pg_catalog.setval('public.submission_id_seq', 1, true);
SELECT pg_catalog.setval('public.suite_id_seq', 1, true);
SELECT pg_catalog.setval('public.task_id_seq', 2, true);
SELECT pg_catalog.setval('public.token_id_seq', 1, true);
SELECT pg_catalog.setval('public.transition_id_seq', 4, true);
SELECT pg_catalog.setval('public.web_session_id_seq', 1, true);
SELECT pg_catalog.setval('public.worker_id_seq', 1, true);
ALTER TABLE ONLY public.account
    ADD CONSTRAINT pk_account PRIMARY KEY (id);
ALTER TABLE ONLY public.architecture
    ADD CONSTRAINT pk_architecture PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_event
    ADD CONSTRAINT pk_audit_event PRIMARY KEY (id);
ALTER TABLE ONLY public.catalogue_state
    ADD CONSTRAINT pk_catalogue_state PRIMARY KEY (id);
ALTER TABLE ONLY public.checkpoint
    ADD CONSTRAINT pk_checkpoint PRIMARY KEY (id);
ALTER TABLE ONLY public.checkpoint_revision
    ADD CONSTRAINT pk_checkpoint_revision PRIMARY KEY (id);
ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT pk_delivery PRIMARY KEY (id);
ALTER TABLE ONLY public.flag
    ADD CONSTRAINT pk_flag PRIMARY KEY (id);
ALTER TABLE ONLY public.hub_access
    ADD CONSTRAINT pk_hub_access PRIMARY KEY (id);
ALTER TABLE ONLY public.hub_commit
    ADD CONSTRAINT pk_hub_commit PRIMARY KEY (id);
ALTER TABLE ONLY public.hub_discussion
    ADD CONSTRAINT pk_hub_discussion PRIMARY KEY (id);
ALTER TABLE ONLY public.hub_entry
    ADD CONSTRAINT pk_hub_entry PRIMARY KEY (id);
ALTER TABLE ONLY public.hub_event
    ADD CONSTRAINT pk_hub_event PRIMARY KEY (id);
ALTER TABLE ONLY public.hub_member
    ADD CONSTRAINT pk_hub_member PRIMARY KEY (organisation_id, account_id);
ALTER TABLE ONLY public.hub_object
    ADD CONSTRAINT pk_hub_object PRIMARY KEY (repo_id, sha256);
ALTER TABLE ONLY public.hub_organisation
    ADD CONSTRAINT pk_hub_organisation PRIMARY KEY (account_id);
ALTER TABLE ONLY public.hub_ref
    ADD CONSTRAINT pk_hub_ref PRIMARY KEY (id);
ALTER TABLE ONLY public.hub_repo
    ADD CONSTRAINT pk_hub_repo PRIMARY KEY (id);
ALTER TABLE ONLY public.hub_store
    ADD CONSTRAINT pk_hub_store PRIMARY KEY (id);
ALTER TABLE ONLY public.hub_upload
    ADD CONSTRAINT pk_hub_upload PRIMARY KEY (repo_id, sha256, account_id);
ALTER TABLE ONLY public.identity
    ADD CONSTRAINT pk_identity PRIMARY KEY (id);
ALTER TABLE ONLY public.image_set
    ADD CONSTRAINT pk_image_set PRIMARY KEY (id);
ALTER TABLE ONLY public.job
    ADD CONSTRAINT pk_job PRIMARY KEY (id);
ALTER TABLE ONLY public.job_attempt
    ADD CONSTRAINT pk_job_attempt PRIMARY KEY (id);
ALTER TABLE ONLY public.method
    ADD CONSTRAINT pk_method PRIMARY KEY (id);
ALTER TABLE ONLY public.metric
    ADD CONSTRAINT pk_metric PRIMARY KEY (id);
ALTER TABLE ONLY public.model
    ADD CONSTRAINT pk_model PRIMARY KEY (id);
ALTER TABLE ONLY public.operator
    ADD CONSTRAINT pk_operator PRIMARY KEY (worker_id);
ALTER TABLE ONLY public.prediction
    ADD CONSTRAINT pk_prediction PRIMARY KEY (id);
ALTER TABLE ONLY public.protocol
    ADD CONSTRAINT pk_protocol PRIMARY KEY (id);
ALTER TABLE ONLY public.quota_event
    ADD CONSTRAINT pk_quota_event PRIMARY KEY (id);
ALTER TABLE ONLY public.recipe
    ADD CONSTRAINT pk_recipe PRIMARY KEY (id);
ALTER TABLE ONLY public.result
    ADD CONSTRAINT pk_result PRIMARY KEY (id);
ALTER TABLE ONLY public.shift
    ADD CONSTRAINT pk_shift PRIMARY KEY (task_id);
ALTER TABLE ONLY public.sign_in_link
    ADD CONSTRAINT pk_sign_in_link PRIMARY KEY (id);
ALTER TABLE ONLY public.submission
    ADD CONSTRAINT pk_submission PRIMARY KEY (id);
ALTER TABLE ONLY public.submission_job
    ADD CONSTRAINT pk_submission_job PRIMARY KEY (submission_id, job_id);
ALTER TABLE ONLY public.suite
    ADD CONSTRAINT pk_suite PRIMARY KEY (id);
ALTER TABLE ONLY public.task
    ADD CONSTRAINT pk_task PRIMARY KEY (id);
ALTER TABLE ONLY public.token
    ADD CONSTRAINT pk_token PRIMARY KEY (id);
ALTER TABLE ONLY public.training_data
    ADD CONSTRAINT pk_training_data PRIMARY KEY (model_id, data);
ALTER TABLE ONLY public.transition
    ADD CONSTRAINT pk_transition PRIMARY KEY (id);
ALTER TABLE ONLY public.use_count
    ADD CONSTRAINT pk_use_count PRIMARY KEY (subject, window_us);
ALTER TABLE ONLY public.web_session
    ADD CONSTRAINT pk_web_session PRIMARY KEY (id);
ALTER TABLE ONLY public.worker
    ADD CONSTRAINT pk_worker PRIMARY KEY (id);
ALTER TABLE ONLY public.prunarium_schema_version
    ADD CONSTRAINT prunarium_schema_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.account
    ADD CONSTRAINT uq_account_name UNIQUE (name);
ALTER TABLE ONLY public.architecture
    ADD CONSTRAINT uq_architecture_name UNIQUE (name);
ALTER TABLE ONLY public.checkpoint
    ADD CONSTRAINT uq_checkpoint_densified_hash UNIQUE (densified_hash, architecture, preprocessing_hash);
ALTER TABLE ONLY public.checkpoint_revision
    ADD CONSTRAINT uq_checkpoint_revision_hub_endpoint UNIQUE (hub_endpoint, hub_repo, commit_oid, file_name);
ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT uq_delivery_job_id UNIQUE (job_id, attempt);
ALTER TABLE ONLY public.hub_access
    ADD CONSTRAINT uq_hub_access_repo_id UNIQUE (repo_id, account_id);
ALTER TABLE ONLY public.hub_commit
    ADD CONSTRAINT uq_hub_commit_repo_id UNIQUE (repo_id, oid);
ALTER TABLE ONLY public.hub_discussion
    ADD CONSTRAINT uq_hub_discussion_repo_id UNIQUE (repo_id, number);
ALTER TABLE ONLY public.hub_entry
    ADD CONSTRAINT uq_hub_entry_commit_id UNIQUE (commit_id, path);
ALTER TABLE ONLY public.hub_event
    ADD CONSTRAINT uq_hub_event_key UNIQUE (key);
ALTER TABLE ONLY public.hub_ref
    ADD CONSTRAINT uq_hub_ref_repo_id UNIQUE (repo_id, name);
ALTER TABLE ONLY public.hub_repo
    ADD CONSTRAINT uq_hub_repo_kind UNIQUE (kind, namespace, name);
ALTER TABLE ONLY public.identity
    ADD CONSTRAINT uq_identity_issuer UNIQUE (issuer, subject);
ALTER TABLE ONLY public.image_set
    ADD CONSTRAINT uq_image_set_sha256 UNIQUE (sha256);
ALTER TABLE ONLY public.job_attempt
    ADD CONSTRAINT uq_job_attempt_job_id UNIQUE (job_id, attempt);
ALTER TABLE ONLY public.job
    ADD CONSTRAINT uq_job_checkpoint_id UNIQUE (checkpoint_id, task_id, protocol_id, seed);
ALTER TABLE ONLY public.method
    ADD CONSTRAINT uq_method_name UNIQUE (name, version);
ALTER TABLE ONLY public.metric
    ADD CONSTRAINT uq_metric_name UNIQUE (name, version);
ALTER TABLE ONLY public.model
    ADD CONSTRAINT uq_model_hub_id UNIQUE (hub_id);
ALTER TABLE ONLY public.model
    ADD CONSTRAINT uq_model_slug UNIQUE (slug);
ALTER TABLE ONLY public.prediction
    ADD CONSTRAINT uq_prediction_job_id UNIQUE (job_id, condition);
ALTER TABLE ONLY public.protocol
    ADD CONSTRAINT uq_protocol_name UNIQUE (name, version);
ALTER TABLE ONLY public.recipe
    ADD CONSTRAINT uq_recipe_name UNIQUE (name, version);
ALTER TABLE ONLY public.result
    ADD CONSTRAINT uq_result_job_id UNIQUE (job_id, metric_id, condition);
ALTER TABLE ONLY public.sign_in_link
    ADD CONSTRAINT uq_sign_in_link_secret_sha256 UNIQUE (secret_sha256);
ALTER TABLE ONLY public.submission
    ADD CONSTRAINT uq_submission_public_id UNIQUE (public_id);
ALTER TABLE ONLY public.suite
    ADD CONSTRAINT uq_suite_name UNIQUE (name, version);
ALTER TABLE ONLY public.task
    ADD CONSTRAINT uq_task_name UNIQUE (name, version);
ALTER TABLE ONLY public.token
    ADD CONSTRAINT uq_token_token_sha256 UNIQUE (token_sha256);
ALTER TABLE ONLY public.web_session
    ADD CONSTRAINT uq_web_session_secret_sha256 UNIQUE (secret_sha256);
ALTER TABLE ONLY public.worker
    ADD CONSTRAINT uq_worker_owner UNIQUE (owner);
CREATE INDEX ix_checkpoint_counts ON public.checkpoint USING btree (model_id, prunable_nonzeros, prunable_elements, nonzeros, elements, stored_nonzeros, stored_elements, dead_channels, bytes_dense, flops_sparse, flops_dense);
CREATE INDEX ix_checkpoint_model_id ON public.checkpoint USING btree (model_id);
CREATE INDEX ix_checkpoint_revision_checkpoint_id ON public.checkpoint_revision USING btree (checkpoint_id);
CREATE INDEX ix_flag_subject ON public.flag USING btree (kind, subject);
CREATE INDEX ix_hub_entry_sha256 ON public.hub_entry USING btree (sha256);
CREATE INDEX ix_hub_event_discussion_id ON public.hub_event USING btree (discussion_id);
CREATE INDEX ix_identity_account_id ON public.identity USING btree (account_id);
CREATE INDEX ix_job_state ON public.job USING btree (state, turn, id);
CREATE INDEX ix_model_method_architecture ON public.model USING btree (method, architecture);
CREATE INDEX ix_quota_event_account_id ON public.quota_event USING btree (account_id);
CREATE INDEX ix_result_model_task ON public.result USING btree (model_id, task_id, protocol_id, metric_id);
CREATE INDEX ix_result_trust ON public.result USING btree (model_id, trust, checkpoint_id) WHERE ((superseded_by IS NULL) AND (value IS NOT NULL));
CREATE INDEX ix_result_whole_value ON public.result USING btree (metric_id, task_id, protocol_id, model_id, checkpoint_id, value) WHERE (((condition)::text = ''::text) AND (superseded_by IS NULL) AND (value IS NOT NULL));
CREATE INDEX ix_sign_in_link_account_id ON public.sign_in_link USING btree (account_id);
CREATE INDEX ix_submission_job_job_id ON public.submission_job USING btree (job_id);
CREATE INDEX ix_submission_state ON public.submission USING btree (state, id);
CREATE INDEX ix_token_account_id ON public.token USING btree (account_id);
CREATE INDEX ix_training_data_data ON public.training_data USING btree (data);
CREATE INDEX ix_transition_submission_id ON public.transition USING btree (submission_id);
CREATE INDEX ix_web_session_account_id ON public.web_session USING btree (account_id);
CREATE INDEX ix_worker_seen_us ON public.worker USING btree (seen_us);
CREATE UNIQUE INDEX uq_result_source ON public.result USING btree (model_id, task_id, protocol_id, metric_id, condition, source) WHERE (job_id IS NULL);
CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON public.audit_event FOR EACH ROW EXECUTE FUNCTION public.audit_event_unchanged();
ALTER TABLE ONLY public.checkpoint
    ADD CONSTRAINT fk_checkpoint_model_id_model FOREIGN KEY (model_id) REFERENCES public.model(id);
ALTER TABLE ONLY public.checkpoint_revision
    ADD CONSTRAINT fk_checkpoint_revision_checkpoint_id_checkpoint FOREIGN KEY (checkpoint_id) REFERENCES public.checkpoint(id);
ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT fk_delivery_account_id_account FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT fk_delivery_job_id_job FOREIGN KEY (job_id) REFERENCES public.job(id);
ALTER TABLE ONLY public.flag
    ADD CONSTRAINT fk_flag_account_id_account FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.hub_access
    ADD CONSTRAINT fk_hub_access_account_id_account FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.hub_access
    ADD CONSTRAINT fk_hub_access_repo_id_hub_repo FOREIGN KEY (repo_id) REFERENCES public.hub_repo(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.hub_commit
    ADD CONSTRAINT fk_hub_commit_repo_id_hub_repo FOREIGN KEY (repo_id) REFERENCES public.hub_repo(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.hub_discussion
    ADD CONSTRAINT fk_hub_discussion_repo_id_hub_repo FOREIGN KEY (repo_id) REFERENCES public.hub_repo(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.hub_entry
    ADD CONSTRAINT fk_hub_entry_commit_id_hub_commit FOREIGN KEY (commit_id) REFERENCES public.hub_commit(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.hub_event
    ADD CONSTRAINT fk_hub_event_discussion_id_hub_discussion FOREIGN KEY (discussion_id) REFERENCES public.hub_discussion(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.hub_member
    ADD CONSTRAINT fk_hub_member_account_id_account FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.hub_member
    ADD CONSTRAINT fk_hub_member_organisation_id_hub_organisation FOREIGN KEY (organisation_id) REFERENCES public.hub_organisation(account_id);
ALTER TABLE ONLY public.hub_object
    ADD CONSTRAINT fk_hub_object_repo_id_hub_repo FOREIGN KEY (repo_id) REFERENCES public.hub_repo(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.hub_organisation
    ADD CONSTRAINT fk_hub_organisation_account_id_account FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.hub_ref
    ADD CONSTRAINT fk_hub_ref_repo_id_hub_repo FOREIGN KEY (repo_id) REFERENCES public.hub_repo(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.hub_upload
    ADD CONSTRAINT fk_hub_upload_account_id_account FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.hub_upload
    ADD CONSTRAINT fk_hub_upload_repo_id_hub_repo FOREIGN KEY (repo_id) REFERENCES public.hub_repo(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.identity
    ADD CONSTRAINT fk_identity_account_id_account FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.job_attempt
    ADD CONSTRAINT fk_job_attempt_job_id_job FOREIGN KEY (job_id) REFERENCES public.job(id);
ALTER TABLE ONLY public.job
    ADD CONSTRAINT fk_job_checkpoint_id_checkpoint FOREIGN KEY (checkpoint_id) REFERENCES public.checkpoint(id);
ALTER TABLE ONLY public.job
    ADD CONSTRAINT fk_job_protocol_id_protocol FOREIGN KEY (protocol_id) REFERENCES public.protocol(id);
ALTER TABLE ONLY public.job
    ADD CONSTRAINT fk_job_task_id_task FOREIGN KEY (task_id) REFERENCES public.task(id);
ALTER TABLE ONLY public.model
    ADD CONSTRAINT fk_model_parent_id_model FOREIGN KEY (parent_id) REFERENCES public.model(id);
ALTER TABLE ONLY public.operator
    ADD CONSTRAINT fk_operator_operator_id_account FOREIGN KEY (operator_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.operator
    ADD CONSTRAINT fk_operator_worker_id_account FOREIGN KEY (worker_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.prediction
    ADD CONSTRAINT fk_prediction_image_set_id_image_set FOREIGN KEY (image_set_id) REFERENCES public.image_set(id);
ALTER TABLE ONLY public.prediction
    ADD CONSTRAINT fk_prediction_job_id_job FOREIGN KEY (job_id) REFERENCES public.job(id);
ALTER TABLE ONLY public.quota_event
    ADD CONSTRAINT fk_quota_event_account_id_account FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.quota_event
    ADD CONSTRAINT fk_quota_event_submission_id_submission FOREIGN KEY (submission_id) REFERENCES public.submission(id);
ALTER TABLE ONLY public.result
    ADD CONSTRAINT fk_result_checkpoint_id_checkpoint FOREIGN KEY (checkpoint_id) REFERENCES public.checkpoint(id);
ALTER TABLE ONLY public.result
    ADD CONSTRAINT fk_result_job_id_job FOREIGN KEY (job_id) REFERENCES public.job(id);
ALTER TABLE ONLY public.result
    ADD CONSTRAINT fk_result_metric_id_metric FOREIGN KEY (metric_id) REFERENCES public.metric(id);
ALTER TABLE ONLY public.result
    ADD CONSTRAINT fk_result_model_id_model FOREIGN KEY (model_id) REFERENCES public.model(id);
ALTER TABLE ONLY public.result
    ADD CONSTRAINT fk_result_protocol_id_protocol FOREIGN KEY (protocol_id) REFERENCES public.protocol(id);
ALTER TABLE ONLY public.result
    ADD CONSTRAINT fk_result_superseded_by_result FOREIGN KEY (superseded_by) REFERENCES public.result(id);
ALTER TABLE ONLY public.result
    ADD CONSTRAINT fk_result_task_id_task FOREIGN KEY (task_id) REFERENCES public.task(id);
ALTER TABLE ONLY public.shift
    ADD CONSTRAINT fk_shift_task_id_task FOREIGN KEY (task_id) REFERENCES public.task(id);
ALTER TABLE ONLY public.sign_in_link
    ADD CONSTRAINT fk_sign_in_link_account_id_account FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.submission
    ADD CONSTRAINT fk_submission_account_id_account FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.submission
    ADD CONSTRAINT fk_submission_checkpoint_id_checkpoint FOREIGN KEY (checkpoint_id) REFERENCES public.checkpoint(id);
ALTER TABLE ONLY public.submission_job
    ADD CONSTRAINT fk_submission_job_job_id_job FOREIGN KEY (job_id) REFERENCES public.job(id);
ALTER TABLE ONLY public.submission_job
    ADD CONSTRAINT fk_submission_job_submission_id_submission FOREIGN KEY (submission_id) REFERENCES public.submission(id);
ALTER TABLE ONLY public.token
    ADD CONSTRAINT fk_token_account_id_account FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.training_data
    ADD CONSTRAINT fk_training_data_model_id_model FOREIGN KEY (model_id) REFERENCES public.model(id);
ALTER TABLE ONLY public.transition
    ADD CONSTRAINT fk_transition_submission_id_submission FOREIGN KEY (submission_id) REFERENCES public.submission(id);
ALTER TABLE ONLY public.web_session
    ADD CONSTRAINT fk_web_session_account_id_account FOREIGN KEY (account_id) REFERENCES public.account(id);
ALTER TABLE ONLY public.web_session
    ADD CONSTRAINT fk_web_session_token_id_token FOREIGN KEY (token_id) REFERENCES public.token(id);
ALTER TABLE ONLY public.worker
    ADD CONSTRAINT fk_worker_account_id_account FOREIGN KEY (account_id) REFERENCES public.account(id);
