"""Training steps. weft goes through its Trainer: the seconds are those of `fit`, divided by its steps."""

from ..row import row


@row("MLP step", best=1.25)
def mlp(lib):
    return lib.training("mlp")


@row("CNN step", best=2.0, memory=0.8, flops=4.6e9, peak=("float32", 0.60))
def cnn(lib):
    return lib.training("cnn")


@row("GPT step", best=2.0, memory=0.8, flops=43e9, peak=("float32", 0.60), itself=("bfloat16", 1.4), threads=1.8)
def gpt(lib):
    return lib.training("gpt")


@row("LSTM step", best=1.1, flops=4.0e9, peak=("float32", 0.60))
def lstm(lib):
    return lib.training("lstm")


@row("linear regression, 3200 steps (each)", best=None, jax=1.5, limit=10e-6, calls=3200)
def linear(lib):
    return lib.regression()
