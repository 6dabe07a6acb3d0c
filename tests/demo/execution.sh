# shellcheck shell=bash
# The chapter on execution: an order whose payment fails, run by two workers, one of them killed. Sourced by run.sh.

undone() {
  chapter 'An order that is undone'
  ask "SELECT * FROM wf_start('shop-order', 'shop-1', '{\"item\": \"book\"}', idempotency_key => 'cart-77')"
  ask "SELECT execution_id, created FROM wf_start('shop-order', input => '{\"item\": \"book\"}',
  idempotency_key => 'cart-77')"
  claim_true 'the same start twice is one execution' "count(*) = 1 FROM wf_list(workflow => 'shop-order')"
  tell 'A worker reserves the book, begins to charge, and is killed:'
  ask "SELECT action FROM wf_step_begin('shop-1', 'reserve', compensation => 'unreserve')"
  ask "SELECT * FROM wf_step_complete('shop-1', 'reserve', '{\"reservation\": 4711}',
  patch => '{\"reserved\": true}')"
  printf '%s\n' "SELECT action FROM wf_step_begin('shop-1', 'charge', compensation => 'refund');" \
    'SELECT pg_terminate_backend(pg_backend_pid());' | agent >/dev/null 2>&1 || true
  tell 'Another takes the order up. What was done is done, with its result; the charge is its second attempt:'
  ask "SELECT action, output FROM wf_step_begin('shop-1', 'reserve', compensation => 'unreserve')"
  ask "SELECT action, attempt FROM wf_step_begin('shop-1', 'charge', compensation => 'refund')"
  claim_true 'nothing that was done is run again' "status = 'completed' AND attempt = 1
    FROM wf_steps('shop-1') WHERE step_id = 'reserve'"
  tell 'The card is refused for good, so the order is undone, the last step first:'
  ask "SELECT action FROM wf_step_fail('shop-1', 'charge', '{\"message\": \"card refused\"}')"
  ask "SELECT wf_set_status('shop-1', 'compensating')"
  ask "SELECT step_id, compensation, output FROM wf_compensations('shop-1')"
  ask "SELECT * FROM wf_step_compensated('shop-1', 'reserve')"
  claim_true 'the order is compensated, and its history tells it' "status = 'compensated'
    AND (SELECT array_agg(h.status ORDER BY h.version) = '{pending,pending,compensating,compensated}'
           FROM wf_history('shop-1') AS h) FROM wf_execution('shop-1')"
}
