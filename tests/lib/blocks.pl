#!/usr/bin/env perl
# Fenced blocks of a Markdown page.
#   blocks.pl sections PAGE LANGUAGE          the sections (##) that have blocks of the language, one a line
#   blocks.pl program PAGE LANGUAGE SECTION   the blocks of the language in the section, joined
#   blocks.pl shown PAGE LANGUAGE SECTION     what the page shows as their output, joined
use strict;
use warnings;

my ($want, $page, $language, $section) = @ARGV;
local $/;
open my $in, '<', $page or die "$page: $!\n";
my $text = <$in>;
for my $part (split /^(?=## )/m, $text) {
    my ($title) = $part =~ /\A## (.*)/ or next;
    my ($program, $shown) = ('', '');
    while ($part =~ /^```\Q$language\E\n(.*?)^```\n(?:\n```\n(.*?)^```$)?/gms) {
        $program .= "$1\n";
        $shown .= $2 // '';
    }
    next if $program eq '';
    if ($want eq 'sections') { print "$title\n" }
    elsif ($title eq $section) { print $want eq 'shown' ? $shown : $program }
}
