// SPDX-License-Identifier: MIT
// floor_uring: the least that a server on io_uring can do: multishot receives into a ring of buffers, sends that report
// nothing but failure, and one system call for a whole batch of both. Run by tests/bench/run beside the servers. Not a server.
#include <liburing.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "floor.hpp"

namespace tinyhttpd::bench {
namespace {

constexpr unsigned ring_entries = 4096;
constexpr unsigned buffer_count = 1024;  // a power of two: io_uring_register_buf_ring(3)
constexpr unsigned buffer_size = 4096;
constexpr int buffer_group = 0;

struct Connection {
    int fd;
    RequestCount requests;
};

class Worker {
public:
    Worker(const Answer& answer, Placement& placement) : answer_(answer), placement_(placement) {
        io_uring_params params{};
        params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
        params.cq_entries = 4 * ring_entries;
        const int error = io_uring_queue_init_params(ring_entries, &ring_, &params);
        if (error < 0) {
            errno = -error;
            die("io_uring_setup");
        }
        io_uring_register_ring_fd(&ring_);
        set_up_buffers();
    }

    /// Serves the descriptors that come as numbers out of `inbox`, a pipe.
    [[noreturn]] void serve_from(int inbox) {
        inbox_ = inbox;
        read_inbox();
        run();
    }
    /// Accepts, for itself and for the workers that read the other ends of `inboxes`.
    [[noreturn]] void accept_from(int listener, std::vector<int> inboxes) {
        listener_ = listener;
        inboxes_ = std::move(inboxes);
        accept();
        run();
    }

private:
    [[noreturn]] void run() {
        for (;;) {
            io_uring_submit_and_wait(&ring_, 1);
            unsigned head = 0;
            unsigned seen = 0;
            io_uring_cqe* cqe = nullptr;
            io_uring_for_each_cqe(&ring_, head, cqe) {
                ++seen;
                take(*cqe);
            }
            io_uring_cq_advance(&ring_, seen);
            io_uring_buf_ring_advance(buffers_, returned_);
            returned_ = 0;
        }
    }

    void set_up_buffers() {
        void* memory = nullptr;
        if (posix_memalign(&memory, 4096, buffer_count * (sizeof(io_uring_buf) + buffer_size)) != 0) std::abort();
        buffers_ = static_cast<io_uring_buf_ring*>(memory);
        bytes_ = static_cast<char*>(memory) + buffer_count * sizeof(io_uring_buf);
        io_uring_buf_reg registration{};
        registration.ring_addr = reinterpret_cast<std::uintptr_t>(buffers_);
        registration.ring_entries = buffer_count;
        registration.bgid = buffer_group;
        if (io_uring_register_buf_ring(&ring_, &registration, 0) != 0) die("io_uring_register_buf_ring");
        io_uring_buf_ring_init(buffers_);
        for (unsigned id = 0; id < buffer_count; ++id) give_back(id);
        io_uring_buf_ring_advance(buffers_, returned_);
        returned_ = 0;
    }
    void give_back(unsigned id) {
        io_uring_buf_ring_add(buffers_, bytes_ + id * buffer_size, buffer_size, static_cast<unsigned short>(id), buffer_count - 1,
                              returned_++);
    }

    io_uring_sqe* take_sqe() {
        for (;;) {
            if (io_uring_sqe* const sqe = io_uring_get_sqe(&ring_)) return sqe;
            io_uring_submit(&ring_);
        }
    }
    void read_inbox() {
        io_uring_sqe* const sqe = take_sqe();
        io_uring_prep_read(sqe, inbox_, &arrived_, sizeof arrived_, 0);
        io_uring_sqe_set_data64(sqe, inbox_read);
    }
    void accept() {
        io_uring_sqe* const sqe = take_sqe();
        io_uring_prep_multishot_accept(sqe, listener_, nullptr, nullptr, SOCK_CLOEXEC);
        io_uring_sqe_set_data64(sqe, accepted);
    }
    void deal(int fd) {
        set_up(fd);
        const unsigned worker = placement_.worker_of(fd);
        if (worker == 0) return receive(new Connection{.fd = fd, .requests = {}});
        if (write(inboxes_[worker - 1], &fd, sizeof fd) != sizeof fd) die("write");
    }
    void receive(Connection* connection) {
        io_uring_sqe* const sqe = take_sqe();
        io_uring_prep_recv_multishot(sqe, connection->fd, nullptr, 0, 0);
        sqe->flags |= IOSQE_BUFFER_SELECT;
        sqe->buf_group = buffer_group;
        io_uring_sqe_set_data(sqe, connection);
    }
    void send_answers(const Connection& connection, std::size_t count) {
        while (count > 0) {
            const std::size_t run = std::min(count, answer_.copies());
            const std::string_view bytes = answer_.run(run);
            io_uring_sqe* const sqe = take_sqe();
            io_uring_prep_send(sqe, connection.fd, bytes.data(), bytes.size(), MSG_WAITALL | MSG_NOSIGNAL);
            sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
            io_uring_sqe_set_data64(sqe, failed_send);
            count -= run;
        }
    }

    void take(const io_uring_cqe& cqe) {
        if (cqe.user_data == failed_send) return;  // the receive learns of it too
        if (cqe.user_data == inbox_read) {
            receive(new Connection{.fd = arrived_, .requests = {}});
            return read_inbox();
        }
        if (cqe.user_data == accepted) {
            if (cqe.res >= 0) deal(cqe.res);
            if ((cqe.flags & IORING_CQE_F_MORE) == 0) accept();
            return;
        }
        auto* const connection = static_cast<Connection*>(io_uring_cqe_get_data(&cqe));
        if (cqe.res > 0) {
            const unsigned id = cqe.flags >> IORING_CQE_BUFFER_SHIFT;
            send_answers(*connection, connection->requests.add({bytes_ + id * buffer_size, static_cast<std::size_t>(cqe.res)}));
            give_back(id);
        }
        if ((cqe.flags & IORING_CQE_F_MORE) != 0) return;
        if (cqe.res > 0 || cqe.res == -ENOBUFS) return receive(connection);
        close(connection->fd);
        delete connection;
    }

    // What is no Connection is marked with a number that is no address.
    static constexpr std::uint64_t inbox_read = 1;
    static constexpr std::uint64_t accepted = 2;
    static constexpr std::uint64_t failed_send = 3;

    const Answer& answer_;
    Placement& placement_;
    int listener_ = -1;
    std::vector<int> inboxes_;
    int inbox_ = -1;
    int arrived_ = -1;
    io_uring ring_{};
    io_uring_buf_ring* buffers_ = nullptr;
    char* bytes_ = nullptr;
    int returned_ = 0;
};

}  // namespace
}  // namespace tinyhttpd::bench

int main(int argc, char** argv) {
    using namespace tinyhttpd::bench;
    const Arguments arguments = parse_arguments(argc, argv);
    if (arguments.closes) return 2;  // nothing of the ring's is left in such a load: floor_epoll is its floor
    const int listener = listen_on(arguments.port);
    Placement placement(arguments.rule, arguments.workers);
    std::vector<int> inboxes;
    // The first worker is this thread: with one worker there is one thread, as valgrind needs it, which lets no other
    // thread run while one waits in io_uring_enter(2).
    for (unsigned i = 1; i < arguments.workers; ++i) {
        int ends[2];
        if (pipe(ends) != 0) die("pipe");
        inboxes.push_back(ends[1]);
        // SINGLE_ISSUER: the ring belongs to the thread that made it.
        std::thread([&arguments, &placement, i, inbox = ends[0]] {
            if (arguments.pinned) placement.pin(i);
            Worker(arguments.answer, placement).serve_from(inbox);
        }).detach();
    }
    if (arguments.pinned) placement.pin(0);
    Worker(arguments.answer, placement).accept_from(listener, std::move(inboxes));
}
