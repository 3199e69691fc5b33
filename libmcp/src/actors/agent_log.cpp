#include "actors/agent_log.hpp"

#include "core/agent_address.hpp"
#include "core/ids.hpp"

#include <algorithm>

namespace mcp::actors {
namespace {

/// In place of an address, none of which begins like this.
const std::string place_of_stops = "/stopped";

std::string graph_of(std::string_view type) {
  return "agent " + std::string{type};
}

}  // namespace

agent_log::agent_log(runtime& owner, std::shared_ptr<checkpoint_store> store, std::string name)
    : owner_(owner),
      name_(std::move(name)),
      claim_("agent system " + name_),
      writer_(owner.writer_for(store)) {
  if (!store->claim(claim_)) {
    throw error{errc::thread_busy,
                "another agent system \"" + name_ + "\" is at work on this store"};
  }
}

agent_log::~agent_log() {
  try {
    if (!writer_->direct()) writer_->write_and_wait({});
  } catch (const std::exception&) {  // the agents have heard of it
  }
  writer_->store()->release(claim_);
}

std::string agent_log::thread_of(std::string_view address) const {
  return name_ + "/" + std::string{address};
}

stored_agent agent_log::load(const agent_spec& spec, const std::string& address, value fresh) {
  stored_agent result;
  result.state = std::move(fresh);
  auto& store = *writer_->store();
  const auto thread = thread_of(address);
  const auto found = store.load(thread, "");
  if (!found) return result;
  result.entry = {.anchor = found->info.id, .listed = store.run(thread)};
  for (const auto& one : found->journal) {
    if (one.key != core::agent_state_key) continue;
    result.handled = core::decode_agent_state(one.body, result.state);
  }
  for (const auto& one : found->journal) {
    if (one.key == core::agent_state_key) continue;
    if (core::decode_agent_mail_number(one.body) <= result.handled) continue;
    result.mails.push_back(core::decode_agent_mail(one.body, one.key, spec));
  }
  std::sort(result.mails.begin(), result.mails.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
  return result;
}

std::vector<agent_log::listed_agent> agent_log::listed(const std::string& type) {
  std::vector<listed_agent> result;
  const auto prefix = name_ + "/";
  const auto runs =
      writer_->store()->runs({.graph = graph_of(type),
                              .statuses = {run_status::running, run_status::interrupted},
                              .limit = 1'000'000});
  for (const auto& run : runs) {
    if (!run.run_id.starts_with(prefix)) continue;
    result.push_back({.address = run.run_id.substr(prefix.size()),
                      .topics = from_cbor<std::vector<std::string>>(run.body),
                      .waiting = run.status == run_status::running});
  }
  return result;
}

bool agent_log::waits(const std::string& address) {
  const auto run = writer_->store()->run(thread_of(address));
  return run && run->status == run_status::running;
}

std::vector<core::stop_record> agent_log::stops(agent_entry& entry) {
  std::vector<core::stop_record> result;
  const auto found = writer_->store()->load(thread_of(place_of_stops), "");
  if (!found) return result;
  entry.anchor = found->info.id;
  for (const auto& one : found->journal) {
    result.push_back(core::decode_stop_record(one.key, one.body));
  }
  return result;
}

void agent_log::add_stop(std::vector<store_write>& to, agent_entry& entry,
                         const core::stop_record& stop) {
  add_anchor(to, entry, place_of_stops);
  to.emplace_back(put_journal{.thread_id = thread_of(place_of_stops),
                              .checkpoint = entry.anchor,
                              .entry = {journal_kind::effect, core::stop_record_key(stop.slot),
                                        core::encode_stop_record(stop)}});
}

void agent_log::add_anchor(std::vector<store_write>& to, agent_entry& entry,
                           const std::string& address) {
  if (entry.anchor) return;
  const auto now = owner_.clock().wall();
  entry.anchor =
      core::next_checkpoint_id({}, now, static_cast<std::uint32_t>(owner_.clock().random()));
  put_checkpoint put;
  put.thread_id = thread_of(address);
  put.info = {.id = entry.anchor,
              .source = checkpoint_source::input,
              .run_id = put.thread_id,
              .created = now};
  put.body = to_cbor(std::string{"agent"});
  to.emplace_back(std::move(put));
}

void agent_log::add_state(std::vector<store_write>& to, agent_entry& entry,
                          const std::string& address, std::string state) {
  add_anchor(to, entry, address);
  to.emplace_back(
      put_journal{.thread_id = thread_of(address),
                  .checkpoint = entry.anchor,
                  .entry = {journal_kind::effect, core::agent_state_key, std::move(state)}});
}

void agent_log::add_mail(std::vector<store_write>& to, agent_entry& entry,
                         const std::string& address, const core::log_order& order) {
  add_anchor(to, entry, address);
  to.emplace_back(put_journal{.thread_id = thread_of(address),
                              .checkpoint = entry.anchor,
                              .entry = {journal_kind::effect, core::agent_mail_key(order.slot),
                                        core::encode_agent_mail(order)}});
}

void agent_log::add_listing(std::vector<store_write>& to, agent_entry& entry,
                            const std::string& address, const std::vector<std::string>& topics,
                            bool waiting) {
  const auto status = waiting          ? run_status::running
                      : topics.empty() ? run_status::done
                                       : run_status::interrupted;
  auto body = to_cbor(topics);
  if (entry.listed ? entry.listed->status == status && entry.listed->body == body
                   : status == run_status::done) {
    return;
  }
  const auto now = owner_.clock().wall();
  if (!entry.listed) {
    entry.listed.emplace();
    entry.listed->run_id = entry.listed->thread_id = thread_of(address);
    entry.listed->graph = graph_of(core::parse_agent_address(address).type);
    entry.listed->created = now;
  }
  entry.listed->status = status;
  entry.listed->body = std::move(body);
  entry.listed->updated = now;
  add_anchor(to, entry, address);
  to.emplace_back(put_run{*entry.listed});
}

}  // namespace mcp::actors
