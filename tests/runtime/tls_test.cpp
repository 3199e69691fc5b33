#include "net/tls.hpp"

#include "mcp/error.hpp"
#include "members/cluster_server.hpp"
#include "members/cluster_worker.hpp"
#include "net/pki.hpp"
#include "store/temporary_folder.hpp"
#include "support/catch.hpp"

#include <filesystem>
#include <fstream>
#include <thread>

using namespace mcp;
using namespace mcp::cluster;
using namespace mcp::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

/// An authority and the certificates of its members.
class authority {
 public:
  authority() { make_authority(path(), "c", std::chrono::days{10}); }

  [[nodiscard]] std::string path() const { return folder_.file("pki"); }
  [[nodiscard]] tls_files issue(const std::string& name,
                                certificate_use use = certificate_use::worker,
                                std::chrono::days valid = std::chrono::days{1}) const {
    issue_certificate(path(), name, use, valid);
    return {path() + '/' + name + ".crt", path() + '/' + name + ".key", path() + "/authority.crt"};
  }

 private:
  temporary_folder folder_;
};

std::shared_ptr<const tls_context> context_of(const tls_files& files) {
  return std::make_shared<const tls_context>(files);
}

struct two_ends {
  tls_channel client;
  tls_channel server;

  two_ends(const tls_files& connects, const tls_files& accepts)
      : client(context_of(connects), tls_role::connects),
        server(context_of(accepts), tls_role::accepts) {}

  /// Carries what there is, in pieces, until nothing is left.
  void carry(std::size_t piece = 100) {
    for (bool more = true; more;) {
      more = move(client, server, piece);
      more = move(server, client, piece) || more;
    }
  }
  static bool move(tls_channel& from, tls_channel& to, std::size_t piece) {
    const auto bytes = from.take_to_send();
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      to.feed(std::string_view{bytes}.substr(at, piece));
    }
    return !bytes.empty();
  }
};

std::string refusal(const tls_files& files, tls_role role = tls_role::connects) {
  try {
    const tls_context made{files, role};
  } catch (const error& wrong) {
    CHECK(wrong.code() == errc::invalid_argument);
    return wrong.message();
  }
  return {};
}

}  // namespace

TEST_CASE("Two members of one authority talk, however their bytes are cut", "[tls]") {
  const authority own;
  two_ends both{own.issue("w"), own.issue("s", certificate_use::server)};
  both.client.say("before the other end is known");
  both.carry(GENERATE(std::size_t{1}, std::size_t{7}, std::size_t{100'000}));
  CHECK(both.client.peer() == "s");
  CHECK(both.server.peer() == "w");
  CHECK(both.server.take_said() == "before the other end is known");
  const std::string much(1'000'000, 'x');
  both.server.say(much);
  both.carry(50'000);
  CHECK(both.client.take_said() == much);
  CHECK(both.client.take_said().empty());
}

TEST_CASE("Who is of another authority is not believed", "[tls]") {
  const authority own;
  const authority other;
  SECTION("the server does not believe the client") {
    auto stranger = other.issue("w");
    stranger.authority = own.path() + "/authority.crt";
    CHECK_THAT(refusal(stranger),
               Contains("unable to get local issuer certificate") || Contains("signature failure"));
    two_ends both{other.issue("w"), own.issue("s", certificate_use::server)};
    CHECK_THROWS_WITH(both.carry(), Contains("not believed"));
  }
  SECTION("a worker's certificate is no server's") {
    two_ends both{own.issue("w"), own.issue("v")};
    CHECK_THROWS_WITH(both.carry(), Contains("unsuitable certificate purpose"));
  }
  SECTION("bytes that are no TLS") {
    tls_channel server{context_of(own.issue("s", certificate_use::server)), tls_role::accepts};
    CHECK_THROWS_WITH(server.feed("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), Contains("no member"));
    CHECK_FALSE(server.secured());
  }
  SECTION("too much before the other end is known") {
    tls_channel client{context_of(own.issue("w")), tls_role::connects};
    CHECK_THROWS_WITH(client.say(std::string((1U << 20) + 1, 'x')), Contains("too much"));
  }
}

TEST_CASE("Files that are wrong are named before anything starts", "[tls]") {
  const authority own;
  const auto good = own.issue("w");
  CHECK(refusal(good).empty());
  const auto other = own.issue("v");
  CHECK_THAT(refusal({good.certificate, other.key, good.authority}), Contains("v.key: "));
  CHECK_THAT(refusal({good.certificate + "x", good.key, good.authority}),
             Contains("w.crtx: it cannot be read: No such file"));
  CHECK_THAT(refusal({good.certificate, good.key, own.path()}),
             Contains("pki: it cannot be read: Is a directory"));
  CHECK_THAT(refusal(good, tls_role::accepts), Contains("w.crt: it is for a worker"));
  CHECK(refusal(own.issue("s", certificate_use::server), tls_role::accepts).empty());
  CHECK_THAT(refusal({good.certificate, good.key, good.key}), Contains("w.key: "));
  std::ofstream{own.path() + "/empty"}.put('\n');
  CHECK_THAT(refusal({own.path() + "/empty", good.key, good.authority}), Contains("empty: "));
  const auto expired = own.issue("old", certificate_use::worker, std::chrono::days{-1});
  CHECK_THAT(refusal(expired), Contains("certificate has expired"));
  CHECK_THROWS_WITH(make_authority(own.path(), "c", std::chrono::days{1}),
                    Contains("there is an authority"));
  for (const std::string name : {"", "../x", "authority", "a b", ".hidden"}) {
    CHECK_THROWS_WITH(own.issue(name), Contains("cannot be a member's name"));
  }
  CHECK((std::filesystem::status(good.key).permissions() & std::filesystem::perms::all) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("New certificates are used for new connections, wrong ones are not", "[tls]") {
  const authority own;
  const auto files = own.issue("w");
  tls_source source{files};
  const auto first = source.current();
  CHECK(source.current() == first);
  const auto touch = [&](int seconds) {
    for (const auto* file : {&files.certificate, &files.key}) {
      std::filesystem::last_write_time(
          *file, std::filesystem::file_time_type::clock::now() + std::chrono::seconds{seconds});
    }
  };
  static_cast<void>(own.issue("w"));
  touch(1);
  const auto second = source.current();
  CHECK(second != first);
  std::ofstream{files.key} << "damaged";
  touch(2);
  CHECK(source.current() == second);
  static_cast<void>(own.issue("w"));
  touch(3);
  CHECK(source.current() != second);
}

TEST_CASE("Members that show certificates work together; others may not join", "[tls][members]") {
  const authority own;
  const authority other;
  const auto server = cluster_server::start({.tls = own.issue("server", certificate_use::server)});
  const auto join = [&](const std::string& name, const tls_files& files) {
    return std::make_unique<cluster_worker>(
        worker_options{.name = name, .server = server->address(), .tls = files, .slots = 1});
  };
  const auto trouble_of = [](const cluster_worker& worker) {
    while (worker.status().trouble.empty()) std::this_thread::yield();
    return worker.status().trouble;
  };
  const auto good = join("w", own.issue("w"));
  while (!good->status().connected) std::this_thread::yield();
  CHECK(good->status().server == "server");
  CHECK_THAT(trouble_of(*join("x", own.issue("y"))),
             Contains("its certificate is for \"y\", and it says that it is \"x\""));
  CHECK_THAT(trouble_of(*join("z", other.issue("z"))), Contains("not believed"));
  CHECK_THAT(trouble_of(*join("plain", {})), Contains("closed the connection"));
  CHECK(server->members().size() == 1);
  const auto inside = join(own_worker_of("server"), own.issue("server", certificate_use::server));
  while (!inside->status().connected) std::this_thread::yield();
  CHECK_THAT(trouble_of(*join(own_worker_of("server"), own.issue("y"))),
             Contains("its certificate is for \"y\""));
  // Without certificates nothing leaves the machine.
  CHECK_THROWS_WITH(cluster_server::start({.listen = {"0.0.0.0", 0}}), Contains("would be plain"));
  CHECK_THROWS_WITH((cluster_worker{{.name = "w", .server = {"192.0.2.1", 1}}}),
                    Contains("would be plain"));
}
