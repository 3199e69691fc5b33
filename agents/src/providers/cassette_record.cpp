#include "providers/cassette_exchange.hpp"
#include "providers/model_around.hpp"
#include "providers/relayed_call.hpp"

#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mcp::providers {
namespace {

/// A file that grows by whole lines, durably. Safe from several threads.
class line_file {
 public:
  line_file(std::string path, std::size_t max_bytes)
      : path_(std::move(path)),
        max_bytes_(max_bytes),
        file_(::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
    if (file_ < 0) fail("open");
    try {
      cut_torn_line();
    } catch (...) {
      ::close(file_);
      throw;
    }
  }
  line_file(const line_file&) = delete;
  line_file& operator=(const line_file&) = delete;
  ~line_file() { ::close(file_); }

  /// Throws `too_large`, `store_failed`; the file then is as it was.
  void append(std::string line) {
    line += '\n';
    const std::lock_guard lock{mutex_};
    const auto before = size();
    if (before + line.size() > max_bytes_) {
      throw error{errc::too_large, "the cassette " + path_ + " would be larger than " +
                                       std::to_string(max_bytes_) +
                                       " bytes (cassette_options::max_file_bytes)"};
    }
    std::string_view rest = line;
    while (!rest.empty()) {
      const auto written = ::write(file_, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) give_up("write", before);
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fdatasync(file_) != 0) give_up("sync", before);
  }

 private:
  [[nodiscard]] std::size_t size() const {
    struct stat info {};
    if (::fstat(file_, &info) != 0) fail("look at");
    return static_cast<std::size_t>(info.st_size);
  }
  [[noreturn]] void fail(const char* what) const {
    throw error{errc::store_failed, std::string{"cannot "} + what + " the cassette " + path_ +
                                        ": " + std::strerror(errno)};
  }
  [[noreturn]] void give_up(const char* what, std::size_t size_before) const {
    const auto reason = errno;
    static_cast<void>(::ftruncate(file_, static_cast<off_t>(size_before)));
    errno = reason;
    fail(what);
  }
  void cut_torn_line() {
    const auto end = size();
    auto keep = end;
    char block[4096];
    while (keep > 0) {
      const auto from = keep > sizeof block ? keep - sizeof block : 0;
      const auto got = ::pread(file_, block, keep - from, static_cast<off_t>(from));
      if (got < 0) fail("read");
      if (static_cast<std::size_t>(got) < keep - from) return;  // somebody else cuts it too
      const std::string_view seen{block, keep - from};
      if (const auto last = seen.rfind('\n'); last != std::string_view::npos) {
        keep = from + last + 1;
        break;
      }
      keep = from;
    }
    if (keep < end && ::ftruncate(file_, static_cast<off_t>(keep)) != 0) fail("cut");
  }

  const std::string path_;
  const std::size_t max_bytes_;
  const int file_;
  std::mutex mutex_;
};

/// What a call under way will record.
struct tape {
  recorded_exchange exchange{};
  chat_handler handler{};
};

class recording_model final : public model_around {
 public:
  recording_model(std::shared_ptr<chat_model> model, std::string path,
                  const cassette_options& options)
      : model_around(std::move(model)),
        writer_(std::make_shared<writer>(std::move(path), options)) {}

  std::shared_ptr<chat_call> start(chat_request request, chat_handler handler) override {
    const auto made = std::make_shared<tape>();
    made->exchange.request = request;
    made->handler = std::move(handler);
    chat_handler relay;
    if (made->handler.on_delta) {
      relay.on_delta = [made](const chat_delta& delta) {
        made->exchange.deltas.push_back({.what = delta.what,
                                         .text = std::string{delta.text},
                                         .index = delta.index,
                                         .id = std::string{delta.id},
                                         .name = std::string{delta.name}});
        made->handler.on_delta(delta);
      };
    }
    relay.on_end = [made, out = writer_](chat_outcome outcome) {
      out->keep(made->exchange, outcome);
      made->handler.on_end(std::move(outcome));
    };
    return inner()->start(std::move(request), std::move(relay));
  }

 private:
  struct writer {
    writer(std::string path, const cassette_options& options)
        : redact(options.redact), file(std::move(path), options.max_file_bytes) {}

    void keep(recorded_exchange& exchange, chat_outcome& outcome) {
      if (outcome.failure && outcome.failure->error.code() == errc::cancelled) return;
      try {
        exchange.request = canonical(std::move(exchange.request), redact);
        exchange.key = key_of(exchange.request);
        exchange.answer = outcome.answer;
        if (outcome.failure) exchange.failure = recorded(*outcome.failure);
        file.append(compose(std::move(exchange), redact));
      } catch (const error& reason) {
        outcome = failed_outcome(reason);
      } catch (const std::exception& reason) {
        outcome = failed_outcome(error{errc::store_failed, reason.what()});
      }
    }

    redaction redact;
    line_file file;
  };

  std::shared_ptr<writer> writer_;
};

}  // namespace
}  // namespace mcp::providers

namespace mcp {

std::shared_ptr<chat_model> record(std::shared_ptr<chat_model> model,
                                   const std::filesystem::path& file, cassette_options options) {
  if (!model) throw error{errc::invalid_argument, "record was given no model"};
  for (auto& secret : providers::secrets_of(*model)) {
    if (secret.size() >= providers::redaction::shortest)
      options.redact.push_back(std::move(secret));
  }
  return std::make_shared<providers::recording_model>(std::move(model), file.string(), options);
}

}  // namespace mcp
