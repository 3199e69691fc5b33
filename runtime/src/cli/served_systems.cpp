#include "cli/served_systems.hpp"

#include "cluster_file/store_place.hpp"
#include "cluster_file/yaml_tree.hpp"
#include "system/content_hash.hpp"
#include "system/open_store.hpp"

#include <algorithm>
#include <filesystem>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

namespace mcp::cluster {
namespace {

constexpr std::size_t most_refused = 10'000;
constexpr std::chrono::seconds longest_wait_to_load{300};
constexpr int most_doublings = 8;

/// A run that goes on, from now on one of `runs`.
void take_up(const cluster_system& system, kept_files* files, run_ledger& runs,
             const run_handle<json_state>& run) {
  spdlog::info("goes on with thread {}", run.thread_id());
  try {
    if (files != nullptr) files->pin(system.name(), run.thread_id(), system.content_hash());
  } catch (const error& what) {
    spdlog::warn("thread {} is not pinned to the file: {}", run.thread_id(), what.what());
  }
  runs.follow(system, run);
}

/// Whether trying again would end the same way.
bool is_for_good(errc what) {
  return what == errc::invalid_cluster_file || what == errc::invalid_plugin ||
         what == errc::unknown_version;
}

}  // namespace

served_systems::served_systems(settings how, std::shared_ptr<run_ledger> runs)
    : how_(std::move(how)), runs_(std::move(runs)) {
  checkpoints_ = open_checkpoints(how_.store, store_access::change, how_.server);
  if (checkpoints_) files_ = open_kept_files(how_.store);
  runs_->when_one_ends([this] {
    if (wants_room_.exchange(false)) look_soon();
  });
  if (!checkpoints_) return;
  watch_ = checkpoints_->watch([this](store_news news) {
    if (news == store_news::freed) return look_soon();
    if (how_.on_lost) how_.on_lost();
  });
}

void served_systems::begin() {
  if (how_.own) start(*how_.own);
  closed_ = false;
  look_for_waiting();
}

served_systems::~served_systems() {
  close();
  watch_.reset();
  runs_->when_one_ends(nullptr);
  looker_.join();
}

void served_systems::close() {
  closed_ = true;
}

void served_systems::hand_over(bool now) {
  close();
  for (const auto& one : loaded()) one->executor().base().hand_over(now);
}

std::optional<run_record> served_systems::last_run(const std::string& thread) const {
  return checkpoints_ ? checkpoints_->last_run(thread) : std::nullopt;
}

std::vector<std::string> served_systems::servers() const {
  return checkpoints_ && trouble().empty() ? checkpoints_->owners() : std::vector<std::string>{};
}

std::string served_systems::trouble() const {
  return checkpoints_ ? checkpoints_->trouble() : std::string{};
}

void served_systems::start(cluster_system& system) {
  service_options service;
  service.server = how_.server;
  service.metrics = how_.counts;
  service.spans = how_.spans;
  service.pin_versions = true;
  service.checkpoints = checkpoints_;
  service.files = files_;
  service.agents = agents_of(system.name());
  // The system outlives the calls: it waits for them before it is gone.
  service.on_recovered = [&system, files = files_, runs = runs_](const run_handle_base& run) {
    take_up(system, files.get(), *runs, run_handle<json_state>{run});
  };
  system.serve_with(std::move(service));
  for (const auto& run : system.executor().recovered()) {
    take_up(system, files_.get(), *runs_, run);
  }
}

std::shared_ptr<agent_system> served_systems::agents_of(const std::string& name) {
  for (const auto& one : loaded()) {
    if (one->name() != name) continue;
    if (auto agents = one->agents()) return agents;
  }
  return nullptr;
}

template <class Fits>
std::shared_ptr<cluster_system> served_systems::find(Fits fits) {
  if (how_.own && fits(*how_.own)) return how_.own;
  const std::lock_guard lock{mutex_};
  for (auto& [key, one] : others_) {
    if (!fits(*one.system)) continue;
    one.used = ++last_use_;
    return one.system;
  }
  return nullptr;
}

std::shared_ptr<cluster_system> served_systems::of_text(const std::string& path, std::string text) {
  if (text.size() > max_yaml_bytes) {
    throw error{errc::too_large, "the text of " + path + " has " + std::to_string(text.size()) +
                                     " bytes; a cluster file has at most " +
                                     std::to_string(max_yaml_bytes)};
  }
  const auto same = [&, hash = content_hash(text)](const cluster_system& one) {
    return one.content_hash() == hash && std::filesystem::absolute(one.path()) == path;
  };
  if (auto known = find(same)) return known;
  const std::lock_guard lock{loading_mutex_};
  if (auto known = find(same)) return known;
  auto made = load(path, std::move(text));
  if (how_.own && made->name() != how_.own->name()) {
    throw error{errc::invalid_argument,
                path + " is the system \"" + made->name() + "\", and this server serves \"" +
                    how_.own->name() +
                    "\" in any version; a server that was started without a "
                    "file takes any system"};
  }
  if (auto known = find(made->name(), made->version())) return known;
  return add(std::move(made));
}

std::shared_ptr<cluster_system> served_systems::of_thread(const std::string& thread) {
  const auto run = last_run(thread);
  const auto version = run ? pinned_version(*run) : std::string{};
  const auto& own = how_.own;
  if (version.empty() && own) return own;
  if (!run) throw error{errc::unknown_thread, "no run of thread \"" + thread + "\" is stored"};
  if (version.empty()) {
    throw error{errc::unknown_version, "run " + run->run_id + " of thread \"" + thread +
                                           "\" is pinned to no version of \"" + run->graph +
                                           "\"; a server of that file can go on with it"};
  }
  if (own && run->graph != own->name()) {
    throw error{errc::invalid_argument, "thread \"" + thread + "\" is of the system \"" +
                                            run->graph + "\", and this server serves \"" +
                                            own->name() + "\""};
  }
  if (auto known = find(run->graph, version)) return known;
  const std::lock_guard lock{loading_mutex_};
  if (auto known = find(run->graph, version)) return known;
  return load_kept(run->graph, version);
}

std::vector<std::shared_ptr<cluster_system>> served_systems::loaded() {
  const std::lock_guard lock{mutex_};
  std::vector<std::shared_ptr<cluster_system>> all;
  if (how_.own) all.push_back(how_.own);
  for (const auto& [key, one] : others_) all.push_back(one.system);
  return all;
}

std::shared_ptr<cluster_system> served_systems::find(const std::string& name,
                                                     const std::string& version) {
  return find(
      [&](const cluster_system& one) { return one.name() == name && one.version() == version; });
}

// Whoever calls these holds the lock of loading.

std::shared_ptr<cluster_system> served_systems::load(const std::string& path, std::string text) {
  auto options = how_.load;
  options.text = std::move(text);
  options.store_path = how_.store;
  auto made = cluster_system::load(path, options);
  for (const auto& warning : made->warnings()) spdlog::warn("{}", to_text(warning));
  return made;
}

std::shared_ptr<cluster_system> served_systems::load_kept(const std::string& name,
                                                          const std::string& version) {
  auto kept = files_ ? files_->find(name, version) : std::nullopt;
  if (!kept) {
    throw error{errc::unknown_version,
                "version " + version + " of \"" + name + "\" is not kept in the store"};
  }
  return add(load(kept->path, std::move(kept->text)));
}

std::shared_ptr<cluster_system> served_systems::add(std::shared_ptr<cluster_system> made) {
  make_room();
  start(*made);
  spdlog::info("serves version {} of \"{}\", too", made->version(), made->name());
  const std::lock_guard lock{mutex_};
  others_[{made->name(), made->version()}] = {made, ++last_use_};
  return made;
}

void served_systems::make_room() {
  std::shared_ptr<cluster_system> unloaded;  // ends outside of the lock: its servers may take time
  const std::lock_guard lock{mutex_};
  if (others_.size() < how_.most) return;
  auto idle = others_.end();
  for (auto one = others_.begin(); one != others_.end(); ++one) {
    const auto& system = one->second.system;  // which nobody else can take hold of meanwhile
    if (system.use_count() > 1 || system->has_agents() || runs_->is_busy(*system)) continue;
    if (idle == others_.end() || one->second.used < idle->second.used) idle = one;
  }
  if (idle == others_.end()) {
    throw error{errc::overloaded, std::to_string(how_.most) +
                                      " other systems are loaded, as many as may be, and all have "
                                      "runs under way or agents; try again when some runs have "
                                      "ended"};
  }
  spdlog::info("unloads version {} of \"{}\", which has no run under way", idle->first.second,
               idle->first.first);
  unloaded = std::move(idle->second.system);
  others_.erase(idle);
}

std::set<served_systems::key> served_systems::waiting() {
  run_query query{.statuses = {run_status::accepted, run_status::running},
                  .unclaimed = true,
                  .limit = 1'000'000};
  if (how_.own) query.graph = how_.own->name();
  const auto now = std::chrono::steady_clock::now();
  std::set<key> found;
  for (const auto& run : checkpoints_->runs(query)) {
    auto version = pinned_version(run);
    if (version.empty() && how_.own) continue;  // its own system takes it
    key one{run.graph, std::move(version)};
    const auto refused = refused_.find(one);
    if (find(one.first, one.second) || (refused != refused_.end() && refused->second.again > now))
      continue;
    found.insert(std::move(one));
  }
  return found;
}

void served_systems::look_for_waiting() {
  const std::lock_guard lock{loading_mutex_};
  if (closed_ || !checkpoints_) return;
  for (const auto& one : waiting()) {
    const auto& [name, version] = one;
    try {
      if (version.empty()) throw error{errc::unknown_version, "they are pinned to no version"};
      wants_room_ = true;  // before it is looked for: a run may end meanwhile
      static_cast<void>(load_kept(name, version));
      wants_room_ = false;
      refused_.erase(one);
    } catch (const error& what) {
      if (what.code() == errc::overloaded) return;
      wants_room_ = false;
      spdlog::error("runs of version {} of \"{}\" wait: {}", version, name, what.what());
      refuse(one, is_for_good(what.code()));
    }
  }
}

void served_systems::refuse(const key& one, bool for_good) {
  if (refused_.size() >= most_refused && !refused_.contains(one)) return;
  auto& known = refused_[one];
  const std::chrono::seconds wait{1 << std::min(known.tries++, most_doublings)};
  known.again = for_good ? std::chrono::steady_clock::time_point::max()
                         : std::chrono::steady_clock::now() + std::min(wait, longest_wait_to_load);
}

void served_systems::look_soon() {
  const std::lock_guard lock{looking_mutex_};
  if (std::exchange(looks_, true)) return;
  boost::asio::post(looker_, [this] {
    {
      const std::lock_guard begun{looking_mutex_};
      looks_ = false;
    }
    try {
      look_for_waiting();
    } catch (const std::exception& what) {  // they are told of again
      spdlog::warn("unfinished runs cannot be looked for: {}", what.what());
    }
  });
}

}  // namespace mcp::cluster
