#include "mcp/agents/otlp_exporter.hpp"

#include "io/http_client.hpp"
#include "mcp/metrics.hpp"
#include "providers/chat_wire.hpp"
#include "telemetry/otlp.hpp"
#include "telemetry/span_outbox.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

namespace mcp {
namespace {

constexpr std::size_t most_of_answer = 64UL << 10;
constexpr std::size_t shown_of_refusal = 200;
constexpr std::chrono::minutes between_news{1};

void check_range(const char* what, std::int64_t given, std::int64_t least, std::int64_t most) {
  if (given >= least && given <= most) return;
  throw error{errc::invalid_argument, std::string{"otlp_options::"} + what + " is " +
                                          std::to_string(given) + "; " + std::to_string(least) +
                                          " to " + std::to_string(most) + " may be"};
}

otlp_options checked_otlp(otlp_options options) {
  if (!io::place_of(options.endpoint)) {
    throw error{errc::invalid_argument, "the receiver of traces is no http or https URL"};
  }
  check_range("queue", static_cast<std::int64_t>(options.queue), 1, 1'000'000);
  check_range("batch", static_cast<std::int64_t>(options.batch), 1, 4'096);
  check_range("every", options.every.count(), 1, 3'600'000);
  check_range("timeout", options.timeout.count(), 1, 3'600'000);
  check_range("attempts", options.attempts, 1, 100);
  check_range("shortest_wait", options.shortest_wait.count(), 1, 3'600'000);
  check_range("longest_wait", options.longest_wait.count(), 1, 3'600'000);
  const bool named = std::any_of(options.resource.begin(), options.resource.end(),
                                 [](const auto& one) { return one.name == "service.name"; });
  if (!named) options.resource.push_back({"service.name", std::string{"fastmcp"}});
  return options;
}

/// Whether the same request may be taken another time.
bool is_passing_status(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace

class otlp_exporter::parts {
 public:
  explicit parts(otlp_options options)
      : options_(checked_otlp(std::move(options))),
        where_(io::place_of(options_.endpoint)->text()),
        outbox_(options_) {}
  ~parts() {
    const std::lock_guard lock{mutex_};
    closing_ = true;
  }
  parts(const parts&) = delete;
  parts& operator=(const parts&) = delete;

  void push(span one) {
    const std::lock_guard lock{mutex_};
    outbox_.push(std::move(one), client_.now());
    if (!sending_) arm();
  }
  bool flush(milliseconds within) {
    std::unique_lock lock{mutex_};
    const auto lost = outbox_.counts().dropped;
    outbox_.hurry(true);
    if (!sending_) arm();
    const bool sent =
        changed_.wait_for(lock, within, [this] { return outbox_.empty() && !sending_; });
    outbox_.hurry(false);
    return sent && outbox_.counts().dropped == lost;
  }
  otlp_counts counts() const {
    const std::lock_guard lock{mutex_};
    return outbox_.counts();
  }

 private:
  /// What is known of the request under way; on the loop's thread.
  struct request_state {
    io::http_head head{};
    std::string body{};
  };

  /// The lock is held: looks again when the outbox says.
  void arm() {
    const auto when = outbox_.wake();
    if (!when || (timer_ && timer_due_ <= *when)) return;
    if (timer_) client_.forget(*timer_);
    timer_due_ = *when;
    timer_ = client_.call_at(*when, [this] { pump(); });
  }

  /// On the loop's thread.
  void pump() {
    const std::vector<span>* batch = nullptr;
    {
      const std::lock_guard lock{mutex_};
      timer_.reset();
      if (sending_ || closing_) return;
      batch = outbox_.next(client_.now());
      if (batch == nullptr) {
        changed_.notify_all();
        return arm();
      }
      sending_ = true;
    }
    send(telemetry::encode_otlp(*batch, options_.resource));
  }

  void send(std::string body) {
    io::http_request request{.method = "POST",
                             .url = options_.endpoint,
                             .body = std::move(body),
                             .timeouts = {.connect = options_.timeout, .total = options_.timeout},
                             .ca_file = options_.ca_file};
    request.headers.push_back({"Content-Type", "application/json"});
    for (const auto& [name, value] : options_.headers) request.headers.push_back({name, value});
    const auto state = std::make_shared<request_state>();
    static_cast<void>(
        client_.start(std::move(request),
                      {.on_headers = [state](const io::http_head& head) { state->head = head; },
                       .on_data =
                           [state](std::string_view bytes) {
                             state->body += bytes.substr(0, most_of_answer - state->body.size());
                             return true;
                           },
                       .on_end = [this, state](const io::http_end& how) { heard(*state, how); }}));
  }

  void heard(const request_state& state, const io::http_end& how) {
    std::string trouble;
    {
      const std::lock_guard lock{mutex_};
      if (closing_) return;
      trouble = judge(state, how);
    }
    tell(trouble);  // before a flush may return
    const std::lock_guard lock{mutex_};
    sending_ = false;
    changed_.notify_all();
    arm();
  }

  /// The lock is held. Returns what was wrong; empty: nothing.
  std::string judge(const request_state& state, const io::http_end& how) {
    const int status = state.head.status;
    if (how.failure) {
      outbox_.failed(how.passing, std::nullopt, client_.now(), share());
      return how.failure->message();
    }
    if (status < 200 || status > 299) {
      outbox_.failed(is_passing_status(status),
                     providers::retry_after(state.head, std::chrono::system_clock::now()),
                     client_.now(), share());
      return "it answers with status " + std::to_string(status) + shown(state.body);
    }
    const auto answer = telemetry::read_otlp_answer(state.body);
    outbox_.taken(answer.rejected);
    if (answer.rejected == 0) return {};
    return "it rejected " + std::to_string(answer.rejected) + " spans: " + answer.message;
  }

  static std::string shown(const std::string& body) {
    if (body.empty()) return {};
    std::string text = body.substr(0, shown_of_refusal);
    std::replace_if(
        text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c > 0x7e; }, ' ');
    return ": " + text;
  }

  /// On the loop's thread: when it fails after it had worked, and the other way round.
  void tell(const std::string& trouble) {
    const bool works = trouble.empty();
    if (works == told_works_ || !options_.on_change) return;
    const auto now = client_.now();
    if (told_at_ && now - *told_at_ < between_news) return;
    told_at_ = now;
    told_works_ = works;
    options_.on_change(works,
                       where_ + (works ? " takes traces again" : " takes no traces: " + trouble));
  }

  double share() { return std::uniform_real_distribution<>{0, 1}(random_); }

  const otlp_options options_;
  const std::string where_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  telemetry::span_outbox outbox_;
  bool sending_ = false;
  bool closing_ = false;
  std::optional<io::event_loop::timer_id> timer_;
  io::steady_time timer_due_{};
  std::minstd_rand random_{std::random_device{}()};
  bool told_works_ = true;
  std::optional<io::steady_time> told_at_;
  io::http_client client_{};  ///< the last: it joins its thread before the others go
};

otlp_exporter::otlp_exporter(otlp_options options)
    : parts_(std::make_unique<parts>(std::move(options))) {}

otlp_exporter::~otlp_exporter() = default;

void otlp_exporter::ended(span one) noexcept {
  try {
    parts_->push(std::move(one));
  } catch (...) {  // a span is not worth the process's memory
  }
}

bool otlp_exporter::flush(milliseconds within) {
  return parts_->flush(within);
}

otlp_counts otlp_exporter::counts() const {
  return parts_->counts();
}

void otlp_exporter::measure(metrics& to) const {
  static constexpr metric_family exported{"mcp_spans_exported_total", "Spans that were taken."};
  static constexpr metric_family dropped{"mcp_spans_dropped_total",
                                         "Spans without room, refused, or given up."};
  static constexpr metric_family failures{"mcp_span_exports_failed_total",
                                          "Requests with spans that failed."};
  static constexpr metric_family waiting{"mcp_spans_waiting", "Spans that wait.",
                                         metric_family::type::gauge};
  const auto now = counts();
  to.set(exported, {}, static_cast<double>(now.exported));
  to.set(dropped, {}, static_cast<double>(now.dropped));
  to.set(failures, {}, static_cast<double>(now.failures));
  to.set(waiting, {}, static_cast<double>(now.waiting));
}

}  // namespace mcp
