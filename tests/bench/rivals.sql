-- The rivals of the benchmark, owned by the ordinary role bench_owner. Run as that role.
CREATE SCHEMA rival;

-- The floor: the least that keeps a version and a history.
CREATE TABLE rival.floor_head (
    execution_id text COLLATE "C" PRIMARY KEY,
    version      bigint NOT NULL,
    updated_at   timestamptz NOT NULL
);
CREATE TABLE rival.floor_log (
    execution_id text COLLATE "C" NOT NULL,
    version      bigint NOT NULL,
    saved_at     timestamptz NOT NULL,
    patch        jsonb,
    PRIMARY KEY (execution_id, version)
);

-- Full copies: the state in the current row, and once more in the history.
CREATE TABLE rival.full_current (
    execution_id text COLLATE "C" PRIMARY KEY,
    version      bigint NOT NULL,
    updated_at   timestamptz NOT NULL,
    state        jsonb
);
CREATE TABLE rival.full_history (
    execution_id text COLLATE "C" NOT NULL,
    version      bigint NOT NULL,
    saved_at     timestamptz NOT NULL,
    state        jsonb,
    PRIMARY KEY (execution_id, version)
);
CREATE FUNCTION rival.full_save(p_execution_id text, p_state jsonb, p_expected bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    new_version bigint;
BEGIN
    UPDATE rival.full_current
       SET state = p_state, version = version + 1, updated_at = now()
     WHERE execution_id = p_execution_id AND version = p_expected
    RETURNING version INTO new_version;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'version % is not the head of %', p_expected, p_execution_id;
    END IF;
    INSERT INTO rival.full_history (execution_id, version, saved_at, state)
    VALUES (p_execution_id, new_version, now(), p_state);
    RETURN new_version;
END
$$;

-- What a load is compared with.
CREATE TABLE rival.plain (execution_id text COLLATE "C" PRIMARY KEY, state jsonb);

-- Documents that pgbench takes its parameters from: v[0] is the first state, v[n] the n-th change.
CREATE TABLE rival.documents (name text PRIMARY KEY, body text[]);
GRANT USAGE ON SCHEMA rival TO PUBLIC;
GRANT SELECT ON rival.documents TO PUBLIC;
