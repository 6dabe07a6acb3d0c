CREATE TABLE naive_current (
    execution_id text PRIMARY KEY,
    version bigint NOT NULL,
    state jsonb,
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE naive_history (
    execution_id text NOT NULL,
    version bigint NOT NULL,
    state jsonb,
    saved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (execution_id, version)
);
CREATE FUNCTION naive_save(execution_id text, state jsonb, expected_version bigint) RETURNS bigint
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'naive_save_wrapper';
CREATE FUNCTION naive_json_matches_schema(schema jsonb, state jsonb) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'naive_json_matches_schema_wrapper';
