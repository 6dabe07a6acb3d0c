#!/usr/bin/env perl
# links.pl PAGE…: tells the relative links of Markdown pages that lead nowhere: no such file, or no such heading.
use strict;
use warnings;
use File::Basename qw(dirname);
use File::Spec::Functions qw(catfile);

my $bad = 0;

# Headings of a page under the names that GitHub gives them; lines of code are none.
sub anchors {
    my ($page) = @_;
    local $/;
    open my $in, '<', $page or die "$page: $!\n";
    my $text = <$in> =~ s/^```.*?^```$//gmsr;
    return { map { (lc =~ s/[^\w\- ]//gr) =~ tr/ /-/r => 1 } $text =~ /^#+ (.*)/gm };
}

for my $page (@ARGV) {
    local $/;
    open my $in, '<', $page or die "$page: $!\n";
    my $text = <$in> =~ s/^```.*?^```$//gmsr;
    while ($text =~ /\]\((?![a-z]+:)([^)#]*)(?:#([^)]*))?\)/g) {
        my ($file, $anchor) = ($1, $2);
        my $target = $file eq '' ? $page : catfile(dirname($page), $file);
        my $found = -e $target && (!defined $anchor || anchors($target)->{$anchor});
        next if $found;
        print "$page: a link leads nowhere: $file", defined $anchor ? "#$anchor" : '', "\n";
        $bad++;
    }
}
exit($bad ? 1 : 0);
