# shellcheck shell=bash
# What the tests hold wfstate against besides PostgreSQL: other extensions, monitoring, a browser, a framework. What
# cannot be had is no failure here but of the test that wants it, which says why. Sourced by setup.sh.

# extra_packages: those of the system that are missing, one a line.
extra_packages() {
  local package
  find_sbin prometheus-postgres-exporter >/dev/null || say prometheus-postgres-exporter
  find_sbin prometheus >/dev/null || say prometheus
  # 75 MB to fetch, 266 MB on disk, half a minute.
  command -v chromium >/dev/null || say chromium
  # A page without a font has no text to look at.
  compgen -G '/usr/share/fonts/truetype/*/*.ttf' >/dev/null || say fonts-dejavu-core
  pg_resolve
  [ "$PG_BINDIR" = "/usr/lib/postgresql/$PG_MAJOR/bin" ] || return 0
  for package in cron partman; do
    [ -f "$PG_SHAREDIR/extension/pg_$package.control" ] || ! has_candidate "postgresql-$PG_MAJOR-$package" ||
      say "postgresql-$PG_MAJOR-$package"
  done
}

has_candidate() { apt-cache policy "$1" 2>/dev/null | grep -E 'Candidate: [0-9]' >/dev/null; }

# need_partman: a fetched server takes Debian 13's, which is SQL alone and the same for all majors; its background
# worker is not wanted.
need_partman() {
  local dir="$WF_TARGET/partman"
  pg_resolve
  [ ! -f "$PG_SHAREDIR/extension/pg_partman.control" ] || return 0
  case "$(readlink -f "$PG_SHAREDIR")" in
    */servers*)
      (fetch_debian_13 "$dir" postgresql-17-partman "pg_partman") || return 0
      cp "$dir"/usr/share/postgresql/17/extension/pg_partman* "$PG_SHAREDIR/extension/"
      rm -rf "$dir"
      ;;
  esac
}

# Mermaid for a browser, one file out of its package (18 MB to fetch, 4 MB kept): what reads diagrams elsewhere.
need_mermaid() {
  local dir="$WF_TARGET/mermaid" version=11.17.2
  [ ! -f "$dir/mermaid.min.js" ] || return 0
  mkdir -p "$dir"
  quietly "$WF_TARGET/mermaid.log" "Mermaid into target/mermaid (some seconds)" \
    npm pack --no-update-notifier --pack-destination "$dir" "mermaid@$version"
  tar -xzf "$dir/mermaid-$version.tgz" -C "$dir" --strip-components=2 package/dist/mermaid.min.js
  rm "$dir/mermaid-$version.tgz"
}

# CrewAI, the newest and one from before flows waited for feedback, each in a folder of its own, and what their stores of
# flows import: they would bring 150 packages, none of which the stores use. A test says so where they cannot be had.
need_crewai() {
  local dir="$WF_TARGET/crewai"
  [ ! -d "$dir/libraries" ] || return 0
  rm -rf "$dir" "$dir.new"
  quietly "$WF_TARGET/crewai.log" "fetching CrewAI into target/crewai (some seconds)" \
    fetch_crewai "$dir.new" || return 0
  mv "$dir.new" "$dir"
}

fetch_crewai() {
  local pip=("$WF_TARGET/venv/bin/python" -m pip install -q --disable-pip-version-check)
  "${pip[@]}" --no-deps --target "$1/1.15.30" crewai==1.15.30 crewai-core==1.15.30 &&
    "${pip[@]}" --no-deps --ignore-requires-python --target "$1/0.130.0" crewai==0.130.0 &&
    "${pip[@]}" --target "$1/libraries" 'pydantic>=2.11.9,<2.13' 'portalocker~=2.7.0' appdirs==1.4.4
}

# What flows of the newest CrewAI import, in a folder of its own: CrewAI itself is need_crewai's. As it would be brought
# it is a gigabyte, most of it for knowledge that agents look up; of its store of that, chromadb, only the package is
# needed. The test fails where they cannot be had.
need_crewai_flows() {
  local dir="$WF_TARGET/crewai-flows"
  [ ! -d "$dir/chromadb" ] || return 0
  rm -rf "$dir" "$dir.new"
  quietly "$WF_TARGET/crewai-flows.log" "fetching what flows of CrewAI need into target/crewai-flows (half a minute)" \
    fetch_crewai_flows "$dir.new" || return 0
  mv "$dir.new" "$dir"
}

fetch_crewai_flows() {
  local pip=("$WF_TARGET/venv/bin/python" -m pip install -q --disable-pip-version-check --target "$1")
  "${pip[@]}" 'aiofiles~=24.1.0' 'aiosqlite~=0.21.0' appdirs==1.4.4 'click>=8.1.7,<9' cryptography 'httpx~=0.28.1' \
    'json-repair~=0.60.1' 'json5~=0.10.0' 'jsonref~=1.1.0' 'openai>=2.30,<3' 'opentelemetry-api>=1.45.1,<2' \
    'opentelemetry-exporter-otlp-proto-http>=1.45.1,<2' opentelemetry-exporter-otlp-proto-grpc \
    'opentelemetry-sdk>=1.45.1,<2' 'portalocker~=2.7.0' 'pydantic>=2.11.9,<2.13' 'pydantic-settings>=2.14.2,<3' \
    'pyjwt>=2.15.0,<3' 'python-dotenv>=1.2.2,<2' 'pyyaml~=6.0' packaging rich 'tomli~=2.0.2' jinja2 requests \
    bcrypt jsonschema numpy orjson overrides pybase64 tenacity 'psycopg[binary,pool]>=3.2,<4' mypy==2.4.1 &&
    "${pip[@]}" --no-deps chromadb==1.5.9 && rm -r "$1"/chromadb_rust_bindings*
}

# LangGraph with upstream's conformance suite, and what the adapter's own tests use, in a folder of their own: the
# suite is of these versions. The test fails where they cannot be had.
need_langgraph() {
  local dir="$WF_TARGET/langgraph"
  [ ! -d "$dir/langgraph/checkpoint/conformance" ] || return 0
  rm -rf "$dir" "$dir.new"
  quietly "$WF_TARGET/langgraph.log" "fetching LangGraph into target/langgraph (half a minute)" \
    fetch_langgraph "$dir.new" || return 0
  mv "$dir.new" "$dir"
}

fetch_langgraph() {
  "$WF_TARGET/venv/bin/python" -m pip install -q --disable-pip-version-check --target "$1" \
    langgraph==1.2.24 langgraph-checkpoint==4.3.2 langgraph-checkpoint-conformance==0.0.2 \
    'psycopg[binary,pool]>=3.2,<4' pycryptodome==4.4.0 mypy==2.4.1
}

# need_pgvector: its source, since Debian 13 has a program for its own PostgreSQL and C library only. The test that
# uses it builds it for the server it has.
need_pgvector() {
  local dir="$WF_TARGET/pgvector"
  [ ! -f "$dir/source/vector.control" ] || return 0
  rm -rf "$dir"
  debian_apart "$dir" deb-src || die "pgvector comes from Debian, which this system is not"
  quietly "$WF_TARGET/pgvector.log" "fetching pgvector (15 MB with Debian's lists)" unpack_pgvector "$dir" ||
    die "pgvector could not be fetched"
}

unpack_pgvector() {
  cd "$1" && "${APT_APART[@]}" update && "${APT_APART[@]}" source --download-only pgvector && mkdir source.new &&
    tar -xzf pgvector_*.orig.tar.gz --strip-components 1 -C source.new && mv source.new source && rm -rf lists cache
}

# need_asserting: PostgreSQL 15 built from Debian 12's source with the assertions that its developers test with.
need_asserting() {
  local dir="$WF_TARGET/asserting"
  [ ! -x "$dir/server/bin/pg_config" ] || return 0
  rm -rf "$dir"
  debian_apart "$dir" deb-src bookworm || die "the source of PostgreSQL 15 comes from Debian, which this system is not"
  quietly "$WF_TARGET/asserting.log" "building PostgreSQL 15 with assertions (some minutes)" build_asserting "$dir" ||
    die "PostgreSQL 15 could not be built with assertions: $WF_TARGET/asserting.log"
}

# What the tests need of it: the server, psql, pg_regress and its isolation tester, PL/pgSQL. PostgreSQL's own
# makefiles take a make above them for one of theirs.
build_asserting() {
  unset MAKELEVEL MAKEFLAGS MFLAGS
  cd "$1" && "${APT_APART[@]}" update && "${APT_APART[@]}" source --download-only postgresql-15 && mkdir source &&
    tar -xf postgresql-15_*.orig.tar.bz2 --strip-components 1 -C source && rm -rf lists cache && cd source &&
    ./configure -q --prefix="$1/server" --enable-cassert --without-readline --without-zlib CFLAGS='-O1 -g' &&
    make -s -j "$(nproc)" && make -s install && make -s -C src/test/isolation install && cd .. && rm -rf source &&
    chmod -R a+rX server
}

# debian_apart folder kind [suite]: apt in the folder, with lists of its own for packages (deb) or sources (deb-src) of Debian 13,
# so that this system's packages stay as they are. Sets APT_APART.
debian_apart() {
  local archive
  archive="$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    grep -m 1 -E '/debian/?$' || true)"
  [ -n "$archive" ] || return 1
  mkdir -p "$1"/{lists/partial,cache/archives/partial}
  say "$2 [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive ${3:-trixie} main" >"$1/sources"
  APT_APART=(apt-get -o "Dir::Etc::sourcelist=$1/sources" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$1/lists"
    -o "Dir::Cache=$1/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none)
}

# fetch_debian_13 folder package what: the package is unpacked below the folder, not installed.
fetch_debian_13() {
  rm -rf "$1"
  debian_apart "$1" deb || die "$3 come from Debian, which this system is not"
  quietly "$WF_TARGET/server.log" "fetching $3" unpack_debian_13 "$1" "$2" || die "$3 could not be fetched"
}

unpack_debian_13() {
  cd "$1" && "${APT_APART[@]}" update && "${APT_APART[@]}" download "$2" && dpkg-deb -x "$2"_*.deb .
}
