#!/usr/bin/env bash
# Style and house rules. All checks run, then the verdict: one line a check that failed.
set -uo pipefail
# shellcheck source=lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
pg_resolve
cd "$WF_ROOT" || exit 1
failures=()
check() {
  local name="$1"
  shift
  note "$name"
  "$@" || failures+=("$name")
}

need_components() {
  local part
  for part in fmt clippy; do
    cargo "$part" --version >/dev/null 2>&1 && continue
    [ "$part" = fmt ] && part=rustfmt
    rustup component add "$part" || die "cargo $part is missing: rustup component add $part"
  done
}
need_components

# Every file that is the project's own, also before it is added; nothing that git ignores.
own_files() {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files --cached --others --exclude-standard
  else
    find . -name target -prune -o -name node_modules -prune -o -type f -print | sed 's,^\./,,'
  fi | LC_ALL=C sort -u | while read -r file; do [ ! -f "$file" ] || say "$file"; done
}
mapfile -t files < <(own_files)

by_suffix() {
  local file
  for file in "${files[@]}"; do
    [[ "$file" =~ $1 ]] && say "$file"
  done
  return 0
}

scripts() {
  by_suffix '\.sh$'
  say .ci/run
}

rust_lint() {
  local features
  features="$(wf_cargo_features)"
  # shellcheck disable=SC2086
  cargo clippy --quiet --workspace --all-targets $features -- -D warnings
}

rust_docs() {
  local features
  features="$(wf_cargo_features)"
  # shellcheck disable=SC2086
  RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps --document-private-items -p wfstate $features
}

# Rust files read as the compiler reads them: without comments and, for unsafe, without strings.
# perl is part of every Debian.
house_rules() {
  local list=()
  mapfile -t list < <(by_suffix '^src/.*\.rs$')
  [ ${#list[@]} -gt 0 ] || return 0
  perl "$WF_ROOT/tests/lib/house.pl" "${list[@]}"
}

# 500 lines are too many, 300 are a lot. Recorded data and expected output don't count.
file_length() {
  local file lines status=0
  while read -r file; do
    lines="$(wc -l <"$file")"
    if [ "$lines" -gt 500 ]; then
      say "$file: $lines lines, more than 500"
      status=1
    elif [ "$lines" -gt 300 ]; then
      say "$file: $lines lines, more than 300 (a warning)"
    fi
  done < <(by_suffix '\.(rs|sh|sql|py|js|mjs|pl)$|^Makefile$|^\.ci/')
  return "$status"
}

script_syntax() {
  local file status=0 list=()
  mapfile -t list < <(scripts)
  for file in "${list[@]}"; do
    bash -n "$file" || status=1
    # What is sourced has no interpreter line; what has one is meant to be run.
    if [ "$(head -c 2 "$file")" = '#!' ] && [ ! -x "$file" ]; then
      say "$file is not executable"
      status=1
    fi
  done
  if command -v shellcheck >/dev/null; then
    # SC2034: a variable that only another, sourced file reads is no mistake.
    shellcheck -x -S warning -e SC2034 "${list[@]}" || status=1
  else
    note "shellcheck is not installed: only bash -n looked at the scripts"
  fi
  return "$status"
}

check "house rules" house_rules
check "file length" file_length
check "scripts" script_syntax
check "rustfmt" cargo fmt --all --check
check "clippy" rust_lint
check "rustdoc" rust_docs
if [ ${#files[@]} -eq 0 ]; then failures+=("no files found"); fi
if [ ${#failures[@]} -gt 0 ]; then
  printf 'lint failed: %s\n' "${failures[@]}" >&2
  exit 1
fi
say "lint: nothing to complain about"
