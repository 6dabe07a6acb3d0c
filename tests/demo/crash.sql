-- Reads the writer's acknowledgements (round|step|version) on standard input and prints: how many;
-- how many are in the history with their step; how many have the state that was sent; how many
-- versions follow the last one acknowledged.
\set ON_ERROR_STOP on
CREATE TEMP TABLE acknowledged (round int, step int, version bigint);
\copy acknowledged FROM pstdin WITH (DELIMITER '|')
-- What the client must have sent, built without wfstate.
CREATE TEMP TABLE sent AS
SELECT step, demo.state_after(step) AS state FROM (SELECT DISTINCT step FROM acknowledged) AS steps;
CREATE TEMP TABLE kept AS
SELECT version, step_id, wf_state_at('night-run', version) AS state
  FROM (SELECT generate_series(0, version, 10000) AS page FROM wf_load('night-run')) AS pages,
       wf_history('night-run', after => page, max_rows => 10000);
SELECT count(*),
       count(*) FILTER (WHERE step_id = format('round-%s-step-%s', round, step)),
       count(*) FILTER (WHERE kept.state::text = (sent.state || jsonb_build_object('round', round))::text),
       (SELECT max(version) FROM kept) - max(version)
  FROM acknowledged LEFT JOIN kept USING (version) LEFT JOIN sent USING (step);
