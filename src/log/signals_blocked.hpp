// SPDX-License-Identifier: MIT
// SignalsBlocked: a thread that is started while one exists gets no signals: it inherits the mask (pthread_sigmask(3)), and signals are
// for main.
#pragma once

#include <pthread.h>

#include <csignal>

#include "base/verify.hpp"

namespace tinyhttpd::log {

class SignalsBlocked {
public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        VERIFY(pthread_sigmask(SIG_SETMASK, &all, &before_) == 0);
    }
    ~SignalsBlocked() { VERIFY(pthread_sigmask(SIG_SETMASK, &before_, nullptr) == 0); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

private:
    sigset_t before_;
};

}  // namespace tinyhttpd::log
