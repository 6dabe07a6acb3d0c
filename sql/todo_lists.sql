-- Group: Todo lists
-- Plans that agents work off, with versions.

CREATE TABLE wfstate.todo_lists (
    version      bigint NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    tenant       wfstate.identifier NOT NULL,
    list_id      wfstate.identifier NOT NULL,
    execution_id wfstate.identifier,
    status       wfstate.identifier NOT NULL,
    plan         jsonb NOT NULL
);
COMMENT ON TABLE wfstate.todo_lists IS 'Todo lists of agents: the current plan of each.';
COMMENT ON COLUMN wfstate.todo_lists.version IS 'Counts the changes from 1: the optimistic lock.';
COMMENT ON COLUMN wfstate.todo_lists.created_at IS 'First save.';
COMMENT ON COLUMN wfstate.todo_lists.updated_at IS 'Last change.';
COMMENT ON COLUMN wfstate.todo_lists.tenant IS 'Whose list.';
COMMENT ON COLUMN wfstate.todo_lists.list_id IS 'The caller''s name for the list.';
COMMENT ON COLUMN wfstate.todo_lists.execution_id IS 'Execution that the list belongs to; NULL where it stands alone.';
COMMENT ON COLUMN wfstate.todo_lists.status IS 'What the caller calls the state of the list: active, done and the like.';
COMMENT ON COLUMN wfstate.todo_lists.plan IS 'An array of items, or an object that has them in its member items; at most 1 MB.';
CREATE INDEX todo_lists_execution_idx ON wfstate.todo_lists (tenant, execution_id, list_id)
    WHERE execution_id IS NOT NULL;
COMMENT ON INDEX wfstate.todo_lists_execution_idx IS 'wf_todo_lists of one execution, and wf_delete.';
CREATE INDEX todo_lists_updated_idx ON wfstate.todo_lists (tenant, updated_at) WHERE execution_id IS NULL;
COMMENT ON INDEX wfstate.todo_lists_updated_idx IS 'wf_cleanup: lists of no execution, by age.';
CREATE INDEX todo_lists_status_idx ON wfstate.todo_lists (tenant, status, list_id);
COMMENT ON INDEX wfstate.todo_lists_status_idx IS 'wf_todo_lists(status => ...).';
-- Last, as of wfstate.executions: others end with list_id, too.
ALTER TABLE wfstate.todo_lists ADD CONSTRAINT todo_lists_pkey PRIMARY KEY (tenant, list_id);
COMMENT ON INDEX wfstate.todo_lists_pkey IS 'One list, and wf_todo_lists.';
COMMENT ON CONSTRAINT todo_lists_pkey ON wfstate.todo_lists IS 'A list''s id is unique within its tenant.';
INSERT INTO wfstate.access VALUES ('wfstate.todo_lists', 'writer');

CREATE FUNCTION @extschema@.wf_save_todo_list(
    list_id text, execution_id text DEFAULT NULL, plan jsonb DEFAULT NULL, status text DEFAULT NULL,
    expected_version bigint DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_save_todo_list_wrapper';
COMMENT ON FUNCTION @extschema@.wf_save_todo_list IS
'Saves a todo list whole, and creates it when it is missing. plan, which is the third argument: a JSON array of items, or an object that has one in its member items; at most 1 MB; NULL keeps that of a list that is there. An item is what the caller makes it; one that is an object can be changed (wf_update_todo), by its id if it has one.
execution_id: the execution that the list belongs to, with which wf_delete removes it; NULL keeps the former. status is a word of the caller''s own (1 to 255 bytes); NULL keeps the former, and a new list is active. expected_version: NULL, the last write wins; 0, the list must not exist; n, it must be at version n.
Returns the new version.
Errors: WF001 when the list is not at expected_version; WF005 when the execution does not exist, or expected_version is positive and the list does not; WF006 when expected_version is 0 and it exists; 22023 for a new list without a plan, or a bad argument; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_save_todo_list', 'writer');

CREATE FUNCTION wfstate.update_todo(list_id text, item text, changes jsonb, expected_version bigint) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'update_todo_wrapper';
COMMENT ON FUNCTION wfstate.update_todo IS 'wf_update_todo, by a text.';
INSERT INTO wfstate.access VALUES ('update_todo', 'writer');

CREATE FUNCTION wfstate.remove_todo(list_id text, item text, expected_version bigint) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'remove_todo_wrapper';
COMMENT ON FUNCTION wfstate.remove_todo IS 'wf_remove_todo, by a text.';
INSERT INTO wfstate.access VALUES ('remove_todo', 'writer');

-- item is a text or a number; of this pseudo-type a literal and a driver's parameter without a type are taken as text.
CREATE FUNCTION @extschema@.wf_update_todo(
    list_id text, item anycompatiblenonarray, changes jsonb, expected_version bigint DEFAULT NULL
) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN wfstate.update_todo(list_id, item::text, changes, expected_version);
END
$$;
COMMENT ON FUNCTION @extschema@.wf_update_todo IS
'Changes one item of a todo list. item, a text or a number, is the member id of an item of the plan, which is a text or a whole number; where no item has one, it is the position of the item, from 0. changes is merged into the item, which must be an object (RFC 7386): members are set, and null removes one.
expected_version: NULL, whatever the list''s version; n, it must be at version n. Two that change items at the same time wait for each other, and both changes stay.
Returns the new version of the list.
Errors: WF001 when the list is not at expected_version; WF005 when the list or the item does not exist; 22023 for an item that is not an object, or a bad argument; 54000 when the plan would be over its limit.';
INSERT INTO wfstate.access VALUES ('wf_update_todo', 'writer');

CREATE FUNCTION @extschema@.wf_add_todo(
    list_id text, item jsonb, at_position integer DEFAULT NULL, expected_version bigint DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_add_todo_wrapper';
COMMENT ON FUNCTION @extschema@.wf_add_todo IS
'Adds an item to a todo list: before the one that is at_position, from 0, or at the end where that is NULL. Its id, if it has one, must not be that of another item.
expected_version: NULL, whatever the list''s version; n, it must be at version n. Two that change items at the same time wait for each other, and both changes stay.
Returns the new version of the list.
Errors: WF001 when the list is not at expected_version; WF005 when the list does not exist; WF006 when an item has that id; 22023 for an at_position beyond the items, or a bad argument; 54000 when the plan would be over its limit.';
INSERT INTO wfstate.access VALUES ('wf_add_todo', 'writer');

CREATE FUNCTION @extschema@.wf_remove_todo(
    list_id text, item anycompatiblenonarray, expected_version bigint DEFAULT NULL
) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN wfstate.remove_todo(list_id, item::text, expected_version);
END
$$;
COMMENT ON FUNCTION @extschema@.wf_remove_todo IS
'Removes one item of a todo list, which item names as it does for wf_update_todo. By position, those behind it move up.
expected_version: NULL, whatever the list''s version; n, it must be at version n.
Returns the new version of the list.
Errors: WF001 when the list is not at expected_version; WF005 when the list or the item does not exist; 22023 for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_remove_todo', 'writer');

CREATE FUNCTION @extschema@.wf_todo_list(list_id text) RETURNS TABLE (
    list_id text, execution_id text, plan jsonb, status text, version bigint, created_at timestamptz,
    updated_at timestamptz
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_todo_list_wrapper';
COMMENT ON FUNCTION @extschema@.wf_todo_list IS
'Returns a todo list as one row. version is what a later save passes as expected_version.
Errors: WF005 when the list does not exist.';
INSERT INTO wfstate.access VALUES ('wf_todo_list', 'reader');

CREATE FUNCTION @extschema@.wf_todo_lists(
    execution_id text DEFAULT NULL, status text DEFAULT NULL, after text DEFAULT NULL, max_rows integer DEFAULT 100
) RETURNS TABLE (
    list_id text, execution_id text, plan jsonb, status text, version bigint, created_at timestamptz,
    updated_at timestamptz
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_todo_lists_wrapper';
COMMENT ON FUNCTION @extschema@.wf_todo_lists IS
'Lists todo lists with their plans, those of an execution, with a status, or all of the tenant, in the order of their ids.
after is the list_id of the last row of the page before; max_rows is the size of the page (1 to 10000, by default 100).
Errors: 22023 for max_rows out of range; 54000 for over-long names.';
INSERT INTO wfstate.access VALUES ('wf_todo_lists', 'reader');

CREATE FUNCTION @extschema@.wf_drop_todo_list(list_id text, expected_version bigint DEFAULT NULL) RETURNS bool
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_drop_todo_list_wrapper';
COMMENT ON FUNCTION @extschema@.wf_drop_todo_list IS
'Removes a todo list. expected_version: NULL, whatever its version; n, it must be at version n.
Returns true, or false when the list does not exist.
Errors: WF001 when the list is not at expected_version; 22023 for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_drop_todo_list', 'writer');
