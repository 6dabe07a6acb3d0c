-- Executions of every kind: patches, keyframes, a recovery, a fork, checkpoints, tags, a second tenant.
SELECT wf_save_state('order', '{"total": 7.50, "items": [], "customer": {"name": "Ann"}}',
                     workflow => 'checkout', tags => '{"team": "blue"}', phase => 'cart', note => 'first');
SELECT wf_patch_state('order', jsonb_build_array(jsonb_build_object('op', 'add', 'path', '/items/-',
                      'value', jsonb_build_object('n', n, 'text', repeat(md5(n::text), 30)))),
                      step_id => 'step-' || n)
  FROM generate_series(1, 40) AS n;
SELECT wf_save_state('order', wf_load_state('order') || '{"total": 8.00}', 41, status => 'waiting');
SELECT wf_checkpoint('order', 'early', 5, '{"why": "test"}');
SELECT wf_checkpoint('order', 'paid', 6);
SELECT wf_checkpoint('order', 'paid', metadata => jsonb_build_object('text', repeat('t', 40000)), replace => true);
SELECT wf_patch_state('order', '{"coupon": "X", "total": 1e-3}');
SELECT wf_recover('order', 'early', note => 'back');
SELECT wf_patch_state('order', '{"coupon": "Y"}');
SELECT wf_fork('order', 'fork', 30);
SELECT wf_patch_state('order', '{"branch": 1.0}', base_version => 20, checkpoint => 'branch', checkpoint_metadata => '{"n": 1.0}');
SELECT wf_copy('order', 'order-copy', tags => '{"team": "copied"}');
SELECT wf_patch_state('fork', '{"branch": true}', status => 'completed');
SELECT wf_save_state('small-' || n, jsonb_build_object('n', n, 'customer', '{"name": "Bob"}'::jsonb),
                     workflow => CASE WHEN n % 2 = 0 THEN 'checkout' END)
  FROM generate_series(1, 20) AS n;
SELECT wf_save_state('scalar', '12345678901234567890.10');
SELECT wf_save_state('scalar', 'null', status => 'failed');
SELECT wf_save_state('paper', '{"title": "t", "pages": 3}', workflow => 'review');
SELECT wf_transition('paper', 'done', '{"pages": 4}');
SELECT wf_record_routing('task-' || n, 'agent-' || n % 3, CASE WHEN n % 7 > 0 THEN n % 4 > 0 END, n * 1.5, 'chat',
                         candidates => '["a", "b"]', execution_id => 'order', decided_at => timestamptz '2026-01-01' + n * interval '9 minutes')
  FROM generate_series(1, 60) AS n;
SELECT wf_prune_routing(older_than => '1 day', max_rows => 5);
SELECT wf_maintain(max_rows => 9);
SELECT wf_set_retention('executions', '100 years', true), wf_set_retention('circuits', '100 years');
SELECT wf_maintain(1, all_tenants => true);
-- Circuits: healthy, stopped by hand, broken and due.
SELECT wf_circuit_record('healthy', n > 1, n) FROM generate_series(1, 5) AS n;
SELECT wf_circuit_save('stopped', 'forced_open', reason => 'maintenance');
SELECT wf_circuit_save('broken', 'open', '2020-01-01');
-- Executions that run, wait and are undone; limits; a feed.
SELECT wf_record_changes();
SELECT wf_set_limits('run', 5, 2, 7);
SELECT wf_start('run', 'run-' || n, to_jsonb(n), 'key-' || n, parent => CASE WHEN n > 1 THEN 'run-1' END, priority => n, concurrency_key => 'k')
  FROM generate_series(1, 5) AS n;
SELECT wf_claim('worker', max_rows => 3);
SELECT wf_step_begin('run-5', 'a', '1', 'undo'), wf_step_begin('run-5', 'b'), wf_step_begin('run-4', 'a');
SELECT wf_step_complete('run-5', 'a', '2', '{"a": 2}'), wf_step_fail('run-4', 'a', '"e"', 3, '1 day');
SELECT wf_record_task('run-5', 'a', 'task', ARRAY['{"n": 1.50}', NULL, 'null']::jsonb[], '{x,y,NULL}', '{-1,0,7}', 'path'), wf_record_task('to-come', 'early', 'task', ARRAY['1']::jsonb[]);
SELECT wf_signal('run-5', 's', '{"n": 1.50}', 'once');
SELECT wf_await_signal('run-5', 's'), wf_await_signal('run-4', 't', '1 day'), wf_sleep('run-4', 'nap', '2 days');
SELECT wf_fail('run-5', '"e"');
SELECT wf_set_status('run-5', 'compensating');
SELECT wf_await_children('run-1');
-- Sessions, todo lists, thoughts, memories.
SELECT wf_save_session('chat', '{"user_id": "ann", "mission": "talk", "n": 1.50}'), wf_save_session('chat', '{"n": 2}', status => 'waiting');
SELECT wf_save_todo_list('plan', 'chat', '[{"id": "a", "cost": 1.0}, {"id": "b"}]'), wf_update_todo('plan', 'b', '{"done": true}'), wf_save_todo_list('alone', plan => '[]');
SELECT wf_record_thought('chat', 'step', 'thought', 'action', 'observation', '{"n": 1.50}', '2026-01-01'), wf_record_thoughts('chat', thoughts => '{a,b}');
SELECT wf_remember('context', 'Look before you leap', 'foot', 0.7, '{"team": "blue"}', config => 'english'), wf_remember(NULL, 'LOOK before you leap', 'foot'), wf_remember(NULL, 'Anything else', config => 'simple');
-- Logs and metrics.
SELECT wf_log('order', 'warn', 'declined', '{"n": 1.50}', 'step-1'), wf_log(NULL, 'info', 'of the service'),
       wf_record_logs('{order,fork}', '{debug,error}', '{one,two}', logged_at => '{2026-01-01,2026-01-02}'),
       wf_record_metric('order', 'tokens', 1200, 'n', '{"model": "large"}'), wf_record_metrics(NULL, '{load,load}', '{0.5,-0.25}');
SET wfstate.tenant = 'blue';
SELECT wf_save_state('order', '{"of": "blue"}', tags => '{"team": "red"}');
SELECT wf_patch_state('order', '{"more": 1}');
SELECT wf_log('order', 'info', 'of blue'), wf_record_metric('order', 'tokens', 1);
