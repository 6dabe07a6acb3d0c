-- What runs as the owner of the extension: no code of others, and not past what binds the caller.
\set SHOW_CONTEXT never
\pset null (null)
CREATE ROLE regress_wf_dev;
CREATE ROLE regress_wf_deleter;
CREATE ROLE regress_wf_sees_less;
CREATE SCHEMA regress_owners;
GRANT ALL ON SCHEMA regress_owners TO regress_wf_dev;
GRANT USAGE ON SCHEMA regress_owners TO PUBLIC;
SELECT wf_grant_access('regress_wf_deleter', 'operator', '{own,other}'), wf_grant_access('regress_wf_sees_less', 'reader', '{own}');
SET wfstate.tenant = 'own';
CREATE TABLE regress_owners.seen (what text, by text, of text, is_superuser boolean);
GRANT INSERT ON regress_owners.seen TO PUBLIC;

-- A trigger of a role that has the right TRIGGER runs as whoever calls, not as the owner.
GRANT USAGE ON SCHEMA wfstate TO regress_wf_dev;
GRANT TRIGGER ON wfstate.task_results, wfstate.checkpoints, wfstate.routing_decisions, wfstate.routing_outcomes, wfstate.logs, wfstate.logs_default, wfstate.quarantine TO regress_wf_dev;
SET SESSION AUTHORIZATION regress_wf_dev;
CREATE FUNCTION regress_owners.trap() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
    INSERT INTO regress_owners.seen SELECT TG_OP || ' ' || TG_TABLE_NAME || ' ' || TG_WHEN, current_user, NULL, rolsuper FROM pg_roles WHERE rolname = current_user;
    RETURN coalesce(NEW, OLD);
END$$;
CREATE TRIGGER trap BEFORE DELETE ON wfstate.task_results FOR EACH ROW EXECUTE FUNCTION regress_owners.trap();
CREATE TRIGGER trap BEFORE DELETE ON wfstate.checkpoints FOR EACH ROW EXECUTE FUNCTION regress_owners.trap();
CREATE TRIGGER trap_all AFTER DELETE ON wfstate.checkpoints FOR EACH STATEMENT EXECUTE FUNCTION regress_owners.trap();
CREATE TRIGGER trap BEFORE INSERT ON wfstate.routing_decisions FOR EACH ROW EXECUTE FUNCTION regress_owners.trap();
CREATE TRIGGER trap AFTER INSERT ON wfstate.routing_outcomes FOR EACH ROW EXECUTE FUNCTION regress_owners.trap();
CREATE TRIGGER trap AFTER INSERT ON wfstate.logs FOR EACH ROW EXECUTE FUNCTION regress_owners.trap();
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_wf_deleter;
SELECT wf_save_state('tr', '{}', checkpoint => 'c'), wf_record_task('early', 's', 't', '{1}');
SELECT wf_delete_many('{tr}'), wf_delete('early');
SELECT wf_log(NULL, 'info', 'line') IS NOT NULL AS logged;
SELECT wf_record_routing('t1', 'agent', success => true, duration_ms => 1) IS NOT NULL AS recorded;
SELECT current_user;
RESET SESSION AUTHORIZATION;
SELECT * FROM regress_owners.seen ORDER BY what COLLATE "C", of;
TRUNCATE regress_owners.seen;
-- Where that would be a superuser, it does not run at all.
SELECT wf_record_task('early', 's', 't', '{1}');
SELECT wf_delete('early');
\echo :SQLSTATE
SELECT wf_record_routing('t1', 'agent');
\echo :SQLSTATE
SELECT wf_log(NULL, 'info', 'line');
\echo :SQLSTATE
SELECT count(*) FROM regress_owners.seen;
-- wf_cleanup and wf_maintain, too; a role that is no superuser is none there either.
SELECT wf_save_state('old', '{}', status => 'completed', checkpoint => 'c');
SELECT wf_cleanup('0 seconds', checkpointed => true, items => '{executions}');
\echo :SQLSTATE
SET session_replication_role = replica;
INSERT INTO wfstate.routing_outcomes (hour_at, spread, success, tenant, agent) VALUES ('2026-01-01', 0, true, 'own', 'agent');
RESET session_replication_role;
CREATE TRIGGER trap_fold BEFORE DELETE ON wfstate.routing_outcomes FOR EACH ROW EXECUTE FUNCTION regress_owners.trap();
SELECT wf_maintain();
\echo :SQLSTATE
SELECT wf_recalculate_statistics();
\echo :SQLSTATE
DROP TRIGGER trap_fold ON wfstate.routing_outcomes;
SELECT count(*) FROM wf_list();
SET SESSION AUTHORIZATION regress_wf_deleter;
SELECT item, removed FROM wf_cleanup('0 seconds', checkpointed => true, items => '{executions}');
RESET SESSION AUTHORIZATION;
SELECT DISTINCT what, by, is_superuser FROM regress_owners.seen ORDER BY 1;
TRUNCATE regress_owners.seen;
DROP TRIGGER trap ON wfstate.task_results;
DROP TRIGGER trap ON wfstate.checkpoints;
DROP TRIGGER trap_all ON wfstate.checkpoints;
DROP TRIGGER trap ON wfstate.routing_outcomes;
DROP TRIGGER trap ON wfstate.logs;
-- A condition is evaluated by the server as whoever runs the statement, and what it is built with reads all: none is
-- evaluated as the owner, of whatever function.
SET SESSION AUTHORIZATION regress_wf_dev;
CREATE TRIGGER leak BEFORE DELETE ON wfstate.checkpoints FOR EACH ROW WHEN (('read: ' || query_to_xml('SELECT count(rolpassword) > -1 AS all FROM pg_catalog.pg_authid', true, false, '')::text)::int IS NULL) EXECUTE FUNCTION suppress_redundant_updates_trigger();
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_wf_deleter;
SELECT wf_save_state('leak', '{}', checkpoint => 'c');
SELECT wf_delete_many('{leak}');
\echo :SQLSTATE
-- As the caller it reads what the caller may.
SELECT wf_delete('leak');
\echo :SQLSTATE
SELECT wf_log(NULL, 'info', 'before') IS NOT NULL AS logged;
RESET SESSION AUTHORIZATION;
DROP TRIGGER leak ON wfstate.checkpoints;
-- What only compares the row is let through; a domain, or a function of somebody's that may be inlined, is not.
SET SESSION AUTHORIZATION regress_wf_dev;
CREATE DOMAIN regress_owners.evil AS text CHECK (query_to_xml('SELECT 1', true, false, '') IS NOT NULL AND current_user = 'nobody');
CREATE FUNCTION regress_owners.inlined(text) RETURNS boolean IMMUTABLE LANGUAGE sql AS $$ SELECT $1::regress_owners.evil IS NULL $$;
CREATE TRIGGER compares BEFORE DELETE ON wfstate.checkpoints FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM 'c' OR OLD.version > 5 AND OLD.name = ANY (ARRAY['x', 'y'])) EXECUTE FUNCTION suppress_redundant_updates_trigger();
RESET SESSION AUTHORIZATION;
BEGIN;
SELECT wf_delete_many('{leak}');
ROLLBACK;
SET SESSION AUTHORIZATION regress_wf_dev;
CREATE TRIGGER leak BEFORE DELETE ON wfstate.checkpoints FOR EACH ROW WHEN (OLD.name::text::regress_owners.evil IS NULL) EXECUTE FUNCTION suppress_redundant_updates_trigger();
RESET SESSION AUTHORIZATION;
SELECT wf_delete_many('{leak}');
DROP TRIGGER leak ON wfstate.checkpoints;
SET SESSION AUTHORIZATION regress_wf_dev;
CREATE TRIGGER leak BEFORE DELETE ON wfstate.checkpoints FOR EACH ROW WHEN (regress_owners.inlined(OLD.name)) EXECUTE FUNCTION suppress_redundant_updates_trigger();
RESET SESSION AUTHORIZATION;
SELECT wf_delete_many('{leak}');
DROP TRIGGER leak ON wfstate.checkpoints;
DROP TRIGGER compares ON wfstate.checkpoints;
-- A partition's own, too, also where the session has written to the table before.
SET SESSION AUTHORIZATION regress_wf_dev;
CREATE TRIGGER leak AFTER INSERT ON wfstate.logs_default FOR EACH ROW WHEN (current_user::text <> NEW.tenant) EXECUTE FUNCTION suppress_redundant_updates_trigger();
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_wf_deleter;
SELECT wf_log(NULL, 'info', 'line');
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
SELECT wf_log(NULL, 'info', 'line');
\echo :SQLSTATE
DROP TRIGGER leak ON wfstate.logs_default;
SET SESSION AUTHORIZATION regress_wf_deleter;
SELECT wf_log(NULL, 'info', 'line') IS NOT NULL AS logged, wf_delete_many('{leak}');
RESET SESSION AUTHORIZATION;
-- What the trigger does counts against whoever calls: it neither sees other tenants nor keeps the role that it sets.
CREATE OR REPLACE FUNCTION regress_owners.trap() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
    INSERT INTO regress_owners.seen SELECT 'tenants', string_agg(DISTINCT tenant, ','), NULL, NULL FROM wfstate.executions;
    BEGIN
        PERFORM wf_log(NULL, 'info', 'from the trigger'), 1 / 0;
    EXCEPTION WHEN division_by_zero THEN
        INSERT INTO regress_owners.seen VALUES ('caught', current_user);
    END;
    PERFORM wf_log(NULL, 'info', 'from the trigger');
    INSERT INTO regress_owners.seen VALUES ('after', current_user);
    BEGIN
        SET ROLE regress_wf_sees_less;
    EXCEPTION WHEN insufficient_privilege OR invalid_parameter_value THEN
        INSERT INTO regress_owners.seen VALUES ('role kept', current_user);
    END;
    RETURN NEW;
END$$;
SELECT wf_save_state('mine', '{}');
SET wfstate.tenant = 'hidden';
SELECT wf_save_state('theirs', '{}');
SET wfstate.tenant = 'own';
SET SESSION AUTHORIZATION regress_wf_deleter;
BEGIN;
SELECT wf_record_routing('t2', 'agent') IS NOT NULL AS recorded, current_user;
COMMIT;
SELECT current_user;
RESET SESSION AUTHORIZATION;
SELECT what, by FROM regress_owners.seen ORDER BY what COLLATE "C";
TRUNCATE regress_owners.seen;
-- A superuser's function runs as the caller, too, and finds what search_path makes of its names; a SECURITY DEFINER one
-- as its owner, with all that it calls.
DROP TRIGGER trap ON wfstate.routing_decisions;
DROP FUNCTION regress_owners.trap();
CREATE FUNCTION regress_owners.called(text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO regress_owners.seen VALUES ($1, current_user); END $$;
ALTER FUNCTION regress_owners.called(text) OWNER TO regress_wf_dev;
CREATE FUNCTION regress_owners.plain() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM regress_owners.called('plain'); RETURN NEW; END $$;
CREATE FUNCTION regress_owners.pinned() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$ BEGIN PERFORM regress_owners.called('pinned'); RETURN NEW; END $$;
CREATE FUNCTION regress_owners.definer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ BEGIN PERFORM regress_owners.called('definer'); RETURN NEW; END $$;
CREATE FUNCTION regress_owners.devs() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN PERFORM regress_owners.called('devs'); RETURN NEW; END $$;
ALTER FUNCTION regress_owners.devs() OWNER TO regress_wf_dev;
CREATE TRIGGER a AFTER INSERT ON wfstate.routing_decisions FOR EACH ROW EXECUTE FUNCTION regress_owners.plain();
CREATE TRIGGER b AFTER INSERT ON wfstate.routing_decisions FOR EACH ROW EXECUTE FUNCTION regress_owners.pinned();
CREATE TRIGGER c AFTER INSERT ON wfstate.routing_decisions FOR EACH ROW EXECUTE FUNCTION regress_owners.definer();
CREATE TRIGGER d AFTER INSERT ON wfstate.routing_decisions FOR EACH ROW EXECUTE FUNCTION regress_owners.devs();
SET SESSION AUTHORIZATION regress_wf_deleter;
SELECT wf_record_routing('t3', 'agent') IS NOT NULL AS recorded;
RESET SESSION AUTHORIZATION;
SELECT what, CASE by WHEN session_user THEN 'owner' ELSE by END AS by FROM regress_owners.seen ORDER BY what COLLATE "C";
TRUNCATE regress_owners.seen;
-- A role that becomes a superuser, or is none any more, counts as it is.
ALTER FUNCTION regress_owners.plain() OWNER TO regress_wf_dev;
SELECT wf_record_routing('t4', 'agent');
\echo :SQLSTATE
ALTER ROLE regress_wf_dev SUPERUSER;
SELECT wf_record_routing('t4', 'agent') IS NOT NULL AS recorded;
ALTER ROLE regress_wf_dev NOSUPERUSER;
SELECT wf_record_routing('t4', 'agent');
\echo :SQLSTATE
DROP TRIGGER a ON wfstate.routing_decisions;
DROP TRIGGER b ON wfstate.routing_decisions;
DROP TRIGGER c ON wfstate.routing_decisions;
DROP TRIGGER d ON wfstate.routing_decisions;
SELECT wf_record_routing('t5', 'agent') IS NOT NULL AS recorded;
-- A deferred one that a statement as the owner would leave behind is refused by the server.
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON wfstate.routing_decisions DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION regress_owners.plain();
SELECT wf_record_routing('t6', 'agent');
\echo :SQLSTATE
DROP TRIGGER late ON wfstate.routing_decisions;

TRUNCATE regress_owners.seen;

-- wf_delete_many is one statement a table where nothing but its tenant binds the caller.
CREATE FUNCTION regress_owners.counted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO regress_owners.seen VALUES (TG_TABLE_NAME, current_user); RETURN NULL; END $$;
CREATE TRIGGER counted AFTER DELETE ON wfstate.executions FOR EACH STATEMENT EXECUTE FUNCTION regress_owners.counted();
CREATE TRIGGER counted AFTER DELETE ON wfstate.runs FOR EACH STATEMENT EXECUTE FUNCTION regress_owners.counted();
CREATE TRIGGER counted AFTER DELETE ON wfstate.thoughts FOR EACH STATEMENT EXECUTE FUNCTION regress_owners.counted();
SELECT wf_save_state(id, '{}') FROM unnest('{m1,m2,m3}'::text[]) id;
SET SESSION AUTHORIZATION regress_wf_deleter;
SELECT wf_delete_many('{m1,m2,m3}');
RESET SESSION AUTHORIZATION;
SELECT what, by, count(*) FROM regress_owners.seen GROUP BY 1, 2 ORDER BY 1;
TRUNCATE regress_owners.seen;
DROP TRIGGER counted ON wfstate.executions;
DROP TRIGGER counted ON wfstate.runs;
DROP TRIGGER counted ON wfstate.thoughts;

-- It keeps to the caller's rights, as wf_delete does.
SELECT wf_save_state(id, '{}', checkpoint => 'c'), wf_log(id, 'info', 'm') > 0 AS logged FROM unnest('{v1,v2,v3,v4}'::text[]) id;
REVOKE DELETE ON wfstate.checkpoints FROM regress_wf_deleter;
SET SESSION AUTHORIZATION regress_wf_deleter;
SELECT wf_delete('v1');
\echo :SQLSTATE
SELECT wf_delete_many('{v1,v2}');
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
GRANT DELETE ON wfstate.checkpoints TO regress_wf_deleter;
-- And to policies that were added.
CREATE POLICY nodel ON wfstate.executions AS RESTRICTIVE FOR DELETE TO regress_wf_deleter USING (execution_id <> 'v2');
SET SESSION AUTHORIZATION regress_wf_deleter;
SELECT wf_delete('v2');
\echo :SQLSTATE
SELECT wf_delete_many('{v1,v2}');
\echo :SQLSTATE
SELECT wf_fork('v1', 'v5'), wf_delete_many('{v1,v4,v5}');
SELECT execution_id, wf_load_state(execution_id), (SELECT count(*) FROM wf_checkpoints(execution_id)) AS checkpoints, (SELECT count(*) FROM wf_logs(execution_id)) AS lines FROM wf_list();
RESET SESSION AUTHORIZATION;
SELECT count(*) FROM wfstate.checkpoints WHERE execution_id IN ('v1', 'v4');
SELECT count(*) FROM wfstate.logs WHERE execution_id IN ('v1', 'v4');
DROP POLICY nodel ON wfstate.executions;

-- What was recorded for an execution that a policy hides is not deleted as if there were none.
SELECT wf_record_task('v3', 's', 't', '{1}'), wf_record_task('none', 's', 't', '{1}'), wf_record_task('none2', 's', 't', '{1}');
CREATE POLICY hid ON wfstate.executions AS RESTRICTIVE TO regress_wf_deleter USING (execution_id <> 'v3');
SET SESSION AUTHORIZATION regress_wf_deleter;
SELECT wf_delete('v3'), wf_delete_many('{v3}'), wf_delete('none'), wf_delete_many('{v3,none2}');
RESET SESSION AUTHORIZATION;
SELECT execution_id FROM wfstate.task_results WHERE tenant = 'own' ORDER BY 1;
-- Nor what a policy on the results keeps.
SELECT wf_record_task('none', 's', 't', '{1}');
CREATE POLICY hid ON wfstate.task_results AS RESTRICTIVE TO regress_wf_deleter USING (execution_id <> 'none');
SET SESSION AUTHORIZATION regress_wf_deleter;
SELECT wf_delete('none'), wf_delete_many('{none}');
RESET SESSION AUTHORIZATION;
SELECT execution_id FROM wfstate.task_results WHERE tenant = 'own' ORDER BY 1;
DROP POLICY hid ON wfstate.executions;
DROP POLICY hid ON wfstate.task_results;

-- A fork that a policy hides from whoever deletes its source, or prunes it, stays whole.
SELECT wf_save_state('src', '{"a": 1}'), wf_fork('src', 'hf'), wf_save_state('src', '{"a": 2}'), wf_fork('src', 'open'), wf_save_state('src', '{"a": 3}');
CREATE POLICY hid ON wfstate.executions AS RESTRICTIVE TO regress_wf_deleter USING (execution_id NOT LIKE 'hf%');
SET SESSION AUTHORIZATION regress_wf_deleter;
SELECT wf_delete('src');
\echo :SQLSTATE
SELECT wf_delete_many('{v3,src}');
\echo :SQLSTATE
SELECT wf_prune_history('src', keep_last => 1);
RESET SESSION AUTHORIZATION;
SELECT id, wf_load_state(id) FROM unnest('{src,hf,open}'::text[]) id;
-- The same where it may only not be changed, or where its versions may not.
DROP POLICY hid ON wfstate.executions;
CREATE POLICY hid ON wfstate.executions AS RESTRICTIVE FOR UPDATE TO regress_wf_deleter USING (execution_id NOT LIKE 'hf%');
SET SESSION AUTHORIZATION regress_wf_deleter;
SELECT wf_delete('src');
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
DROP POLICY hid ON wfstate.executions;
CREATE POLICY hid ON wfstate.state_versions AS RESTRICTIVE FOR UPDATE TO regress_wf_deleter USING (execution_id NOT LIKE 'hf%');
SET SESSION AUTHORIZATION regress_wf_deleter;
SELECT wf_delete_many('{src}');
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
DROP POLICY hid ON wfstate.state_versions;
-- Without the policy the forks get their copies.
SET SESSION AUTHORIZATION regress_wf_deleter;
SELECT wf_delete_many('{v3,src}');
SELECT id, wf_load_state(id) FROM unnest('{hf,open}'::text[]) id;
RESET SESSION AUTHORIZATION;

-- wf_checkpoints shows no row that a policy hides, however it finds them.
SELECT wf_save_state('z', '{}');
SELECT count(wf_checkpoint('z', 'n' || i, metadata => '{"u": 1}')) FROM generate_series(1, 1500) i;
SELECT count(wf_checkpoint('z', 'secret' || i, metadata => '{"top": "secret"}')) FROM generate_series(1, 2500) i;
SELECT count(wf_checkpoint('z', 'secrets', metadata => '{"top": "open"}'));
SELECT count(wf_checkpoint('z', 'zopen', metadata => '{"top": "secret"}'));
CREATE POLICY hide ON wfstate.checkpoints AS RESTRICTIVE FOR SELECT TO regress_wf_sees_less USING (name !~ '^secret[0-9]');
SET SESSION AUTHORIZATION regress_wf_sees_less;
SELECT name FROM wf_checkpoints('z', prefix => 'secret');
SELECT name FROM wf_checkpoints('z', prefix => 'secret', max_rows => 1);
SELECT name FROM wf_checkpoints('z', prefix => 'secret', newest_first => true);
SELECT name FROM wf_checkpoints('z', containment => '{"top": "secret"}');
SELECT name FROM wf_checkpoints('z', containment => '{"top": "secret"}', max_rows => 1);
SELECT name FROM wf_checkpoints('z', containment => '{"top": "secret"}', newest_first => true, max_rows => 2);
SELECT count(*), count(DISTINCT name) FROM wf_checkpoints('z', max_rows => 10000);
RESET SESSION AUTHORIZATION;
SELECT count(*), min(name), max(name) FROM wf_checkpoints('z', containment => '{"top": "secret"}', max_rows => 10000);
SELECT count(*), count(DISTINCT name), max(name) FROM wf_checkpoints('z', prefix => 'secret', max_rows => 2100, newest_first => true);
DROP POLICY hide ON wfstate.checkpoints;

-- Clean up.
SELECT wf_delete('early');
SELECT wf_delete_many(array_agg(execution_id)) FROM wf_list();
SELECT wf_delete('none');
DELETE FROM wfstate.logs WHERE tenant = 'own';
DELETE FROM wfstate.routing_decisions WHERE tenant = 'own';
DELETE FROM wfstate.routing_outcomes WHERE tenant = 'own';
SET wfstate.tenant = 'hidden';
SELECT wf_delete('theirs');
SET client_min_messages = warning;
DROP SCHEMA regress_owners CASCADE;
RESET client_min_messages;
SELECT wf_revoke_access(r) FROM unnest('{regress_wf_deleter,regress_wf_sees_less}'::text[]) r;
DROP OWNED BY regress_wf_dev;
DROP ROLE regress_wf_dev;
DROP ROLE regress_wf_deleter;
DROP ROLE regress_wf_sees_less;
