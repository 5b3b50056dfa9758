// SPDX-License-Identifier: MIT
// WorkerPool: one thread per worker, started together or not at all. It knows nothing of engines or protocols: what a worker
// does is a function it is given (see serve.hpp), which builds all of a worker's memory on the worker's own thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/result.hpp"
#include "tcp/crew.hpp"
#include "tcp/server.hpp"

namespace tinyhttpd::tcp {

/// Where the workers wait for each other before the first of them accepts, so that a start that fails has served nobody.
class StartLine {
public:
    explicit StartLine(std::uint32_t workers) : missing_(workers) {}

    /// A worker: reports that it is ready (or why it cannot be) and waits. True: go and serve.
    [[nodiscard]] bool ready(Result<void> result);
    /// In place of `workers` that could not even be started.
    void fail_for(std::uint32_t workers, Error error);
    /// The main thread: waits until all have reported. The first error, if there was one; then no worker serves.
    [[nodiscard]] Result<void> wait_for_all();
    /// Lets them go.
    void go();

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint32_t missing_;
    std::optional<Error> error_;
    bool go_ = false;
};

class WorkerPool {
public:
    using Work = std::function<ServerOutcome(std::uint32_t seat, Crew& crew, StartLine& start)>;

    struct Options {
        std::uint32_t workers = 1;
        std::uint32_t max_connections = 1024;
        std::vector<int> cpus;      ///< those that this process may run on
        bool places_by_cpu = true;  ///< a connection goes to the worker of the CPU that its packets arrive on (Placement); else evenly
        bool pin = false;           ///< worker i runs on cpus[i % size] and nowhere else; else wherever the scheduler likes
    };

    /// Starts all workers up to the start line. `report` is the crew's.
    [[nodiscard]] static Result<std::unique_ptr<WorkerPool>> start(const Options& options, const Work& work, std::function<void()> report);
    ~WorkerPool();
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    void go() { start_.go(); }
    [[nodiscard]] Crew& crew() { return crew_; }
    /// Waits for all workers to return; they do so on an order of the crew. The sum of their outcomes.
    ServerOutcome join();

private:
    WorkerPool(const Options& options, std::function<void()> report)
        : crew_(options.workers, options.max_connections, std::move(report),
                options.places_by_cpu ? std::span(options.cpus) : std::span<const int>()),
          start_(options.workers),
          outcomes_(options.workers) {}

    Crew crew_;
    StartLine start_;
    std::vector<ServerOutcome> outcomes_;
    std::vector<std::thread> threads_;
};

}  // namespace tinyhttpd::tcp
