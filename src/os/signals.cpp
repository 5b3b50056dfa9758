// SPDX-License-Identifier: MIT
#include "os/signals.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>

#include "base/verify.hpp"

namespace tinyhttpd {

namespace {

// A signal handler can be given nothing: these are the only state outside an object in the program.
std::atomic<int> signal_pipe = -1;
std::atomic<bool> delivering = false;
std::atomic<int> told_to_stop = 0;
std::array<std::atomic<bool>, 32> pending{};  // by number: one that coalesces is in the pipe
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

constexpr int forced = 3;  // the interface's exit status

/// False when the pipe is full: then it already holds enough for the reader to look at everything.
bool write_byte(int fd, unsigned char byte) {
    return ::write(fd, &byte, 1) == 1;
}

/// One that is not taken yet does for those that follow. Of USR2 each flips, and of TERM and INT the second means more than the first.
bool coalesces(int number) {
    return number == SIGHUP || number == SIGUSR1;
}

extern "C" void on_signal(int number) {
    const int saved = errno;
    if (number == SIGTERM || number == SIGINT) {
        if (!delivering.load()) ::_exit(0);
        // The main thread may hang in a system call that nobody can end (unlink(2) on a file server that is away).
        if (told_to_stop.fetch_add(1) == 1) ::alarm(1);
    }
    std::atomic<bool>& is_pending = pending[static_cast<std::size_t>(number)];
    if (!coalesces(number) || !is_pending.exchange(true)) {
        if (!write_byte(signal_pipe.load(), static_cast<unsigned char>(number))) is_pending.store(false);
    }
    errno = saved;
}

extern "C" void on_alarm(int /*number*/) {
    ::_exit(forced);
}

}  // namespace

void ignore_signals_of_writes() {
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGXFSZ, SIG_IGN);
}

Result<Signals> Signals::install() {
    int ends[2];
    if (::pipe(ends) != 0) return fail("create a pipe");
    Signals signals;
    signals.read_ = Fd(ends[0]);
    signals.write_ = Fd(ends[1]);
    for (const int fd : ends) {
        ::fcntl(fd, F_SETFD, FD_CLOEXEC);
        ::fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    signal_pipe.store(ends[1]);
    for (std::atomic<bool>& of_a_kind : pending) of_a_kind.store(false);
    // Without "::" where Apple's <signal.h> has macros.
    struct sigaction action{};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigfillset(&action.sa_mask);
    sigset_t unblocked;
    sigemptyset(&unblocked);
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}) {
        ::sigaction(number, &action, nullptr);
        sigaddset(&unblocked, number);
    }
    action.sa_handler = on_alarm;
    ::sigaction(SIGALRM, &action, nullptr);
    sigaddset(&unblocked, SIGALRM);
    ::sigprocmask(SIG_UNBLOCK, &unblocked, nullptr);  // a parent may have had them blocked
    return signals;
}

void Signals::deliver() {
    delivering.store(true);
}

std::optional<int> Signals::next(std::optional<std::chrono::nanoseconds> timeout) {
    using std::chrono::milliseconds;
    using Clock = std::chrono::steady_clock;
    const Clock::time_point until = timeout ? Clock::now() + *timeout : Clock::time_point::max();
    for (;;) {
        unsigned char byte = 0;
        const ssize_t count = ::read(read_.get(), &byte, 1);
        if (count == 1) {
            // One that comes from here on is taken again. An exchange: what was done before one that was left out is seen.
            pending[byte].exchange(false);
            return byte;
        }
        VERIFY(count < 0 && (errno == EAGAIN || errno == EINTR));  // else this would spin, deaf to signals
        milliseconds::rep left = -1;
        if (timeout) {
            left = std::chrono::ceil<milliseconds>(until - Clock::now()).count();
            if (left <= 0) return std::nullopt;
        }
        pollfd entry{.fd = read_.get(), .events = POLLIN, .revents = 0};
        ::poll(&entry, 1, static_cast<int>(std::min<milliseconds::rep>(left, 3'600'000)));
    }
}

void Signals::report() const {
    static_cast<void>(write_byte(write_.get(), 0));
}

}  // namespace tinyhttpd
