// SPDX-License-Identifier: MIT
#include "io/uring_setup.hpp"

#include <poll.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <string>

#include "base/verify.hpp"

namespace tinyhttpd::io {

namespace {

constexpr std::string_view use_io_uring = "use io_uring";

constexpr unsigned provided_at_first = 8;

constexpr unsigned common_flags = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL;

constexpr unsigned needed_features =
    IORING_FEAT_NODROP | IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_FAST_POLL | IORING_FEAT_EXT_ARG | IORING_FEAT_CQE_SKIP;

constexpr int needed_operations[] = {IORING_OP_POLL_ADD, IORING_OP_RECV,  IORING_OP_SEND,
                                     IORING_OP_SENDMSG,  IORING_OP_CLOSE, IORING_OP_ASYNC_CANCEL};

/// io_uring_setup(2) says EPERM for two reasons that have different remedies.
std::string why_not_permitted() {
    int disabled = 0;
    std::ifstream("/proc/sys/kernel/io_uring_disabled") >> disabled;
    if (disabled == 0) return "a seccomp filter or security policy forbids it, as in many containers";
    std::string cause = "the sysctl kernel.io_uring_disabled is " + std::to_string(disabled);
    if (disabled == 1) cause += ": only the group kernel.io_uring_group and CAP_SYS_ADMIN may";
    return cause;
}

std::string remedy_for(int error_number) {
    switch (error_number) {
        case EPERM: return why_not_permitted();
        case EACCES: return "a security policy forbids it";
        case ENOSYS: return "the kernel has none, or a seccomp filter hides it";
        case EINVAL: return "it needs Linux 6.0 or later";
        case ENOMEM: return "is the limit on locked memory too low? see ulimit -l";
        default: return {};
    }
}

std::unexpected<Error> refused(int error_number) {
    return fail(use_io_uring, {}, error_number, remedy_for(error_number));
}

/// 0, or the errno that says what is missing.
int missing_operations(io_uring* ring) {
    constexpr unsigned operations_max = 256;
    alignas(io_uring_probe) std::array<std::byte, sizeof(io_uring_probe) + operations_max * sizeof(io_uring_probe_op)> memory{};
    auto* const probe = reinterpret_cast<io_uring_probe*>(memory.data());
    // A filter may forbid io_uring_register(2) alone.
    if (const int result = io_uring_register_probe(ring, probe, operations_max); result < 0) return -result;
    for (const int operation : needed_operations) {
        if (io_uring_opcode_supported(probe, operation) == 0) return EINVAL;
    }
    return 0;
}

/// io_uring_enter(2): the time is over or a signal came; or memory for requests, or room for completions, has run out for now.
bool is_passing(int error_number) {
    switch (error_number) {
        case ETIME:
        case EINTR:
        case EAGAIN:
        case EBUSY:
        case ENOMEM: return true;
        default: return false;
    }
}

void* map(std::size_t bytes) {
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace

Result<std::unique_ptr<Uring>> Uring::create(Size size, std::span<const unsigned> flag_sets) {
    auto uring = std::make_unique<Uring>();
    int result = -EINVAL;
    for (const unsigned flags : flag_sets) {
        io_uring_params parameters{};
        parameters.flags = flags | common_flags;
        parameters.cq_entries = size.completions;
        result = io_uring_queue_init_params(size.submissions, &uring->ring_, &parameters);
        if (result != -EINVAL) break;  // EINVAL: the kernel does not know one of the flags
    }
    if (result < 0) return refused(-result);
    uring->open_ = true;
    if ((uring->ring_.features & needed_features) != needed_features) return refused(EINVAL);
    if (const int missing = missing_operations(&uring->ring_); missing != 0) return refused(missing);
    // Saves a look-up per system call; without it all works the same.
    if (io_uring_register_ring_fd(&uring->ring_) == 1) uring->enter_flags_ |= IORING_ENTER_REGISTERED_RING;
    // A filter may know this call alone.
    if (const int entered = io_uring_get_events(&uring->ring_); entered < 0) return refused(-entered);
    // The queue names its entries in the order in which they lie, always: said once, here. Later versions of liburing do that
    // themselves, or have a kernel that knows it.
    if (const io_uring_sq& queue = uring->ring_.sq; queue.array != nullptr) std::iota(queue.array, queue.array + queue.ring_entries, 0U);
    return uring;
}

Uring::~Uring() {
    if (open_) io_uring_queue_exit(&ring_);
}

void Uring::publish() {
    io_uring_sq& queue = ring_.sq;
    queue.sqe_head = queue.sqe_tail;
    io_uring_smp_store_release(queue.ktail, queue.sqe_tail);
}

int Uring::enter(std::chrono::nanoseconds longest) {
    publish();
    // Most times are less than a second, and a division costs more than to see that.
    constexpr std::chrono::seconds second{1};
    const auto seconds = longest < second ? std::chrono::seconds(0) : std::chrono::duration_cast<std::chrono::seconds>(longest);
    __kernel_timespec timeout{.tv_sec = seconds.count(), .tv_nsec = (longest - seconds).count()};
    io_uring_getevents_arg argument{};
    argument.ts = reinterpret_cast<std::uintptr_t>(&timeout);
    const unsigned wanted = longest.count() == 0 ? 0 : 1;
    const int result =
        io_uring_enter2(ring_.enter_ring_fd, unsubmitted(), wanted, enter_flags_ | IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG,
                        reinterpret_cast<sigset_t*>(&argument), sizeof argument);
    if (result >= 0 || result == -ETIME || result == -EINTR) return 0;
    if (!is_passing(-result)) return -result;
    // It did not wait, and asking again at once would only keep a processor from whoever has the memory.
    if (wanted > 0 && io_uring_cq_ready(&ring_) == 0) ::poll(nullptr, 0, 1);
    return 0;
}

int Uring::submit() {
    publish();
    const int result = io_uring_enter2(ring_.enter_ring_fd, unsubmitted(), 0, enter_flags_, nullptr, 0);
    return result < 0 && !is_passing(-result) ? -result : 0;
}

void Uring::end_all() {
    io_uring_sync_cancel_reg everything{};
    everything.flags = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL;
    everything.timeout = {-1, -1};  // none
    io_uring_register_sync_cancel(&ring_, &everything);
    io_uring_get_events(&ring_);  // with DEFER_TASKRUN this is where they complete and let go of their sockets
}

Result<std::unique_ptr<UringBuffers>> UringBuffers::create(Uring& uring, int group, unsigned count, std::size_t bytes_each) {
    auto buffers = std::make_unique<UringBuffers>();
    buffers->uring_ = &uring;
    buffers->group_ = group;
    buffers->mask_ = count - 1;
    buffers->size_ = static_cast<unsigned>(bytes_each);
    buffers->stride_ = (bytes_each + 2 * colour_bytes - 1) / colour_bytes * colour_bytes;
    buffers->memory_bytes_ = buffers->stride_ * count;

    // Anonymous mappings: page-aligned as the ring has to be, and resident only where they have been used.
    buffers->memory_ = static_cast<char*>(map(buffers->memory_bytes_));
    buffers->ring_ = static_cast<io_uring_buf_ring*>(map(buffers->ring_bytes()));
    if (buffers->memory_ == nullptr || buffers->ring_ == nullptr) return refused(ENOMEM);

    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uintptr_t>(buffers->ring_);
    registration.ring_entries = count;
    registration.bgid = static_cast<std::uint16_t>(group);
    const int result = io_uring_register_buf_ring(uring.get(), &registration, 0);
    if (result < 0) return refused(-result);
    buffers->registered_ = true;
    io_uring_buf_ring_init(buffers->ring_);
    buffers->provided_ = std::min(count, provided_at_first);
    for (unsigned place = 0; place < count; ++place) buffers->fill(place, place % buffers->provided_);
    buffers->tail_ = buffers->provided_;
    buffers->publish();
    return buffers;
}

void UringBuffers::provide_more() {
    const unsigned count = mask_ + 1;
    const unsigned before = provided_;
    provided_ = std::min(count, 2 * before);
    for (unsigned id = before; id < provided_; ++id) give_back(id);
}

void UringBuffers::fill(unsigned place, unsigned id) {
    io_uring_buf& entry = ring_->bufs[place & mask_];
    entry.addr = reinterpret_cast<std::uintptr_t>(memory_ + stride_ * id);
    entry.len = size_;
    entry.bid = static_cast<std::uint16_t>(id);
}

UringBuffers::~UringBuffers() {
    if (registered_) io_uring_unregister_buf_ring(uring_->get(), group_);
    if (ring_ != nullptr) ::munmap(ring_, ring_bytes());
    if (memory_ != nullptr) ::munmap(memory_, memory_bytes_);
}

}  // namespace tinyhttpd::io
