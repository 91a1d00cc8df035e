// The C table: every function guards against exceptions and hands on to the part that does the work.
#include <atomic>
#include <cstdio>
#include <cstring>

#include "error.h"
#include "executable.h"
#include "memory.h"
#include "program.h"

namespace weft::cpu {

namespace {

std::atomic<int32_t> failed_code{0};

const char* const kinds[] = {"loop", "gemm", "conv", "sort", "scan", "scatter", nullptr};
const char* const extra[] = {"philox", nullptr};

const weft_capabilities capabilities = {
    .header = {WEFT_ABI_MAJOR, sizeof(weft_capabilities)},
    .dtypes = (1u << storage_count) - 1,
    .kinds = kinds,
    .extra = extra,
    .max_args = 64,
    .max_param_words = 4096,
    .max_registers = 64,
    .max_instrs = 4096,
    .local_memory = 0,
    .max_alloc = 0,
    .alignment = 64,
    .shared_memory = 1,
};

const char* cpu_name() {
  static const struct Name {
    char text[128] = "CPU";
    Name() {
      std::FILE* f = std::fopen("/proc/cpuinfo", "r");
      if (!f) return;
      char line[256];
      while (std::fgets(line, sizeof line, f)) {
        const char* colon = std::strchr(line, ':');
        if (std::strncmp(line, "model name", 10) != 0 || !colon) continue;
        std::snprintf(text, sizeof text, "%s", colon + 2);
        text[std::strcspn(text, "\n")] = 0;
        break;
      }
      std::fclose(f);
    }
  } name;
  return name.text;
}

Buffer* buffer_of(weft_buffer b) { return static_cast<Buffer*>(b); }

int32_t device_count() { return 1; }

int32_t device_info(int32_t device, weft_device_info* out) {
  return guarded(int32_t(1), [&]() -> int32_t {
    if (device != 0) throw Error("there is one CPU device, 0");
    const char* why = "";
    if (!isa_table(&why)) throw Error(why);
    out->name = cpu_name();
    out->kind = "cpu";
    out->memory = total_memory();
    return 0;
  });
}

weft_buffer alloc(int32_t, int64_t bytes) {
  return guarded(weft_buffer(nullptr), [&]() -> weft_buffer { return alloc_buffer(bytes); });
}

void free(int32_t, weft_buffer buffer) { free_buffer(buffer_of(buffer)); }

void check_range(const Buffer* buffer, int64_t offset, int64_t bytes) {
  if (!buffer || offset < 0 || bytes < 0 || offset + bytes > buffer->bytes) throw Error("copy: outside the buffer");
}

int32_t copy_in(int32_t, weft_buffer dst, int64_t offset, const void* src, int64_t bytes) {
  return guarded(int32_t(1), [&]() -> int32_t {
    check_range(buffer_of(dst), offset, bytes);
    if (bytes > 0) std::memcpy(static_cast<char*>(buffer_of(dst)->data) + offset, src, size_t(bytes));
    return 0;
  });
}

int32_t copy_out(int32_t, void* dst, weft_buffer src, int64_t offset, int64_t bytes) {
  return guarded(int32_t(1), [&]() -> int32_t {
    check_range(buffer_of(src), offset, bytes);
    if (bytes > 0) std::memcpy(dst, static_cast<const char*>(buffer_of(src)->data) + offset, size_t(bytes));
    return 0;
  });
}

weft_program compile(int32_t, const weft_kernel* kernel) {
  return guarded(weft_program(nullptr), [&]() -> weft_program { return compile_program(*kernel).release(); });
}

void free_program(weft_program program) { delete static_cast<Program*>(program); }

weft_executable load(int32_t, const weft_plan* plan) {
  return guarded(weft_executable(nullptr), [&]() -> weft_executable { return load_plan(*plan); });
}

void unload(weft_executable executable) { delete static_cast<Executable*>(executable); }

int32_t run(weft_executable executable, const weft_buffer* buffers, const int64_t* params, double* seconds) {
  return guarded(int32_t(1), [&]() -> int32_t {
    const int32_t code = run_plan(*static_cast<Executable*>(executable), reinterpret_cast<Buffer* const*>(buffers), params, seconds);
    int32_t none = 0;
    if (code) failed_code.compare_exchange_strong(none, code);
    return 0;
  });
}

int32_t wait(int32_t) { return 0; }  // run returns when the work is done

int32_t status(int32_t) { return failed_code.exchange(0); }

void* export_host(int32_t, weft_buffer buffer) { return buffer ? buffer_of(buffer)->data : nullptr; }

weft_buffer import_host(int32_t, void* data, int64_t bytes) {
  return guarded(weft_buffer(nullptr), [&]() -> weft_buffer { return new Buffer{data, bytes, false}; });
}

int32_t threads(int32_t count) {
  if (count > 0) set_thread_count(count);
  return thread_count();
}

const weft_backend backend = {
    .header = {WEFT_ABI_MAJOR, sizeof(weft_backend)},
    .name = "cpu",
    .capabilities = &capabilities,
    .last_error = last_error,
    .device_count = device_count,
    .device_info = device_info,
    .alloc = alloc,
    .free = free,
    .copy_in = copy_in,
    .copy_out = copy_out,
    .compile = compile,
    .free_program = free_program,
    .load = load,
    .unload = unload,
    .run = run,
    .wait = wait,
    .status = status,
    .export_host = export_host,
    .import_host = import_host,
    .threads = threads,
};

}  // namespace

}  // namespace weft::cpu

extern "C" __attribute__((visibility("default"))) const weft_backend* weft_backend_v1(void) { return &weft::cpu::backend; }
