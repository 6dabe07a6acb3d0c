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

-- The checks of the benchmark's thirty rules, by hand.
CREATE FUNCTION rival.hand_written_check(state jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    item jsonb;
BEGIN
    IF jsonb_typeof(state) <> 'object' OR NOT state ?& ARRAY['agent', 'step', 'messages', 'todo', 'scratch'] THEN
        RETURN false;
    END IF;
    IF jsonb_typeof(state -> 'agent') <> 'string' OR length(state ->> 'agent') NOT BETWEEN 1 AND 100 THEN
        RETURN false;
    END IF;
    IF jsonb_typeof(state -> 'step') <> 'number' THEN
        RETURN false;
    END IF;
    IF (state ->> 'step')::numeric NOT BETWEEN 0 AND 1000000 OR (state ->> 'step')::numeric % 1 <> 0 THEN
        RETURN false;
    END IF;
    IF state ? 'notes' AND (jsonb_typeof(state -> 'notes') <> 'string' OR length(state ->> 'notes') > 10000) THEN
        RETURN false;
    END IF;
    IF jsonb_typeof(state -> 'messages') <> 'array' OR jsonb_typeof(state -> 'todo') <> 'array'
       OR jsonb_array_length(state -> 'messages') > 10000 THEN
        RETURN false;
    END IF;
    FOR item IN SELECT jsonb_array_elements(state -> 'messages') LOOP
        IF jsonb_typeof(item) <> 'object' OR NOT item ?& ARRAY['role', 'content']
           OR item ->> 'role' NOT IN ('system', 'user', 'assistant', 'tool')
           OR jsonb_typeof(item -> 'content') <> 'string'
           OR length(item ->> 'content') NOT BETWEEN 1 AND 20000 THEN
            RETURN false;
        END IF;
    END LOOP;
    FOR item IN SELECT jsonb_array_elements(state -> 'todo') LOOP
        IF jsonb_typeof(item) <> 'object' OR NOT item ?& ARRAY['id', 'task', 'done']
           OR jsonb_typeof(item -> 'id') <> 'number' OR jsonb_typeof(item -> 'done') <> 'boolean'
           OR jsonb_typeof(item -> 'task') <> 'string' OR length(item ->> 'task') > 500 THEN
            RETURN false;
        END IF;
        IF (item ->> 'id')::numeric % 1 <> 0 THEN
            RETURN false;
        END IF;
    END LOOP;
    IF jsonb_typeof(state -> 'scratch') <> 'object' OR NOT (state -> 'scratch') ?& ARRAY['tool', 'budget']
       OR jsonb_typeof(state #> '{scratch,tool}') <> 'string'
       OR jsonb_typeof(state #> '{scratch,budget}') <> 'number' THEN
        RETURN false;
    END IF;
    RETURN (state #>> '{scratch,budget}')::numeric >= 0;
END
$$;
GRANT EXECUTE ON FUNCTION rival.hand_written_check TO PUBLIC;
