#include "core/checkpoint_codec.hpp"
#include "core/stored_value.hpp"

namespace mcp::core {
namespace {

constexpr const char* options_text = "the options of a run";

// Keys of the options and of the budget within them: docs/checkpoint-format.md, section 5.
constexpr std::string_view key_thread = "t";
constexpr std::string_view key_recursion_limit = "l";
constexpr std::string_view key_durability = "d";
constexpr std::string_view key_deadline = "m";
constexpr std::string_view key_due = "w";
constexpr std::string_view key_version = "g";
constexpr std::string_view key_traceparent = "p";
constexpr std::string_view key_budget = "b";
constexpr std::string_view key_interrupt_before = "x";
constexpr std::string_view key_interrupt_after = "y";
constexpr std::string_view key_events = "e";
constexpr std::string_view key_event_capacity = "q";
constexpr std::string_view key_steps = "s";
constexpr std::string_view key_node_calls = "c";
constexpr std::string_view key_counters = "k";

void write_budget(cbor_writer& w, const run_budget& budget) {
  w.map(3);
  w.text(key_steps);
  w.integer(budget.steps);
  w.text(key_node_calls);
  w.integer(budget.node_calls);
  w.text(key_counters);
  write_counters(w, budget.counters);
}

run_budget read_budget(cbor_reader& r) {
  run_budget budget;
  read_entries(r, [&](std::string_view key) {
    if (key == key_steps) {
      budget.steps = r.integer();
    } else if (key == key_node_calls) {
      budget.node_calls = r.integer();
    } else if (key == key_counters) {
      budget.counters = read_counters(r);
    } else {
      r.skip();
    }
  });
  return budget;
}

durability read_durability(cbor_reader& r) {
  const auto number = r.unsigned_integer();
  if (number > static_cast<std::uint64_t>(durability::exit)) r.fail("an unknown durability");
  return static_cast<durability>(number);
}

}  // namespace

std::string encode_options(const run_options& options, std::optional<store_time> due,
                           std::string_view version) {
  cbor_writer w;
  const run_options usual;
  const bool recorded = options.events != usual.events;
  const bool capacity = options.event_capacity != usual.event_capacity;
  w.map(7 + static_cast<std::size_t>(recorded) + static_cast<std::size_t>(capacity) +
        static_cast<std::size_t>(due.has_value()) + static_cast<std::size_t>(!version.empty()) +
        static_cast<std::size_t>(!options.traceparent.empty()));
  w.text(key_thread);
  w.text(options.thread_id);
  w.text(key_recursion_limit);
  w.integer(options.recursion_limit);
  w.text(key_durability);
  w.integer(static_cast<std::int64_t>(options.durability));
  w.text(key_deadline);
  w.integer(options.deadline.count());
  w.text(key_budget);
  write_budget(w, options.budget);
  w.text(key_interrupt_before);
  write_texts(w, options.interrupt_before);
  w.text(key_interrupt_after);
  write_texts(w, options.interrupt_after);
  if (recorded) {
    w.text(key_events);
    w.integer(options.events);
  }
  if (capacity) {
    w.text(key_event_capacity);
    w.unsigned_integer(options.event_capacity);
  }
  if (due) {
    w.text(key_due);
    w.integer(due->time_since_epoch().count());
  }
  if (!version.empty()) {
    w.text(key_version);
    w.text(version);
  }
  if (!options.traceparent.empty()) {
    w.text(key_traceparent);
    w.text(options.traceparent);
  }
  return w.take();
}

run_options decode_options(std::string_view body) {
  return read_stored(options_text, body, [&](cbor_reader& r) {
    run_options options;
    read_entries(r, [&](std::string_view key) {
      if (key == key_thread) {
        options.thread_id = r.text();
      } else if (key == key_recursion_limit) {
        options.recursion_limit = r.integer();
      } else if (key == key_durability) {
        options.durability = read_durability(r);
      } else if (key == key_deadline) {
        options.deadline = milliseconds{r.integer()};
      } else if (key == key_budget) {
        options.budget = read_budget(r);
      } else if (key == key_interrupt_before) {
        options.interrupt_before = read_texts(r);
      } else if (key == key_interrupt_after) {
        options.interrupt_after = read_texts(r);
      } else if (key == key_events) {
        options.events = static_cast<event_mask>(r.unsigned_integer() & all_events);
      } else if (key == key_event_capacity) {
        options.event_capacity = static_cast<std::size_t>(r.unsigned_integer());
      } else if (key == key_traceparent) {
        options.traceparent = r.text();
      } else {
        r.skip();
      }
    });
    return options;
  });
}

std::string decode_version(std::string_view body) {
  return read_stored(options_text, body, [&](cbor_reader& r) {
    std::string version;
    read_entries(r, [&](std::string_view key) {
      if (key == key_version) {
        version = r.text();
      } else {
        r.skip();
      }
    });
    return version;
  });
}

std::optional<store_time> decode_due(std::string_view body) {
  return read_stored(options_text, body, [&](cbor_reader& r) {
    std::optional<store_time> due;
    read_entries(r, [&](std::string_view key) {
      if (key == key_due) {
        due = store_time{milliseconds{r.integer()}};
      } else {
        r.skip();
      }
    });
    return due;
  });
}

}  // namespace mcp::core
