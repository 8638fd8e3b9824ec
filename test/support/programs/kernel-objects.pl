# Holds kernel objects of many kinds, waits for /var/go, then prints for each `<name> ok` or what is wrong with it.
# It needs only what every Debian has of Perl: strict and warnings. Argument: `x64` or `arm64`; then which
# objects, by name; all when none is named.
use strict;
use warnings;
$| = 1;

my $arm = shift eq 'arm64';
my %number = (
    epoll_create1 => [291, 20], epoll_ctl => [233, 21], epoll_pwait => [281, 22], eventfd2 => [290, 19],
    timerfd_create => [283, 85], timerfd_settime => [286, 86], timerfd_gettime => [287, 87], signalfd4 => [289, 74],
    rt_sigprocmask => [14, 135], inotify_init1 => [294, 26], inotify_add_watch => [254, 27], fallocate => [285, 47],
    memfd_create => [319, 279], pidfd_open => [434, 434], pidfd_send_signal => [424, 424], clock_gettime => [228, 113], mknodat => [259, 33], sendmsg => [46, 211],
    recvmsg => [47, 212],
);
my ($UNIX, $INET, $STREAM, $DATAGRAM, $NONBLOCK) = (1, 2, 1, 2, 04000);
my ($SETLK, $OFD_SETLK) = (6, 37);

sub call {
    my $name = shift; # what is left in @_ are the caller's own buffers
    my $result = syscall($number{$name}[$arm ? 1 : 0], @_);
    die "$name: $!\n" if $result < 0;
    return $result;
}
sub descriptor { open(my $handle, '+<&=', call(@_)) or die "$!\n"; return $handle }
sub file { my ($mode, $path) = @_; open(my $handle, $mode, $path) or die "$path: $!\n"; return $handle }
sub put { my ($handle, $data) = @_; defined syswrite($handle, $data) or die "write: $!\n" }
sub name_of { return pack('S Z108', $UNIX, shift) }
sub same { my ($got, $wanted) = @_; die 'got ' . (defined $got ? "\"$got\"" : 'nothing') . ", not \"$wanted\"\n" if ($got // '') ne $wanted }

# What is there to read within two seconds; undef when there is nothing.
sub get {
    my ($handle) = @_;
    vec(my $set = '', fileno $handle, 1) = 1;
    return undef unless select($set, undef, undef, 2);
    sysread($handle, my $data, 65536) // die "read: $!\n";
    return $data;
}
sub within { my ($value, $least, $most) = @_; die "$value, not $least to $most\n" if $value < $least || $value > $most }
sub timer {
    my ($flags, $value, $interval, $clock) = @_;
    $interval //= 0;
    my $timer = descriptor('timerfd_create', $clock // 1, $NONBLOCK);
    my ($times, $none) = (pack('q4', map { int, ($_ - int) * 1e9 } $interval, $value), 0);
    call('timerfd_settime', fileno $timer, $flags, $times, $none);
    return $timer;
}
sub seconds_left {
    my $left = "\0" x 32;
    call('timerfd_gettime', fileno shift, $left);
    return (unpack 'q4', $left)[2];
}
sub now {
    my $time = "\0" x 16;
    call('clock_gettime', 1, $time);
    return (unpack 'q2', $time)[0];
}
sub bound {
    my ($address, $type) = @_;
    socket(my $socket, unpack('S', $address), $type, 0) or die "socket: $!\n";
    bind($socket, $address) && ($type == $DATAGRAM || listen($socket, 5)) or die "bind: $!\n";
    return $socket;
}
sub connected {
    my ($address, $type) = @_;
    socket(my $socket, unpack('S', $address), $type, 0) or die "socket: $!\n";
    connect($socket, $address) or die "connect: $!\n";
    return $socket;
}
sub speaks { my ($from, $to) = @_; put($from, 'after'); same(get($to), 'after') }

# Each makes its object and returns what looks at it later: that dies with what is wrong.
my @objects = (
    'unix stream pair' => sub {
        socketpair(my $one, my $other, $UNIX, $STREAM, 0) or die;
        put($one, 'in flight');
        return sub { same(get($other), 'in flight'); speaks($one, $other); speaks($other, $one) };
    },
    'unix datagram pair' => sub {
        socketpair(my $one, my $other, $UNIX, $DATAGRAM, 0) or die;
        put($one, $_) for 'first', 'second';
        return sub { same(get($other), $_) for 'first', 'second'; speaks($other, $one) };
    },
    'named unix socket' => sub {
        my $name = name_of('/var/named.sock');
        my $listener = bound($name, $STREAM);
        my $client = connected($name, $STREAM);
        accept(my $server, $listener) or die;
        put($client, 'question');
        put($server, 'answer');
        return sub {
            same(get($server), 'question');
            same(get($client), 'answer');
            my $later = connected($name, $STREAM);
            accept(my $accepted, $listener) or die "accept: $!\n";
            speaks($later, $accepted);
        };
    },
    'unaccepted unix connection' => sub {
        my $listener = bound(name_of('/var/unaccepted.sock'), $STREAM);
        my $client = connected(name_of('/var/unaccepted.sock'), $STREAM);
        put($client, 'early');
        return sub {
            accept(my $accepted, $listener) or die "accept: $!\n";
            same(get($accepted), 'early');
            speaks($accepted, $client);
        };
    },
    'unaccepted tcp connection' => sub {
        my $listener = bound(pack('S n C4 x8', $INET, 7778, 127, 0, 0, 1), $STREAM);
        my $client = connected(getsockname $listener, $STREAM);
        put($client, 'early');
        return sub { accept(my $accepted, $listener) or die "accept: $!\n"; same(get($accepted), 'early') };
    },
    'abstract unix socket' => sub {
        my $name = pack('S a*', $UNIX, "\0abstract");
        my $receiver = bound($name, $DATAGRAM);
        my $sender = connected($name, $DATAGRAM);
        put($sender, 'in flight');
        return sub { same(get($receiver), 'in flight'); speaks($sender, $receiver) };
    },
    'descriptor in flight' => sub {
        socketpair(my $one, my $other, $UNIX, $STREAM, 0) or die;
        pipe(my $reader, my $writer) or die;
        my ($byte, $control) = ('x', pack('Q l l l x4', 20, 1, 1, fileno $reader));
        my $vector = pack('P Q', $byte, 1);
        my $message = pack('Q L x4 P Q P Q L x4', 0, 0, $vector, 1, $control, length $control, 0);
        call('sendmsg', fileno $one, $message, 0);
        close $reader;
        return sub {
            my ($room, $space) = ("\0", "\0" x 24);
            my $rooms = pack('P Q', $room, 1);
            my $answer = pack('Q L x4 P Q P Q L x4', 0, 0, $rooms, 1, $space, length $space, 0);
            call('recvmsg', fileno $other, $answer, 0x40);
            open(my $received, '<&=', (unpack 'Q l l l', $space)[3]) or die "received: $!\n";
            speaks($writer, $received);
        };
    },
    'udp socket' => sub {
        my $address = pack('S n a4 x8', $INET, 7777, "\x7f\0\0\1");
        my $receiver = bound($address, $DATAGRAM);
        my $sender = connected($address, $DATAGRAM);
        return sub { speaks($sender, $receiver) };
    },
    'named pipe' => sub {
        call('mknodat', -100, my $path = '/var/fifo', 010600, 0);
        my $fifo = file('+<', '/var/fifo');
        put($fifo, 'in flight');
        return sub { same(get($fifo), 'in flight'); put(file('+<', '/var/fifo'), 'after'); same(get($fifo), 'after') };
    },
    'epoll' => sub {
        my $epoll = descriptor('epoll_create1', 0);
        my %end;
        for my $number (1, 2) {
            pipe(my $reader, my $writer) or die;
            $end{$number} = [$reader, $writer];
            my $event = pack($arm ? 'L x4 Q' : 'L Q', 1, 4_000_000_000 + $number);
            call('epoll_ctl', fileno $epoll, 1, fileno $reader, $event);
        }
        put($end{1}[1], 'x');
        my $ready = sub {
            my $events = "\0" x 64;
            my $count = call('epoll_pwait', fileno $epoll, $events, 4, 2000, 0, 8);
            my $each = $arm ? 'L x4 Q' : 'L Q';
            return join ' ', sort map { (unpack $each, substr($events, $_ * ($arm ? 16 : 12)))[1] - 4_000_000_000 } 0 .. $count - 1;
        };
        return sub { same($ready->(), '1'); put($end{2}[1], 'x'); same($ready->(), '1 2'); get($end{1}[0]); same($ready->(), '2') };
    },
    'eventfd' => sub {
        my $eventfd = descriptor('eventfd2', 5, $NONBLOCK);
        return sub { same(unpack('Q', get($eventfd) // ''), 5); put($eventfd, pack 'Q', 3); same(unpack('Q', get($eventfd)), 3) };
    },
    'timerfd' => sub {
        my ($far, $ticking, $once) = (timer(0, 3600), timer(0, 0.1, 0.1), timer(0, 0.001));
        return sub {
            within(seconds_left($far), 3300, 3600);
            for (1, 2, 3) { (unpack('Q', get($ticking) // '') // 0) > 0 or die "does not tick\n" }
            same(unpack('Q', get($once) // ''), 1);
        };
    },
    'absolute timerfd' => sub {
        my ($far, $ticking, $past) = (timer(1, now() + 3600), timer(1, now(), 0.1), timer(1, now()));
        get($past);
        return sub {
            within(seconds_left($far), 3300, 3601);
            for (1, 2, 3) { (unpack('Q', get($ticking) // '') // 0) > 0 or die "does not tick\n" }
            die "expired again\n" if defined get($past);
        };
    },
    'boottime timerfd' => sub {
        my $timer = timer(0, 3600, 0, 7);
        return sub { within(seconds_left($timer), 3300, 3600) };
    },
    'signalfd' => sub {
        my $usr2 = pack 'Q', 1 << 11;
        call('rt_sigprocmask', 0, $usr2, 0, 8);
        my $signalfd = descriptor('signalfd4', -1, $usr2, 8, $NONBLOCK);
        kill 'USR2', $$;
        my $caught = sub { same(unpack('L', get($signalfd) // ''), 12) };
        return sub { $caught->(); kill 'USR2', $$; $caught->() };
    },
    'pidfd' => sub {
        my $child = fork;
        if (!$child) { $SIG{TERM} = sub { exit 9 }; sleep 1 while 1 }
        my $pidfd = descriptor('pidfd_open', $child, 0);
        return sub { call('pidfd_send_signal', fileno $pidfd, 15, 0, 0); waitpid $child, 0; same($? >> 8, 9) };
    },
    (map { my ($name, $directory) = @$_; ($name => sub {
        mkdir $directory;
        my $inotify = descriptor('inotify_init1', $NONBLOCK);
        call('inotify_add_watch', fileno $inotify, my $path = $directory, 0x100);
        return sub { file('>', "$directory/later"); same(unpack('x16 Z*', get($inotify) // ''), 'later') };
    }) } ['inotify', '/var/watched'], ['inotify of the image', '/bin'], ['inotify on a bind mount', '/shared'], ['inotify on a tmpfs', '/memory/watched']),
    'inotify event' => sub {
        mkdir '/var/seen';
        my $inotify = descriptor('inotify_init1', $NONBLOCK);
        call('inotify_add_watch', fileno $inotify, my $path = '/var/seen', 0x100);
        file('>', '/var/seen/before');
        return sub { same(unpack('x16 Z*', get($inotify) // ''), 'before') };
    },
    'deleted watched file' => sub {
        my $file = file('>', '/var/deleted-watched');
        my $inotify = descriptor('inotify_init1', $NONBLOCK);
        call('inotify_add_watch', fileno $inotify, my $path = '/var/deleted-watched', 0x2);
        unlink '/var/deleted-watched' or die;
        return sub { put($file, 'x'); same(unpack('x4 L', get($inotify) // ''), 2) };
    },
    'flock' => sub {
        my $file = file('>', '/var/flocked');
        flock($file, 2) or die;
        return sub {
            my $other = file('<', '/var/flocked');
            die "not held\n" if flock($other, 2 | 4);
            flock($file, 8);
            flock($other, 2 | 4) or die "cannot be given up\n";
        };
    },
    (map { my ($name, $command) = @$_; ($name => sub {
        my $file = file('+>', "/var/$name");
        my $lock = sub { fcntl(shift, $command, pack('s s x4 q q l x4', shift, 0, 10, 20, 0)) };
        $lock->($file, 1) or die "fcntl: $!\n";
        # Asks another process.
        my $free = sub { my $child = fork; if (!$child) { exit($lock->(file('+<', "/var/$name"), 1) ? 1 : 0) } waitpid $child, 0; return $? >> 8 };
        return sub { die "not held\n" if $free->(); $lock->($file, 2); $free->() or die "cannot be given up\n" };
    }) } ['fcntl lock', $SETLK], ['open file lock', $OFD_SETLK]),
    'memfd' => sub {
        my $memfd = descriptor('memfd_create', my $label = 'data', 2);
        put($memfd, 'memory' x 100_000);
        sysseek($memfd, 6, 0);
        fcntl($memfd, 1033, 2 | 4) or die "seal: $!\n";
        return sub {
            same(sysseek($memfd, 0, 1), 6);
            same(-s $memfd, 600_000);
            sysread($memfd, my $data, 600_000);
            die "another content\n" if $data ne 'memory' x 99_999;
            same(fcntl($memfd, 1034, 0), 6);
        };
    },
    'deleted file' => sub {
        my $file = file('+>', '/var/deleted');
        my $data = join "\n", 1 .. 500_000;
        put($file, $data);
        unlink '/var/deleted' or die;
        return sub {
            sysseek($file, 0, 0);
            sysread($file, my $read, length($data) + 1);
            die 'another content: ' . length($read) . " bytes\n" if $read ne $data;
            die "it has a name again\n" if -e '/var/deleted';
        };
    },
    'deleted file of the image' => sub {
        my $file = file('<', '/etc/passwd');
        unlink '/etc/passwd' or die;
        return sub { same(get($file), "root:x:0:0:root:/root:/bin/sh\n"); die "it has a name again\n" if -e '/etc/passwd' };
    },
    'file replaced by rename' => sub {
        put(my $old = file('+>', '/var/state'), 'old');
        put(file('>', '/var/state.new'), 'new');
        rename '/var/state.new', '/var/state' or die;
        return sub { sysseek($old, 0, 0); same(get($old), 'old'); same(get(file('<', '/var/state')), 'new') };
    },
    'deleted file with another name' => sub {
        put(my $file = file('+>', '/var/one'), 'data');
        link '/var/one', '/var/other' or die;
        unlink '/var/one' or die;
        return sub {
            put($file, ' and more');
            same(get(file('<', '/var/other')), 'data and more');
            die "it has its name again\n" if -e '/var/one';
        };
    },
    'deleted directory' => sub {
        mkdir '/var/gone' or die;
        opendir(my $directory, '/var/gone') or die;
        chdir '/var/gone' or die;
        rmdir '/var/gone' or die;
        return sub { same(readlink('/proc/self/cwd'), '/var/gone (deleted)'); die "it has a name again\n" if -e '/var/gone' };
    },
    'deleted file of more than 1 GiB' => sub {
        my $file = file('+>', '/var/large');
        call('fallocate', fileno $file, 0, 0, 1024**3 + 1024**2);
        unlink '/var/large' or die;
        return sub { same(-s $file, 1024**3 + 1024**2) };
    },
);

my %made;
my @names = @ARGV ? @ARGV : map { $objects[2 * $_] } 0 .. $#objects / 2;
my %make = @objects;
$made{$_} = $make{$_}->() for @names;
print "ready\n";
select(undef, undef, undef, 0.05) until -e '/var/go';
select(undef, undef, undef, 0.5); # whoever made it would be killed at our end
my $wrong = 0;
for my $name (@names) {
    my $problem = eval { $made{$name}->(); 'ok' } // do { $wrong++; chomp(my $why = $@); $why };
    print "$name $problem\n";
}
exit $wrong;
