#include "runtime/trace.h"

#include <atomic>
#include <mutex>
#include <vector>

namespace weft {

static thread_local uint32_t t_trace = 0;
static std::atomic<uint32_t> g_traces{0};
uint32_t trace_id() { return t_trace; }
uint32_t begin_trace() { return t_trace = ++g_traces; }
void set_trace(uint32_t id) { t_trace = id; }

static thread_local int t_evaluating = 0;
bool evaluating() { return t_evaluating > 0; }
Evaluating::Evaluating() { ++t_evaluating; }
Evaluating::~Evaluating() { --t_evaluating; }

static std::atomic<SiteHook> g_hook{nullptr};
static std::mutex g_mutex;
static std::vector<std::string> g_sites{"unknown line"};

void set_site_hook(SiteHook hook) { g_hook = hook; }

uint32_t trace_site() {
  SiteHook hook = g_hook.load(std::memory_order_relaxed);
  return hook ? hook() : 0;
}

uint32_t intern_site(const std::string& text) {
  std::lock_guard lock(g_mutex);
  for (uint32_t i = 0; i < g_sites.size(); ++i)
    if (g_sites[i] == text) return i;
  g_sites.push_back(text);
  return uint32_t(g_sites.size() - 1);
}

std::string site_text(uint32_t site) {
  std::lock_guard lock(g_mutex);
  return g_sites[site < g_sites.size() ? site : 0];
}

}  // namespace weft
