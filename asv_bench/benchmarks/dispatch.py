"""What an operation costs when there is next to nothing to compute."""

import weft

from .backends import OnBackend


class Small(OnBackend):
    """Eight numbers."""

    def prepare(self):
        self.x, self.y = self.normal(8), self.normal(8)
        self.compiled = weft.compile(lambda x, y: (x + y) * x)
        self.compiled(self.x, self.y)

    def time_add(self, _):
        self.x + self.y

    def time_add_and_read(self, _):
        (self.x + self.y).numpy()

    def time_chain_of_100(self, _):
        z = self.x
        for _ in range(100):
            z = z + self.y
        z.numpy()

    def time_compiled_call(self, _):
        self.compiled(self.x, self.y).numpy()

    def time_gradient(self, _):
        x = weft.asarray(1.0).requires_grad_()
        (x * x).backward()
        x.grad.item()
