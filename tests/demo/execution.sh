# shellcheck shell=bash
# The chapter on execution: an order whose payment fails, run by two workers, one of them killed. Sourced by run.sh.

undone() {
  chapter 'An order that is undone'
  ask "SELECT * FROM wf_start('shop-order', 'shop-1', '{\"item\": \"book\"}', idempotency_key => 'cart-77')"
  ask "SELECT execution_id, created FROM wf_start('shop-order', input => '{\"item\": \"book\"}',
  idempotency_key => 'cart-77')"
  claim_true 'the same start twice is one execution' "count(*) = 1 FROM wf_list(workflow => 'shop-order')"
  tell 'Workers claim orders. The first holds this one for a second, reserves the book, begins to charge, and is killed:'
  ask "SELECT execution_id, status, input FROM wf_claim('worker-1', '{shop-order}', '1 second')"
  local lease
  lease="$(sql "SELECT lease FROM wf_leases('shop-order')")"
  ask "SELECT action FROM wf_step_begin('shop-1', 'reserve', compensation => 'unreserve', lease => $lease)"
  ask "SELECT * FROM wf_step_complete('shop-1', 'reserve', '{\"reservation\": 4711}',
  patch => '{\"reserved\": true}', lease => $lease)"
  printf '%s\n' "SELECT action FROM wf_step_begin('shop-1', 'charge', compensation => 'refund', lease => $lease);" \
    'SELECT pg_terminate_backend(pg_backend_pid());' | agent >/dev/null 2>&1 || true
  claim_true 'nobody else gets it while it is held' "count(*) = 0 FROM wf_claim('worker-2', '{shop-order}')"
  sleep 1.1
  tell 'Its lease is over. The second worker takes the order up:'
  ask "SELECT execution_id, status, claims FROM wf_claim('worker-2', '{shop-order}', '1 minute')"
  tell 'If the first had only been slow, it could not write any more:'
  refused "SELECT wf_step_complete('shop-1', 'charge', '{\"late\": true}', lease => $lease)" WF007 'a write under a lost lease is refused with WF007 (lease_lost)'
  lease="$(sql "SELECT lease FROM wf_leases('shop-order')")"
  tell 'What was done is done, with its result; the charge is its second attempt:'
  ask "SELECT action, output FROM wf_step_begin('shop-1', 'reserve', compensation => 'unreserve', lease => $lease)"
  ask "SELECT action, attempt FROM wf_step_begin('shop-1', 'charge', compensation => 'refund', lease => $lease)"
  claim_true 'nothing that was done is run again' "status = 'completed' AND attempt = 1
    FROM wf_steps('shop-1') WHERE step_id = 'reserve'"
  tell 'The card is refused for good, so the order is undone, the last step first:'
  ask "SELECT action FROM wf_step_fail('shop-1', 'charge', '{\"message\": \"card refused\"}', lease => $lease)"
  ask "SELECT wf_set_status('shop-1', 'compensating', lease => $lease)"
  ask "SELECT step_id, compensation, output FROM wf_compensations('shop-1')"
  ask "SELECT * FROM wf_step_compensated('shop-1', 'reserve', lease => $lease)"
  claim_true 'the order is compensated, and its history tells it' "status = 'compensated'
    AND (SELECT array_agg(h.status ORDER BY h.version) = '{pending,running,running,compensating,compensated}'
           FROM wf_history('shop-1') AS h) FROM wf_execution('shop-1')"
  claim_true 'and nobody holds it any more' "count(*) = 0 FROM wf_leases('shop-order')"
}
