"""Contractions ("gemm" and "conv") in OpenCL C: one template for each class of device.

Both see matrices: m, n and k are the products of their dimensions, and an operand is read through its own access,
windows and bounds included, so a convolution is a matrix product whose left matrix is never stored whole.

    tile    GPU: a work-group computes 64 x 64, 4 x 4 by each item, from tiles of 16 along k in local memory
    panels  CPU: operands are copied into panels (kernels "left" and "right"), then an item computes ROWS x 32 in
    registers
"""

from __future__ import annotations

from weft.backend import Kernel

from .access import Words
from .expressions import Style
from .loops import GUARD, Source, index_type, signature, split
from .names import ITEM_SIZE, REGISTER, UNSIGNED, is_float, vector
from .prelude import with_prelude
from .tape import LANES, TapeWriter

TILE, DEPTH, BLOCK = 64, 16, 4  # of shape "tile"; (TILE / BLOCK) squared items
TILE_ITEMS = (TILE // BLOCK) ** 2
COLUMNS = 2 * LANES  # of a panel of the right operand


def rows_of(kernel: Kernel) -> int:
    """Rows of a panel of the left operand: as many as leave the accumulators in registers."""
    return 12 if ITEM_SIZE[product_type(kernel)] == 4 else 6


def product_type(kernel: Kernel) -> str:
    return next(instr.type for instr in kernel.instrs if instr.op == "reduce.sum")


class ContractionWriter:
    def __init__(self, kernel: Kernel, style: Style) -> None:
        self.kernel = kernel
        self.index = index_type(kernel)
        self.words = Words(self.index)
        self.tape = TapeWriter(kernel, self.words, style)
        nb, nm, nn = (kernel.attrs[name] for name in ("batch", "m", "n"))
        dims = list(range(kernel.outer_rank + kernel.inner_rank))
        self.batch, self.m = dims[:nb], dims[nb : nb + nm]
        self.n, self.k = dims[nb + nm : nb + nm + nn], dims[nb + nm + nn :]
        self.inner, self.epilogue = kernel.stages[0], kernel.stages[1:]
        instrs = kernel.instrs
        self.total = next(i for i, instr in enumerate(instrs) if instr.op == "reduce.sum")
        product = instrs[instrs[self.total].a]
        chains = [self._chain(product.a), self._chain(product.b)]
        swapped = any(instrs[i].op == "load" and instrs[i].imm == 1 for i in chains[0])
        self.chains = chains[::-1] if swapped else chains  # instructions that give the left and the right operand
        self.factors = [product.b, product.a] if swapped else [product.a, product.b]
        self.type = instrs[self.total].type
        self.name = REGISTER[self.type]

    def _chain(self, register: int) -> set[int]:
        if register < 0:
            return set()
        instr = self.kernel.instrs[register]
        return {register} | self._chain(instr.a) | self._chain(instr.b) | self._chain(instr.c)

    def _count(self, dims: list[int]) -> str:
        return " * ".join(["1", *(self.words.number(d) for d in dims)])

    def _coords(self, known: list[int]) -> list[str]:
        return [f"c{d}" if d in known else "0" for d in self.batch + self.m + self.n + self.k]

    def _operand(self, which: int) -> tuple[list[str], str]:
        """The statements that load one element of an operand, and its register."""
        own = self.m if which == 0 else self.n
        lines = self.tape.write(self.inner, self._coords(self.batch + own + self.k), only=self.chains[which])
        return lines, self.tape.registers[self.factors[which]]

    def _add_product(self, total: str, a: str, b: str, width: int = 1) -> str:
        name = vector(self.name, width)
        if is_float(self.type):
            return f"{total} = fma({a}, {b}, {total});"
        unsigned = vector(UNSIGNED[self.type], width)
        return f"{total} = as_{name}(as_{unsigned}({total}) + as_{unsigned}({a}) * as_{unsigned}({b}));"

    def _epilogue(self, total: str, width: int = 1) -> list[str]:
        """What happens to a finished sum, at coordinates that are declared."""
        self.tape.registers[self.total] = total
        self.tape.vectors.discard(self.total)
        lane = -1
        if width > 1:
            self.tape.vectors.add(self.total)
            lane = self.n[0]
        coords = self._coords(self.batch + self.m + self.n)
        return [line for stage in self.epilogue for line in self.tape.write(stage, coords, width, lane)]

    def _kernel(self, name: str, extra: str, body: list[str], head: str = "", attribute: str = "") -> Source:
        text = "\n".join("  " + line for line in body)
        declared = self.words.declarations()
        return Source(
            with_prelude(f"{attribute}{signature(self.kernel, name, extra)} {{\n{head}{GUARD}{declared}{text}\n}}\n"),
            name,
        )

    # ---- GPU
    # ------------------------------------------------------------------------------------------------------------

    def tile(self) -> Source:
        index, words = self.index, self.words
        m, n, k = self._count(self.m), self._count(self.n), self._count(self.k)
        body = [
            "const int item = get_local_id(0);",
            f"const {index} m_count = {m}, n_count = {n}, k_count = {k};",
            f"const {index} m_first = get_group_id(0) * {TILE}, n_first = get_group_id(1) * {TILE};",
            f"{index} p = get_group_id(2) + run;",
            *split(index, "p", self.batch, words),
            f"const int x = item % {TILE // BLOCK}, y = item / {TILE // BLOCK};",
            f"{self.name} sum[{BLOCK}][{BLOCK}];",
            f"for (int i = 0; i < {BLOCK}; ++i) for (int j = 0; j < {BLOCK}; ++j) sum[i][j] = 0;",
            f"for ({index} k_first = 0; k_first < k_count; k_first += {DEPTH}) {{",
            *self._fill_tile(0, "left", "m"),
            *self._fill_tile(1, "right", "n"),
            "barrier(CLK_LOCAL_MEM_FENCE);",
            f"for (int d = 0; d < {DEPTH}; ++d) {{",
            f"{self.name} a[{BLOCK}], b[{BLOCK}];",
            f"for (int i = 0; i < {BLOCK}; ++i) {{ a[i] = left[d][y + i * {TILE // BLOCK}];"
            f" b[i] = right[d][x + i * {TILE // BLOCK}]; }}",
            f"for (int i = 0; i < {BLOCK}; ++i) for (int j = 0; j < {BLOCK}; ++j)"
            f" {self._add_product('sum[i][j]', 'a[i]', 'b[j]')}",
            "}",
            "barrier(CLK_LOCAL_MEM_FENCE);",
            "}",
            f"for (int i = 0; i < {BLOCK}; ++i) for (int j = 0; j < {BLOCK}; ++j) {{",
            f"{index} m = m_first + y + i * {TILE // BLOCK}, n = n_first + x + j * {TILE // BLOCK};",
            "if (m < m_count && n < n_count) {",
            *split(index, "m", self.m, words),
            *split(index, "n", self.n, words),
            f"const {self.name} total = sum[i][j];",
            *self._epilogue("total"),
            "} }",
        ]
        tiles = f"  __local {self.name} left[{DEPTH}][{TILE + 1}], right[{DEPTH}][{TILE + 1}];\n"
        return self._kernel("tile", "", body, head=tiles)

    def _fill_tile(self, which: int, tile: str, letter: str) -> list[str]:
        own = self.m if which == 0 else self.n
        access = self.kernel.accesses[which]
        # Neighbours in memory go to neighbouring items.
        along_k = bool(self.k) and access.stride_classes[self.k[-1]] == 1
        place = f"e / {DEPTH}, d = e % {DEPTH}" if along_k else f"e % {TILE}, d = e / {TILE}"
        lines, value = self._operand(which)
        return [
            f"for (int e = item; e < {TILE * DEPTH}; e += {TILE_ITEMS}) {{ const int f = {place};",
            f"{self.index} {letter} = {letter}_first + f, k = k_first + d;",
            f"{self.name} value = 0;",
            f"if ({letter} < {letter}_count && k < k_count) {{",
            *split(self.index, letter, own, self.words),
            *split(self.index, "k", self.k, self.words),
            *lines,
            f"value = {value}; }}",
            f"{tile}[d][f] = value; }}",
        ]

    # ---- CPU -------------------------------------------------------------------------------------

    def pack(self, which: int) -> Source:
        """Copy rows `first` .. `first + count` of an operand, from `batch` on, into panels: [panel][k][row]."""
        own = self.m if which == 0 else self.n
        wide = rows_of(self.kernel) if which == 0 else COLUMNS
        extra = f", __global {self.name}* panels, const int first, const int count, const int batch"
        lines, value = self._operand(which)
        loops = [f"for ({self.index} c{d} = 0; c{d} < {self.words.number(d)}; ++c{d}) {{" for d in self.k]
        body = [
            "const int row = get_global_id(0);",
            "if (row < count) {",
            f"{self.index} o = first + row, p = batch + get_global_id(1);",
            f"const {self.index} k_count = {self._count(self.k)};",
            f"__global {self.name}* to = panels + (get_global_id(1) * (ulong)count + row / {wide} * {wide}) * k_count"
            f" + row % {wide};",
            *split(self.index, "p", self.batch, self.words),
            f"if (o < {self._count(own)}) {{",
            *split(self.index, "o", own, self.words),
            *loops,
            *lines,
            f"*to = {value}; to += {wide};",
            "}" * len(loops),
            f"}} else for ({self.index} k = 0; k < k_count; ++k) to[k * {wide}] = 0;",
            "}",
        ]
        return self._kernel(("left", "right")[which], extra, body)

    def multiply(self) -> Source:
        """One item: a panel of rows by a panel of columns, then the epilogue of each result."""
        rows, wide = rows_of(self.kernel), vector(self.name, LANES)
        extra = (
            f", __global const {self.name}* left, __global const {self.name}* right"
            ", const int first, const int m_padded, const int n_padded, const int batch"
        )
        index, words = self.index, self.words
        sums = ", ".join(f"s{i}_{h} = 0" for i in range(rows) for h in range(2))
        sites = [(i, h) for i in range(rows) for h in range(2)]
        steps = [self._add_product(f"s{i}_{h}", f"({wide})(a[{i}])", f"b{h}", LANES) for i, h in sites]
        stores = [f"vstore{LANES}(s{i}_{h}, {h}, sum[{i}]);" for i, h in sites]
        vectorised = len(self.n) == 1 and self.tape.can_vectorise(list(self.epilogue), self.n[0], (0, 1, 2))
        body = [
            f"const {index} m_count = {self._count(self.m)}, n_count = {self._count(self.n)},"
            f" k_count = {self._count(self.k)};",
            "const int one = get_global_id(2);",
            f"const ulong a_row = (ulong)one * m_padded + get_global_id(0) * {rows};",
            f"const ulong b_row = (ulong)one * n_padded + get_global_id(1) * {COLUMNS};",
            f"__global const {self.name}* a = left + a_row * k_count;",
            f"__global const {self.name}* b = right + b_row * k_count;",
            f"{wide} {sums};",
            f"for ({index} k = 0; k < k_count; ++k, a += {rows}, b += {COLUMNS}) {{",
            f"const {wide} b0 = vload{LANES}(0, b), b1 = vload{LANES}(1, b);",
            *steps,
            "}",
            f"{self.name} sum[{rows}][{COLUMNS}];",
            *stores,
            f"{index} p = batch + one;",
            *split(index, "p", self.batch, words),
            f"for (int i = 0; i < {rows}; ++i) {{ {index} m = first + get_global_id(0) * {rows} + i;",
            "if (m >= m_count) break;",
            *split(index, "m", self.m, words),
            f"const {index} n_first = get_global_id(1) * {COLUMNS};",
        ]
        if vectorised:
            body += [
                f"for (int h = 0; h < {COLUMNS}; h += {LANES}) if (n_first + h + {LANES} <= n_count) {{",
                f"const {index} c{self.n[0]} = n_first + h;",
                f"const {wide} total = vload{LANES}(0, sum[i] + h);",
                *self._epilogue("total", LANES),
                "} else",
            ]
        else:
            body.append(f"for (int h = 0; h < {COLUMNS}; h += {LANES})")
        body += [
            f"for (int l = h; l < h + {LANES} && n_first + l < n_count; ++l) {{ {index} n = n_first + l;",
            *split(index, "n", self.n, words),
            f"const {self.name} total = sum[i][l];",
            *self._epilogue("total"),
            "} }",
        ]
        attribute = "__attribute__((reqd_work_group_size(1, 1, 1)))\n"
        return self._kernel("multiply", extra, body, attribute=attribute)


def render_contraction(kernel: Kernel, part: str, style: Style) -> Source:
    """One of the parts "tile", "left", "right", "multiply"."""
    writer = ContractionWriter(kernel, style)
    if part == "tile":
        return writer.tile()
    if part == "multiply":
        return writer.multiply()
    return writer.pack(0 if part == "left" else 1)
