# House rules of src/: `unsafe` stands only in src/pg, SQL text only in src/store (and sql/).
# Arguments: the Rust files. Prints file:line for each fault; status 1 when there is one.
use strict;
use warnings;

# What a string starts with when it is SQL. Messages are lower-case sentences, so that a verb
# alone is no proof: in lower case the words that follow it must be SQL's, too.
my $verbs  = qr/(?:SELECT|INSERT\s+INTO|UPDATE|DELETE\s+FROM|WITH|CREATE|ALTER|DROP|GRANT|REVOKE|TRUNCATE|MERGE\s+INTO|SET\s+LOCAL|LOCK\s+TABLE|COMMENT\s+ON|DO\s+\$)\b/;
my $clause = qr/(?:select\s.*\sfrom\s|insert\s+into\s+\S+\s*\(|update\s+\S+\s+set\s+\S+\s*=|delete\s+from\s+\S+\s+where\s|with\s+\S+\s+as\s*\(|create\s+(?:or\s+replace\s+)?(?:table|view|function|index|schema|policy)\s|grant\s+\w+\s+on\s|revoke\s+\w+\s+on\s)/is;

my $faults = 0;

sub fault {
    my ($file, $text, $at, $what) = @_;
    my $line = 1 + (substr($text, 0, $at) =~ tr/\n//);
    print "$file:$line: $what\n";
    $faults++;
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
    if ($file !~ m{^src/store(/|\.rs$)}) {
        for my $string (@strings) {
            my ($at, $body) = @$string;
            fault($file, $code, $at, 'SQL text outside src/store and sql/')
                if $body =~ /^[\s(]*$verbs/ || $body =~ /^[\s(]*$clause/;
        }
    }
}
exit($faults ? 1 : 0);
