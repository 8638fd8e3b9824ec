# `pair N`: over a loopback connection one process sends N numbers, as far ahead as the kernel holds them, to another that checks each.
# `rest N`: the sender has ended when N bytes it sent are read, once there is /var/go.
# `udp HOST PORT`, `listener HOST PORT`: has such a socket, and does nothing.
# `client HOST PORT`: prints what the peer sends and answers each line with its count; connects again when the connection
# is lost. It has a connection between processes of its own, too.
use strict;
use warnings;
$| = 1;

my ($INET, $STREAM) = (2, 1);
sub address { my ($host, $port) = @_; return pack('S n C4 x8', $INET, $port, split /\./, $host) }
sub tcp { socket(my $socket, $INET, $STREAM, 0) or die "socket: $!\n"; return $socket }
sub pause { select(undef, undef, undef, shift) }

# A child does the given with one end of a new connection; returns the other.
sub connection_to {
    my ($does) = @_;
    my $listener = tcp();
    setsockopt($listener, 1, 2, 1); # SO_REUSEADDR, as servers do that mean to start again on the same host
    bind($listener, address('127.0.0.1', 0)) && listen($listener, 1) or die "listen: $!\n";
    my $name = getsockname $listener;
    if (!fork) {
        my $sender = tcp();
        connect($sender, $name) or die "connect: $!\n";
        $does->($sender);
    }
    accept(my $receiver, $listener) or die "accept: $!\n";
    return $receiver;
}

sub pair {
    my ($count) = @_;
    my $receiver = connection_to(sub {
        my ($sender) = @_;
        for my $number (1 .. $count) { syswrite($sender, "$number\n") or die "write: $!\n" }
        sysread($sender, my $thanks, 100);
        exit($thanks eq 'thanks' ? 0 : 1);
    });
    my $expected = 1;
    while ($expected <= $count) {
        my $line = <$receiver> // die "lost at $expected: $!\n";
        die "got $line, not $expected\n" if $line != $expected;
        print "$expected\n" if $expected % 1000 == 0;
        pause(0.05) if $expected % 1000 == 0;
        $expected++;
    }
    syswrite($receiver, 'thanks');
    wait;
    print 'complete ', $expected - 1, "\n";
    exit($expected - 1 == $count && $? == 0 ? 0 : 1);
}

sub rest {
    my ($bytes) = @_;
    my $receiver = connection_to(sub { syswrite($_[0], 'x' x $bytes); exit 0 });
    wait;
    print "ready\n";
    pause(0.05) until -e '/var/go';
    pause(0.5); # whoever made it would be killed at our end
    my $got = 0;
    while (my $read = sysread($receiver, my $data, 65536) // die "lost at $got: $!\n") { $got += $read }
    print "$got bytes\n";
}

sub say_lost {
    my ($read, $socket, $inside) = @_;
    print 'lost: ', defined $read ? 'end' : $!, "\n";
    print "writing: $!\n" unless syswrite($socket, 'x');
    my $more = sysread($inside, my $data, 1);
    print 'inside: ', defined $more ? 'end' : $!, "\n";
}

sub client {
    my ($host, $port) = @_;
    local $SIG{PIPE} = 'IGNORE';
    my $inside = connection_to(sub { sysread($_[0], my $nothing, 1); exit 0 });
    my $count = 0;
    while (1) {
        my $socket = tcp();
        if (connect($socket, address($host, $port))) {
            print "connected\n";
            while (1) {
                my $read = sysread($socket, my $line, 100);
                if (!$read) { say_lost($read, $socket, $inside); last }
                chomp $line;
                $count++;
                print "$count $line\n";
                syswrite($socket, "$count $line\n");
                exit 0 if $line eq 'end';
            }
        } else { print "refused: $!\n" }
        pause(0.1);
    }
}

sub idle {
    print "ready\n";
    pause(1) while 1;
}
sub udp { # one that is connected, and has its local address from that
    my ($host, $port) = @_;
    socket(my $socket, $INET, 2, 0) or die "socket: $!\n";
    connect($socket, address($host, $port)) or die "connect: $!\n";
    idle();
}
sub listener {
    my ($host, $port) = @_;
    my $socket = tcp();
    bind($socket, address($host, $port)) && listen($socket, 1) or die "listen: $!\n";
    idle();
}

my %mode = (pair => \&pair, rest => \&rest, client => \&client, udp => \&udp, listener => \&listener);
my $mode = shift;
$mode{$mode}->(@ARGV);
