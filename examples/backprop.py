"""Backpropagation written out: a two-layer ReLU network with mean squared error, in NumPy, beside weft's autograd.

Layer l computes z_l = W_l a_(l-1) + b_l and a_l = f(z_l), with a_0 = x. Columns are samples. For the loss
C = mean((a_L - y)^2) the error of a layer is delta_l = dC/dz_l:

    delta_L = dC/da_L * f'(z_L)                      here f is the identity in the last layer
    delta_l = (W_(l+1)^T delta_(l+1)) * f'(z_l)
    dC/dW_l = delta_l a_(l-1)^T      dC/db_l = sum of delta_l over the samples

and gradient descent takes W_l <- W_l - lr * dC/dW_l, b_l <- b_l - lr * dC/db_l.

Run it: python examples/backprop.py
"""

import numpy as np

import weft

rng = np.random.default_rng(0)
inputs, hidden, outputs, samples, rate = 3, 16, 2, 64, 0.1

x = rng.normal(size=(inputs, samples))
y = np.stack([np.sin(x[0]) + x[1], x[2] ** 2 - x[0]])

W1, b1 = rng.normal(size=(hidden, inputs)) * np.sqrt(2 / inputs), np.zeros((hidden, 1))
W2, b2 = rng.normal(size=(outputs, hidden)) * np.sqrt(1 / hidden), np.zeros((outputs, 1))
parameters = [weft.asarray(p).requires_grad_() for p in (W1, b1, W2, b2)]  # the same values, for autograd

for step in range(200):
    # Forward.
    z1 = W1 @ x + b1
    a1 = np.maximum(z1, 0)
    z2 = W2 @ a1 + b2
    loss = np.mean((z2 - y) ** 2)

    # Backward.
    delta2 = 2 * (z2 - y) / y.size
    delta1 = (W2.T @ delta2) * (z1 > 0)
    by_hand = [delta1 @ x.T, delta1.sum(1, keepdims=True), delta2 @ a1.T, delta2.sum(1, keepdims=True)]

    # The same by autograd.
    V1, c1, V2, c2 = parameters
    predicted = V2 @ (V1 @ weft.asarray(x) + c1).relu() + c2
    autograd_loss = ((predicted - weft.asarray(y)) ** 2).mean()
    autograd_loss.backward()

    assert np.isclose(loss, autograd_loss.item(), rtol=1e-12)
    for gradient, parameter in zip(by_hand, parameters, strict=True):
        assert parameter.grad is not None
        np.testing.assert_allclose(parameter.grad.numpy(), gradient, rtol=1e-9, atol=1e-12)

    # Updates.
    for array, gradient in zip((W1, b1, W2, b2), by_hand, strict=True):
        array -= rate * gradient
    for parameter in parameters:
        parameter.assign(parameter.detach() - rate * parameter.grad)
        parameter.grad = None
    if step % 50 == 0 or step == 199:
        print(f"step {step:3}  loss {loss:.6f}  gradients by hand and by autograd agree")
