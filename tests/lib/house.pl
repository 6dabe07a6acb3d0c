# House rules of src/: `unsafe` stands only in src/pg, SQL text only in src/store (and sql/), where no search_path has a
# say in what a name means; arguments are checked in src/api.
# Arguments: the Rust files. Prints file:line for each fault; status 1 when there is one.
use strict;
use warnings;

# What a string starts with when it is SQL. Messages are lower-case sentences, so that a verb
# alone is no proof: in lower case the words that follow it must be SQL's, too.
my $verbs  = qr/(?:SELECT|INSERT\s+INTO|UPDATE|DELETE\s+FROM|WITH|CREATE|ALTER|DROP|GRANT|REVOKE|TRUNCATE|MERGE\s+INTO|SET\s+LOCAL|LOCK\s+TABLE|COMMENT\s+ON|DO\s+\$)\b/;
my $clause = qr/(?:select\s.*\sfrom\s|insert\s+into\s+\S+\s*\(|update\s+\S+\s+set\s+\S+\s*=|delete\s+from\s+\S+\s+where\s|with\s+\S+\s+as\s*\(|create\s+(?:or\s+replace\s+)?(?:table|view|function|index|schema|policy)\s|grant\s+\w+\s+on\s|revoke\s+\w+\s+on\s)/is;

# A part of a statement, wherever it begins.
my $part = qr/\{[-=<>+~!*|&?@#\/%^]+\}|\b(?:SELECT|FROM|WHERE|VALUES|RETURNING|ORDER BY|CASE|COALESCE)\b|\bpg_catalog\./;

# What an opening bracket follows without a call: words of SQL, and what looks like a function but is none.
my %syntax = map { $_ => 1 } qw(
    all and any array as by cast check coalesce conflict distinct else except exists extract filter from greatest group
    grouping having in intersect into join key lateral least limit materialized not nullif on only or over partition returning
    row select sets set some then union unique update using values when where with within);

# What checks an argument. limits::name is also for names that are no arguments.
my $checks = qr/\blimits::(?:required|optional_name|max_rows|batch_size|batch|expected|status|kept|age|duration_ms|note|text|optional_version|version)\s*\(/;

my $faults = 0;

sub fault {
    my ($file, $text, $at, $what) = @_;
    my $line = 1 + (substr($text, 0, $at) =~ tr/\n//);
    print "$file:$line: $what\n";
    $faults++;
}

# Functions and types of a statement that stand there without their schema.
sub unqualified {
    my ($sql) = @_;
    my @found;
    $sql =~ s/'(?:[^']|'')*'/' ' x length $&/ge;
    while ($sql =~ /(?<![.\w\$@])([A-Za-z_]\w*)\s*\(/g) {
        my ($name, $before, $after) = ($1, substr($sql, 0, $-[0]), substr($sql, $+[0]));
        next if $syntax{lc $name};
        # Of several arrays it is the server's own, but only without its schema.
        next if $name eq 'unnest' && $after =~ /^[^()]*,/;
        # The columns of an alias, or of a WITH.
        next if $before =~ /\bAS\s+$/i || $after =~ /^[^()]*\)\s*AS\s*(?:(?:NOT\s+)?MATERIALIZED\s*)?\(/i;
        push @found, "$name()";
    }
    while ($sql =~ /(?:::\s*|\bCAST\s*\([^()]*\bAS\s+)([A-Za-z_][\w.]*)/gi) {
        push @found, "type $1" unless $1 =~ /^(?:pg_catalog|wfstate)\./;
    }
    return @found;
}

for my $file (@ARGV) {
    open my $in, '<', $file or die "$file: $!\n";
    my $text = do { local $/; <$in> };
    close $in;
    my @strings;
    # One token at a time: comments vanish, strings are kept aside, line breaks stay for counting.
    my $code = '';
    pos($text) = 0;
    while (pos($text) < length $text) {
        if ($text =~ m{\G(//[^\n]*|/\*.*?\*/)}gcs) {
            (my $gap = $1) =~ s/[^\n]/ /g;
            $code .= $gap;
        }
        elsif ($text =~ m{\G([bc]?r(#*)"(.*?)"\2)}gcs || $text =~ m{\G([bc]?()"((?:[^"\\]|\\.)*)")}gcs) {
            my ($all, $body) = ($1, $3);
            push @strings, [ length($code), $body ];
            (my $gap = $all) =~ s/[^\n]/ /g;
            $code .= $gap;
        }
        # A character, not a lifetime.
        elsif ($text =~ m/\G(b?'(?:[^'\\]|\\[^ux]|\\u\{[^}]*\}|\\x..)')/gcs) {
            $code .= ' ' x length $1;
        }
        else {
            $text =~ m{\G(\w+|.)}gcs;
            $code .= $1;
        }
    }
    if ($file !~ m{^src/pg(/|\.rs$)}) {
        while ($code =~ m{\bunsafe\b}g) {
            # The attribute that a linker name needs since edition 2024 holds no unsafe code.
            fault($file, $code, $-[0], 'unsafe outside src/pg')
                unless substr($code, $-[0]) =~ /^unsafe\s*\(\s*(?:no_mangle|link_section)/;
        }
    }
    # What is read by SQLite has no search_path.
    if ($file =~ m{^src/store/(?!sqlite/|server_tests)}) {
        for my $string (@strings) {
            my ($at, $body) = @$string;
            next unless $body =~ /^[\s(]*$verbs/ || $body =~ /^[\s(]*$clause/ || $body =~ $part;
            fault($file, $code, $at, "$_ without its schema in a statement") for unqualified($body);
        }
        # What a file of SQLite's holds is none of the caller's arguments.
        while ($file !~ m{^src/store/transfer/} && $code =~ /$checks/g) {
            fault($file, $code, $-[0], 'an argument is checked outside src/api');
        }
    }
    if ($file !~ m{^src/store(/|\.rs$)}) {
        for my $string (@strings) {
            my ($at, $body) = @$string;
            fault($file, $code, $at, 'SQL text outside src/store and sql/')
                if $body =~ /^[\s(]*$verbs/ || $body =~ /^[\s(]*$clause/;
        }
    }
}
exit($faults ? 1 : 0);
