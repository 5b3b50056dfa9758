// SPDX-License-Identifier: MIT
#include "tcp/orders.hpp"

#include <utility>

namespace tinyhttpd::tcp {

Orders::Orders(Mailbox& mailbox, std::function<void()> report)
    : mailbox_(mailbox), report_(std::move(report)), accepting_(mailbox.workers()), running_(mailbox.workers()) {}

void Orders::direct(Order order) {
    order_.store(order, std::memory_order_release);
    mailbox_.wake_all();
}

void Orders::end_accepting() {
    if (accepting_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    mailbox_.wake_all();
    report_();
}

void Orders::end_running() {
    running_.fetch_sub(1, std::memory_order_acq_rel);
    report_();
}

void Orders::fail(int error_number) {
    failure_.store(error_number, std::memory_order_release);
    report_();
}

}  // namespace tinyhttpd::tcp
