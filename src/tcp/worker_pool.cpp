// SPDX-License-Identifier: MIT
#include "tcp/worker_pool.hpp"

#include <cerrno>
#include <new>
#include <system_error>
#include <utility>

#ifdef __linux__
#include <pthread.h>
#include <sched.h>
#endif

namespace tinyhttpd::tcp {

bool StartLine::ready(Result<void> result) {
    std::unique_lock lock(mutex_);
    if (!result && !error_) error_ = std::move(result).error();
    if (--missing_ == 0) changed_.notify_all();
    changed_.wait(lock, [this] { return go_ || (missing_ == 0 && error_); });
    return !error_;
}

void StartLine::fail_for(std::uint32_t workers, Error error) {
    const std::scoped_lock lock(mutex_);
    if (!error_) error_ = std::move(error);
    missing_ -= workers;
    if (missing_ == 0) changed_.notify_all();
}

Result<void> StartLine::wait_for_all() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return missing_ == 0; });
    if (error_) return std::unexpected(*error_);
    return {};
}

void StartLine::go() {
    {
        const std::scoped_lock lock(mutex_);
        go_ = true;
    }
    changed_.notify_all();  // those who wake up find the mutex free
}

namespace {

Result<void> pin_this_thread([[maybe_unused]] int cpu) {
#ifdef __linux__
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<unsigned>(cpu), &set);
    if (const int code = ::pthread_setaffinity_np(::pthread_self(), sizeof set, &set); code != 0) {
        return fail("pin a worker to CPU", std::to_string(cpu), code);
    }
    return {};
#else
    return fail("pin workers to CPUs", {}, ENOTSUP);
#endif
}

}  // namespace

Result<std::unique_ptr<WorkerPool>> WorkerPool::start(const Options& options, const Work& work, std::function<void()> report) {
    std::unique_ptr<WorkerPool> pool(new WorkerPool(options, std::move(report)));
    for (std::uint32_t seat = 0; seat < options.workers; ++seat) {
        const std::optional<int> cpu = options.pin ? std::optional(options.cpus.at(seat % options.cpus.size())) : std::nullopt;
        try {
            pool->threads_.emplace_back([pool = pool.get(), work, seat, cpu] {
                if (cpu) {
                    if (auto pinned = pin_this_thread(*cpu); !pinned) return static_cast<void>(pool->start_.ready(std::move(pinned)));
                }
                try {
                    pool->outcomes_[seat] = work(seat, pool->crew_, pool->start_);
                } catch (const std::bad_alloc&) {
                    // While starting: a worker that runs asks for no memory that it cannot do without.
                    pool->crew_.orders.fail(ENOMEM);
                    pool->crew_.return_from(seat);
                    static_cast<void>(pool->start_.ready(fail("start a worker thread", {}, ENOMEM)));
                }
            });
        } catch (const std::system_error& error) {
            pool->start_.fail_for(options.workers - seat, Error{"start a worker thread", {}, error.code().value()});
            break;
        }
    }
    TRY_VOID(pool->start_.wait_for_all());
    return pool;
}

WorkerPool::~WorkerPool() {
    // Whoever is still there was not told to end: an error on the main thread.
    crew_.orders.direct(Order::abort);
    go();
    join();
}

ServerOutcome WorkerPool::join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    ServerOutcome sum;
    for (const ServerOutcome& outcome : std::exchange(outcomes_, {})) {
        sum.answered += outcome.answered;
        sum.cut += outcome.cut;
    }
    return sum;
}

}  // namespace tinyhttpd::tcp
