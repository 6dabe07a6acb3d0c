-- A tenant with a day behind it: workflows, agents that do well and badly, open circuits, a saga, a queue. Times are set
-- back by hand, chance is not: the same sample each time.
SELECT wf_define('order', '{"phases": {"draft": {"next": ["review", "rejected"]}, "review": {"next": ["paid", "rejected", "draft"]},
  "paid": {"next": ["shipped"]}, "shipped": {}, "rejected": {}}, "initial_phase": "draft", "terminal_phases": ["shipped", "rejected"],
  "steps": {"reserve": {"compensation": "unreserve"}, "charge": {"depends_on": ["reserve"], "compensation": "refund"},
            "pack": {"depends_on": ["charge"]}, "ship": {"depends_on": ["pack"]}}}');
SELECT setseed(0.42);
CREATE TEMP TABLE made AS
SELECT n, format('%s-%s', w, to_char(n, 'FM0000')) AS id, w AS workflow,
       now() - interval '24 hours' * power((700 - n) / 700.0, 1.0 / (1 + 0.6 * sin(n / 60.0) * sin(n / 60.0))) AS at, random() AS luck
  FROM generate_series(1, 690) AS n
 CROSS JOIN LATERAL (SELECT CASE WHEN n % 7 < 4 THEN 'order' WHEN n % 7 < 6 THEN 'research-agent' ELSE 'nightly-import' END AS w OFFSET 0) AS x;
SELECT count(*) FROM made AS m, wf_start(m.workflow, m.id, start_at => CASE WHEN m.n > 678 THEN now() + interval '20 minutes' END);
-- What has come of them.
SELECT count(wf_complete(id, '{"ok": true}')) FROM made WHERE n <= 640 AND luck < 0.9;
SELECT count(wf_fail(id, jsonb_build_object('message', (ARRAY['card refused by the bank', 'upstream answered 503 Service Unavailable',
       'model returned no tool call', 'deadline of 30 s exceeded'])[1 + n % 4]))) FROM made WHERE n <= 640 AND luck >= 0.9 AND luck < 0.97;
SELECT count(wf_cancel(id)) FROM made WHERE n <= 640 AND luck >= 0.97;
UPDATE wfstate.executions AS e SET created_at = m.at, completed_at = CASE WHEN e.completed_at IS NOT NULL
       THEN m.at + interval '1 second' * (2 + 40 * m.luck) END FROM made AS m WHERE e.execution_id = m.id;
-- Their steps.
INSERT INTO wfstate.steps (tenant, execution_id, step_id, status, attempt, started_at, ended_at)
SELECT 'default', m.id, s.step, CASE WHEN m.luck >= 0.9 AND m.luck < 0.97 AND s.last THEN 'failed' ELSE 'completed' END,
       1 + (m.luck > 0.85)::integer, m.at, m.at + interval '1 millisecond' * s.ms * (0.4 + 1.6 * random() ^ 3 + 4 * random() ^ 20)
  FROM made AS m JOIN (VALUES ('order', 'reserve', 40, false), ('order', 'charge', 820, true), ('order', 'pack', 310, false),
       ('order', 'ship', 95, false), ('research-agent', 'plan', 2100, false), ('research-agent', 'search', 5400, false),
       ('research-agent', 'write', 11800, true), ('nightly-import', 'fetch', 3600, true), ('nightly-import', 'load', 900, false))
       AS s(workflow, step, ms, last) ON s.workflow = m.workflow
 WHERE m.n <= 640;
-- Agents.
SELECT count(wf_record_routing('task-' || n, a.agent, success => random() < a.rate, duration_ms => a.ms * (0.5 + random() + 3 * random() ^ 12),
       decided_at => now() - interval '23 hours' * random(), feed_circuit => false))
  FROM (VALUES ('planner-large', 0.993, 1900, 460), ('coder', 0.962, 5200, 388), ('reviewer', 0.981, 2600, 305), ('summarizer', 1.0, 640, 210),
               ('web-search', 0.871, 1250, 175), ('browser', 0.744, 8200, 96), ('legacy-ocr', 0.41, 15300, 44)) AS a(agent, rate, ms, tasks)
 CROSS JOIN generate_series(1, a.tasks) AS n;
-- Circuits.
SELECT wf_circuit_configure('*', minimum_calls => 10, window_size => 50, open_wait => '4 minutes');
SELECT count(*) FROM generate_series(1, 40) AS n, wf_circuit_record('coder', n % 12 <> 0, 900) AS c, wf_circuit_record('planner-large', true, 700);
SELECT count(*) FROM generate_series(1, 30) AS n, wf_circuit_record('legacy-ocr', n % 5 = 0, 9000);
SELECT wf_circuit_save('payment-gateway', 'forced_open', reason => 'maintenance');
SELECT count(*) FROM generate_series(1, 12) AS n, wf_circuit_record('browser', n % 3 = 0, 5000);
-- Workers hold some.
SELECT count(*) FROM wf_claim('worker-1', '{order}', max_rows => 6) AS a, wf_claim('worker-2', '{research-agent}', max_rows => 3);
-- An order that is undone, from near.
SELECT wf_start('order', 'order-saga', '{"item": "book"}', state => '{"items": [{"sku": "book", "count": 1}], "total": 31.90}');
SELECT wf_step_begin('order-saga', 'reserve', compensation => 'unreserve');
SELECT wf_step_complete('order-saga', 'reserve', '{"reservation": 4711}', patch => '{"reserved": true}');
SELECT wf_transition('order-saga', 'review', '{"reviewer": "ana"}', note => 'looks fine');
SELECT wf_checkpoint('order-saga', 'reviewed');
SELECT wf_step_begin('order-saga', 'charge', compensation => 'refund');
SELECT wf_step_fail('order-saga', 'charge', '{"message": "timeout"}', max_attempts => 3, initial_interval => '0 s');
SELECT wf_await_signal('order-saga', 'approval', timeout => '1 hour');
SELECT wf_signal('order-saga', 'approval', '{"by": "ben"}');
SELECT wf_await_signal('order-saga', 'approval');
SELECT wf_step_begin('order-saga', 'charge', compensation => 'refund');
SELECT wf_step_complete('order-saga', 'charge', '{"payment": "p-99"}', patch => '[{"op": "add", "path": "/payment", "value": {"id": "p-99", "amount": 31.90}}, {"op": "replace", "path": "/total", "value": 31.90}, {"op": "remove", "path": "/reviewer"}]');
SELECT wf_transition('order-saga', 'paid');
SELECT wf_step_begin('order-saga', 'pack');
SELECT wf_step_fail('order-saga', 'pack', '{"message": "out of stock"}');
SELECT wf_set_status('order-saga', 'compensating');
SELECT wf_step_compensated('order-saga', 'charge');
-- Its times, spread over twelve seconds.
UPDATE wfstate.executions SET created_at = now() - interval '12 s' WHERE execution_id = 'order-saga';
UPDATE wfstate.state_versions SET saved_at = now() - interval '12 s' + interval '1.1 s' * (version - 1) WHERE execution_id = 'order-saga';
UPDATE wfstate.steps AS s SET started_at = now() - interval '12 s' + t.f * interval '1 s', ended_at = now() - interval '12 s' + t.t * interval '1 s'
  FROM (VALUES ('reserve', 0.2, 1.0), ('charge', 5.2, 9.8), ('pack', 6.9, 8.1)) AS t(step, f, t) WHERE s.step_id = t.step AND execution_id = 'order-saga';
UPDATE wfstate.step_failures SET started_at = now() - interval '9.4 s', failed_at = now() - interval '8.2 s' WHERE execution_id = 'order-saga' AND step_id = 'charge';
UPDATE wfstate.waits SET begun_at = now() - interval '8.2 s', ended_at = now() - interval '7 s' WHERE execution_id = 'order-saga';
UPDATE wfstate.checkpoints SET created_at = now() - interval '9.7 s' WHERE execution_id = 'order-saga';
