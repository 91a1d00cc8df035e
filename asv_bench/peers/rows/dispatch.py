"""What an operation costs when there is next to nothing to compute."""

from ..row import row


@row("add of 8 floats, read", best=None, limit=1.5e-6)
def small_add(lib):
    x, y = lib.normal(8), lib.normal(8)
    return lib.each(lambda: lib.read(x + y))


@row("100 small adds, one read (each)", best=None, limit=0.5e-6, calls=100)
def chain_of_adds(lib):
    x, y = lib.normal(8), lib.normal(8)

    def chain():
        z = x
        for _ in range(100):
            z = z + y
        return lib.read(z)

    return lib.each(chain)


@row("tiny MLP + Adam", best=None, jax=3.0, torch_eager=2.0)
def tiny_step(lib):
    return lib.steps("tiny")
