"""The helper functions that go before kernels: bfloat16, rounding to float16, Philox. Only those that a kernel names
are kept.
"""

from __future__ import annotations

from .names import vector

HEADER = """#pragma OPENCL FP_CONTRACT OFF
#ifdef cl_khr_fp64
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#endif
"""


def _functions(width: int) -> dict[str, str]:
    s = "" if width == 1 else str(width)
    f, u, us, d = (vector(name, width) for name in ("float", "uint", "ushort", "double"))
    pick = "({} ? {} : {})" if width == 1 else "select({2}, {1}, {0})"
    nan = pick.format("x != x", "(u >> 16) | 0x40u", "(u + 0x7fffu + ((u >> 16) & 1u)) >> 16")
    if width > 1:
        nan = "select((u + 0x7fffu + ((u >> 16) & 1u)) >> 16, (u >> 16) | 0x40u, x != x)"
        odd = f"select(y, as_{f}(as_{u}(y) | 1u), convert_int{s}((convert_{d}(y) != x) & (x == x)))"
    else:
        odd = "((double)y != x && x == x) ? as_float(as_uint(y) | 1u) : y"
    return {
        f"weft_brain{s}": f"{us} weft_brain{s}({f} x) {{ {u} u = as_{u}(x); return convert_{us}({nan}); }}\n",
        # Without the step through 16 bits, on which Intel's vectoriser has crashed.
        f"weft_rebrain{s}": f"{f} weft_rebrain{s}({f} x) {{ {u} u = as_{u}(x); return as_{f}(({nan}) << 16); }}\n",
        f"weft_unbrain{s}": f"{f} weft_unbrain{s}({us} h) {{ return as_{f}(convert_{u}(h) << 16); }}\n",
        f"weft_half{s}": f"{f} weft_half{s}({f} x) {{ ushort h[{width}]; vstore_half{s}_rte(x, 0, (half*)h);"
        f" return vload_half{s}(0, (half*)h); }}\n",
        f"weft_half{s}_d": f"{f} weft_half{s}_d({d} x) {{ ushort h[{width}]; vstore_half{s}_rte(x, 0, (half*)h);"
        f" return vload_half{s}(0, (half*)h); }}\n",
        # Rounded to odd, so that one more rounding gives what a single one would have given.
        f"weft_odd{s}": f"{f} weft_odd{s}({d} x) {{ {f} y = convert_{f}_rtz(x); return {odd}; }}\n",
    }


_PHILOX = """uint weft_philox(ulong counter, ulong key, int word) {
  uint x0 = (uint)counter, x1 = (uint)(counter >> 32), x2 = 0, x3 = 0, k0 = (uint)key, k1 = (uint)(key >> 32);
  for (int i = 0; i < 10; ++i) {
    uint h0 = mul_hi(0xD2511F53u, x0), l0 = 0xD2511F53u * x0, h1 = mul_hi(0xCD9E8D57u, x2), l1 = 0xCD9E8D57u * x2;
    x0 = h1 ^ x1 ^ k0; x1 = l1; x2 = h0 ^ x3 ^ k1; x3 = l0;
    k0 += 0x9E3779B9u; k1 += 0xBB67AE85u;
  }
  return word == 0 ? x0 : word == 1 ? x1 : word == 2 ? x2 : x3;
}
"""

_ALL = {**_functions(1), **_functions(16), "weft_philox": _PHILOX}


def with_prelude(source: str) -> str:
    used = [text for name, text in _ALL.items() if f"{name}(" in source]
    return HEADER + "".join(used) + source
