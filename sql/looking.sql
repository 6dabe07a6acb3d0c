-- Group: Looking
-- Pictures: an execution as bars in a terminal, workflows as diagrams, a tenant as a page.

CREATE FUNCTION @extschema@.wf_timeline(
    execution_id text, width integer DEFAULT 60, max_rows integer DEFAULT 100
) RETURNS TABLE (
    line text, kind text, name text, status text, attempt integer, bar text, started_at timestamptz,
    ended_at timestamptz, duration interval
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_timeline_wrapper';
COMMENT ON FUNCTION @extschema@.wf_timeline IS
'Draws an execution as text: line is the whole of each row, for a terminal, the other columns are its parts. The first row is the execution, the second how many versions were saved when; then, by their beginning, the phases that it was in, the attempts at its steps, its waits and its checkpoints (kind phase, step, wait, checkpoint). What has not ended goes on until now, or until the execution ended. A compensated step lasts until it was undone. In names, what is not seen or turns the direction of text stands as its number, and what is long is cut in line, not in name.
width is the width of a bar in characters (10 to 500, by default 60), max_rows how many phases, attempts, waits and checkpoints are drawn, the newest (1 to 10000, by default 100); a row of kind … tells how many are left out. Of versions and phases, the newest 10000 versions are looked at. Where versions are missing, because they were pruned or are older than those, a phase ends with the last version that is known to be in it, and a phase … with the status unknown goes on from there to the next version; one that is the same before and after is drawn through.
Errors: WF005 when the execution does not exist; 22023 for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_timeline', 'reader');

CREATE FUNCTION @extschema@.wf_diagram(
    workflow text DEFAULT NULL, execution_id text DEFAULT NULL, version integer DEFAULT NULL, kind text DEFAULT NULL
) RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_diagram_wrapper';
COMMENT ON FUNCTION @extschema@.wf_diagram IS
'Returns a workflow or an execution as Mermaid text. workflow: its definition, in this version, by default the newest. execution_id: what it has done, within the definition that binds it: the phases that it was in, numbered by its moves, the last one highlighted; or its steps with their statuses. kind: phases makes a stateDiagram-v2, steps a flowchart by what they depend on, statuses, of an execution, a stateDiagram-v2 of its statuses; NULL takes phases where there are any, else steps, else statuses.
Names stand in labels, cut to 60 characters, with all but letters, digits and spaces written by number, so that no name is syntax. Of an execution, the newest 200 steps and 500 moves are drawn. A move that versions would tell which were pruned is neither drawn nor numbered: a note stands beside where the execution was next.
Errors: WF005 when the workflow has no such definition or the execution does not exist; 22023 unless one of workflow and execution_id is given, and for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_diagram', 'reader');

CREATE FUNCTION @extschema@.wf_report(
    workflow text DEFAULT NULL, execution_id text DEFAULT NULL, since timestamptz DEFAULT NULL,
    until timestamptz DEFAULT NULL, max_rows integer DEFAULT 10
) RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_report_wrapper';
COMMENT ON FUNCTION @extschema@.wf_report IS
'Returns one HTML page about the session''s tenant, which loads nothing and runs no script: executions over time by what has become of them, the success rate of agents, circuit breakers, the slowest steps, the queue, and what has failed. execution_id: with the timeline of this execution and what each of its newest 30 versions has changed; without it, the page holds nothing of a state, but it does hold the errors of executions that have failed. All that callers have named or said is shown as text.
workflow: only executions of this workflow; agents and circuits are those of the tenant. since (by default a day before until) and until (now) bound when executions were started and tasks were routed; the page takes whole intervals from the one that holds since, and of agents whole hours. max_rows is how many rows each list has (1 to 10000, by default 10). Steps are those of the newest 2000 executions; at most 1000000 executions of a status, and 100000 that have not ended, are counted, and the page says where there are more.
Errors: WF005 when the execution does not exist; 22023 for a bad argument; WF008 when the log of the execution, or a stored statistic, is damaged.';
INSERT INTO wfstate.access VALUES ('wf_report', 'reader');
