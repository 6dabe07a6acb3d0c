# shellcheck shell=bash
# How the demo talks: chapters, the SQL it runs with its answers, progress, and claims that are
# checked. Colours and a moving progress line only on a terminal; NO_COLOR is respected.
# Sourced by run.sh.

SCREEN_MOVES='' # the cursor can go back: a terminal, and not a dumb one
CHAPTERS=0
CLAIMS=0
BOLD='' DIM='' GREEN='' RED='' CYAN='' RESET=''
if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
  SCREEN_MOVES=1
  if [ -z "${NO_COLOR:-}" ]; then
    BOLD=$'\e[1m' DIM=$'\e[2m' GREEN=$'\e[32m' RED=$'\e[31m' CYAN=$'\e[36m' RESET=$'\e[0m'
  fi
fi

chapter() {
  CHAPTERS=$((CHAPTERS + 1))
  printf '\n%s%d. %s%s\n' "$BOLD" "$CHAPTERS" "$1" "$RESET"
}

# tell 'text': wrapped for 80 columns.
tell() { printf '%s\n' "$*" | fold -s -w 76 | sed -e 's/ *$//' -e 's/^/  /'; }

indent() { sed -e 's/^/  /' -e 's/ *$//'; }

# show_sql 'statement' ['prompt']: as it would stand in psql.
show_sql() {
  local line prompt="$PGDATABASE${2:-=>}"
  while IFS= read -r line; do
    printf '  %s%s%s %s%s%s\n' "$DIM" "$prompt" "$RESET" "$CYAN" "$line" "$RESET"
    prompt="$PGDATABASE${2:+-#}"
    [ -n "${2:-}" ] || prompt="$PGDATABASE->"
  done <<<"$1"
}

# The agent is an ordinary role with a writer's rights, so that row security applies to it.
agent() { wf_psql -q -U agent -P footer=off -P null=- "$@"; }
value() { agent -At -c "$1"; }

# ask 'statement': shows and runs it as the agent. The demo ends where a statement fails.
ask() {
  show_sql "$1;"
  agent -c "$1" 2>&1 | indent
}

# ask_operator 'statement': the same as the superuser.
ask_operator() {
  show_sql "$1;" '=#'
  wf_psql -q -P footer=off -P null=- -c "$1" 2>&1 | indent
}

# claim 'text' found expected: says what holds; the demo ends with an error where it does not.
claim() {
  screen_clear
  if [ "$2" != "$3" ]; then
    printf '  %snot as claimed%s  %s\n' "$RED" "$RESET" "$1"
    printf '    expected: %s\n    found:    %s\n' "$3" "$2"
    exit 1
  fi
  CLAIMS=$((CLAIMS + 1))
  printf '  %sok%s  %s\n' "$GREEN" "$RESET" "$1"
}

# claim_true 'text' 'SQL expression': the server decides.
claim_true() { claim "$1" "$(value "SELECT $2")" t; }

screen_clear() { [ -z "$SCREEN_MOVES" ] || printf '\r\e[K'; }

# progress done total 'text': one moving line, or now and then a line of its own.
progress() {
  local done="$1" total="$2" text="$3" width=24 filled bar
  if [ -z "$SCREEN_MOVES" ]; then
    if [ "$done" -eq "$total" ] || [ $((done % ((total + 4) / 5))) -eq 0 ]; then
      printf '  %*d/%d  %s\n' "${#total}" "$done" "$total" "${text:0:66}"
    fi
    return 0
  fi
  filled=$((done * width / total))
  printf -v bar '%*s' "$filled" ''
  printf -v bar '%s%*s' "${bar// /#}" $((width - filled)) ''
  printf '\r\e[K  %s[%s]%s %*d/%d  %s' "$GREEN" "$bar" "$RESET" "${#total}" "$done" "$total" \
    "${text:0:$((78 - width - 8 - 2 * ${#total}))}"
}

# moving 'text': replaces the moving line; nothing where the cursor cannot go back.
moving() { [ -z "$SCREEN_MOVES" ] || printf '\r\e[K  %s%s%s' "$DIM" "${1:0:76}" "$RESET"; }

# while_running pid log: shows a job's last line until it ends, and gives its status.
while_running() {
  local line started=$SECONDS
  while [ -n "$SCREEN_MOVES" ] && kill -0 "$1" 2>/dev/null; do
    # Without its colours and their kind.
    line="$(tail -n 1 "$2" 2>/dev/null | sed 's/\x1b\[[0-9;]*m//g' | tr -d '\000-\037\177')"
    moving "$((SECONDS - started)) s  ${line#"${line%%[! ]*}"}"
    sleep 0.2
  done
  screen_clear
  wait "$1"
}
