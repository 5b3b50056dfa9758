// SPDX-License-Identifier: MIT
// Random histories: many connections that receive, send, pause, half-close, reset and close in any order, each byte of each
// checked against what the other end sent. What the named tests did not think of. For io/engine.hpp.
#include "contract/contract.hpp"

namespace tinyhttpd::contract {
namespace {

template <class World>
class History : public Contract<World> {
protected:
    using Peer = typename World::Peer;

    /// One connection and all that both ends did. The first two bytes a peer sends are its number.
    struct Story {
        explicit Story(Peer p, std::size_t number, Random& random)
            : peer(std::move(p)),
              up(pattern(random.between(2, 60'000), number + 1)),
              down(pattern(random.between(1, 120'000), number + 5000)) {
            up[0] = static_cast<char>(number % 256);
            up[1] = static_cast<char>(number / 256);
        }
        Peer peer;
        std::string up, down;       ///< what each end is going to send
        std::size_t written = 0;    ///< of `up`
        std::size_t submitted = 0;  ///< of `down`
        std::string gathered;       ///< what came of `down`
        bool gone = false;          ///< the peer closed or reset
        bool half_closed = false;
        bool shut_down = false;
        DrivenConnection* connection = nullptr;
    };

    void play() {
        this->world.reseed(this->seed);
        this->start({.receive_bytes = 2048, .max_connections = 16});
        Random random(this->seed);
        std::vector<std::unique_ptr<Story>> stories;
        std::vector<Fd> waiting;
        this->driver->on_accept = [&](Fd fd, io::ListenerId) { waiting.push_back(std::move(fd)); };
        this->driver->on_event = [&](DrivenConnection& connection, const io::Event&) {
            if (connection.closing || connection.received.size() < 2) return;
            const auto number =
                static_cast<unsigned char>(connection.received[0]) + 256u * static_cast<unsigned char>(connection.received[1]);
            ASSERT_LT(number, stories.size());
            stories[number]->connection = &connection;
            act(*stories[number], random);
        };
        for (int round = 0; round < 400; ++round) {
            if (stories.size() < 40 && random.chance(0.3)) {
                stories.push_back(std::make_unique<Story>(this->world.connect(this->listener), stories.size(), random));
            }
            for (auto& story : stories) act_as_peer(*story, random);
            seat(waiting);
            this->driver->turn(std::chrono::milliseconds(0));
            for (auto& story : stories) {
                if (story->connection && !story->connection->closing && random.chance(0.2)) act(*story, random);
            }
        }
        this->driver->until([&] {
            seat(waiting);
            for (auto& connection : this->driver->connections) {
                if (!connection.closing) this->driver->close(connection);
            }
            return this->driver->connections.size() == stories.size() && this->driver->free_slots() == 16;
        });
        for (auto& story : stories) check(*story);
    }

private:
    void seat(std::vector<Fd>& waiting) {
        for (; !waiting.empty() && this->driver->free_slots() > 0; waiting.pop_back()) this->driver->open(std::move(waiting.back()));
    }

    static void act_as_peer(Story& story, Random& random) {
        if (story.gone) return;
        if (random.chance(0.5)) story.gathered += story.peer.read(random.between(1, 50'000));
        if (!story.half_closed)
            story.written += story.peer.write(std::string_view(story.up).substr(story.written, random.between(2, 20'000)));
        if (story.written < 2) return;
        if (random.chance(0.02) && !std::exchange(story.half_closed, true)) story.peer.half_close();
        if (random.chance(0.01)) {
            random.chance(0.5) ? story.peer.close() : story.peer.reset();
            story.gone = true;
        }
    }

    void act(Story& story, Random& random) {
        DrivenConnection& connection = *story.connection;
        if (connection.closing) return;
        if (random.chance(0.3)) connection.paused ? this->driver->resume(connection) : this->driver->pause(connection);
        if (!connection.sending && connection.send_error == 0 && !story.shut_down) {
            if (story.submitted < story.down.size()) {
                const std::string_view next = std::string_view(story.down).substr(story.submitted, random.between(1, 40'000));
                story.submitted += next.size();
                const std::size_t middle = random.below(next.size());
                const std::vector<Slice> slices = {{next.data(), middle}, {next.data() + middle, next.size() - middle}};
                this->driver->send(connection, std::span(slices).subspan(middle == 0));
            } else {
                this->engine->shutdown_send(connection.id);
                story.shut_down = true;
            }
        }
        if (random.chance(0.01)) this->driver->close(connection);
    }

    static void check(Story& story) {
        if (!story.gone) story.gathered += story.peer.read();
        EXPECT_TRUE(is_prefix(story.gathered, std::string_view(story.down).substr(0, story.submitted)));
        if (story.connection == nullptr) return;
        EXPECT_TRUE(is_prefix(story.connection->received, std::string_view(story.up).substr(0, story.written)));
        EXPECT_TRUE(!story.connection->fin || story.connection->received.size() == story.written) << "an end before the last byte";
    }
};
TYPED_TEST_SUITE(History, Worlds, WorldName);

TYPED_TEST(History, every_byte_of_any_history_is_right) {
    const bool only_one = seed_from_environment().has_value();
    const std::uint64_t last = this->seed + (only_one ? 0 : seed_count(TypeParam::real ? 40 : 100) - 1);
    while (this->play(), !this->HasFailure() && this->seed < last) ++this->seed;
}

}  // namespace
}  // namespace tinyhttpd::contract
