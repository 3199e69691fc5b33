#include "report.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include <nlohmann/json.hpp>
#include <sys/vfs.h>

namespace bench {
namespace {

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown processor";
}

std::string compiler() {
#if defined(__clang__)
  return std::string("clang ") + __clang_version__;
#else
  return std::string("g++ ") + __VERSION__;
#endif
}

std::string build_type() {
#if defined(__OPTIMIZE__) && defined(NDEBUG)
  return "optimised";
#elif defined(__OPTIMIZE__)
  return "optimised, with assertions";
#else
  return "not optimised";
#endif
}

std::string temporary_file_system() {
  struct statfs about {};
  if (statfs(std::filesystem::temp_directory_path().c_str(), &about) != 0) return "unknown";
  switch (static_cast<unsigned long>(about.f_type)) {
    case 0x01021994:
      return "tmpfs (memory)";
    case 0xEF53:
      return "ext4";
    case 0x9123683E:
      return "btrfs";
    case 0x58465342:
      return "xfs";
    case 0x794C7630:
      return "overlay";
    default:
      return "other";
  }
}

// Three significant digits, without an exponent.
std::string figure(double value) {
  const double size = std::abs(value);
  const int decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string with_spread(const std::optional<statistic>& measured) {
  if (!measured) return "-";
  char text[32];
  std::snprintf(text, sizeof text, " +-%2.0f%%", measured->spread * 50);
  return figure(measured->median) + text;
}

constexpr std::size_t columns = 7;
using cells = std::array<std::string, columns>;

cells cells_of(const row& measured) {
  return {measured.name,
          measured.value ? with_spread(measured.value) : "failed",
          measured.unit,
          with_spread(measured.floor),
          measured.ratio ? figure(*measured.ratio) : "-",
          !measured.met   ? ""
          : *measured.met ? "met"
                          : "MISSED",
          measured.target};
}

std::string line_of(const cells& texts, const std::array<std::size_t, columns>& widths) {
  constexpr std::array<bool, columns> right{false, true, false, true, true, false, false};
  std::string line;
  for (std::size_t i = 0; i < columns; ++i) {
    const std::string gap(widths[i] - texts[i].size(), ' ');
    line += right[i] ? gap + texts[i] : texts[i] + gap;
    line += "  ";
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

std::string machine_line() {
  return std::to_string(std::thread::hardware_concurrency()) + " cores, " + processor() + ", " +
         compiler() + ", " + build_type() + ", temporary files on " + temporary_file_system();
}

std::string table(const std::vector<row>& rows) {
  std::vector<cells> lines{{"row", "value", "unit", "floor", "ratio", "", "target"}};
  for (const row& measured : rows) lines.push_back(cells_of(measured));
  std::array<std::size_t, columns> widths{};
  for (const cells& line : lines) {
    for (std::size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string text;
  for (const cells& line : lines) text += line_of(line, widths);
  const auto targets = std::count_if(rows.begin(), rows.end(), [](auto& r) { return !!r.met; });
  const auto met = std::count_if(rows.begin(), rows.end(), [](auto& r) { return r.met == true; });
  if (targets > 0) {
    text += std::to_string(met) + " of " + std::to_string(targets) + " targets met\n";
  }
  return text;
}

std::string json_line(const row& measured) {
  nlohmann::ordered_json line;
  line["row"] = measured.name;
  line["value"] = nullptr;
  if (measured.value) line["value"] = measured.value->median;
  line["unit"] = measured.unit;
  line["floor"] = nullptr;
  if (measured.floor) line["floor"] = measured.floor->median;
  line["ratio"] = nullptr;
  if (measured.ratio) line["ratio"] = *measured.ratio;
  line["target"] = measured.target;
  line["met"] = nullptr;
  if (measured.met) line["met"] = *measured.met;
  return line.dump();
}

}  // namespace bench
