"""``weft train chars``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from .options import Options, training_options
from .task import Task, run

if TYPE_CHECKING:
    from weft import Tensor, Trainer
    from weft.data import CharTokenizer
    from weft.nn import Module

__all__ = ["chars", "chars_task"]

CHARACTERS = 300_000  # of the text; the last tenth is for the test
CONTEXT, WIDTH, HEADS, LAYERS = 64, 64, 4, 2


def chars_task(characters: int = CHARACTERS) -> Task:
    """A transformer that predicts the next character, and text from the Python library's sources."""
    import weft

    text = "".join(c for c in weft.data.sample_text(characters) if c.isascii())
    tokenizer = weft.data.CharTokenizer.train(text)
    border = len(text) * 9 // 10
    return Task(
        "chars",
        _model(tokenizer.vocab_size),
        _windows(tokenizer, text[:border]),
        _loss,
        _windows(tokenizer, text[border:]),
        prepare=lambda array: array.astype("int64"),
        settings={"vocabulary": "".join(tokenizer.characters), "characters": characters},
    )


def _windows(tokenizer: CharTokenizer, text: str) -> tuple[Any, Any]:
    """Inputs and targets of shape (N, CONTEXT): each target is the character after its input."""
    import numpy as np

    tokens = np.array(tokenizer.encode(text), dtype=np.int64)
    n = (len(tokens) - 1) // CONTEXT
    return tuple(tokens[i : i + n * CONTEXT].reshape(n, CONTEXT) for i in (0, 1))  # type: ignore[return-value]


def _loss(output: Tensor, target: Tensor) -> Tensor:
    """The mean cross entropy of all characters, in nats."""
    from weft.nn import functional as F

    return F.cross_entropy(output.reshape(-1, output.shape[-1]), target.reshape(-1))


def _model(characters: int) -> Module:
    """From tokens (N, CONTEXT) to logits (N, CONTEXT, characters)."""
    from weft import nn

    class CharTransformer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokens = nn.Embedding(characters, WIDTH)
            self.places = nn.SinusoidalPositionalEncoding(WIDTH, CONTEXT, batch_first=True)
            layers = (
                nn.TransformerEncoderLayer(
                    WIDTH, HEADS, 4 * WIDTH, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
                )
                for _ in range(LAYERS)
            )
            self.layers, self.norm = nn.ModuleList(layers), nn.LayerNorm(WIDTH)
            self.out = nn.Linear(WIDTH, characters)

        def forward(self, tokens: Tensor) -> Tensor:
            x = self.places(self.tokens(tokens))
            for layer in self.layers:
                x = layer(x, is_causal=True)
            return self.out(self.norm(x))  # type: ignore[no-any-return]

    return CharTransformer()


def write_on(trainer: Trainer, tokenizer: CharTokenizer, text: str, length: int, seed: int) -> str:
    """Continue a text by so many characters, each drawn from the model's softmax at temperature 0.8."""
    import numpy as np

    rng = np.random.default_rng(seed)
    tokens = tokenizer.encode(text)
    for _ in range(length):
        last = tokens[-CONTEXT:]
        window = np.zeros((1, CONTEXT), dtype=np.int64)  # what comes after has no influence on what was before
        window[0, : len(last)] = last
        logits = trainer.predict(window).numpy()[0, len(last) - 1].astype("float64") / 0.8
        odds = np.exp(logits - logits.max())
        tokens.append(int(rng.choice(len(odds), p=odds / odds.sum())))
    return tokenizer.decode(tokens)


@click.command()
@training_options(epochs=5, batch_size=32, lr=0.003)
@click.option(
    "--characters",
    type=click.IntRange(min=1000),
    default=CHARACTERS,
    show_default=True,
    help="How much text there is to learn from, and to be tested on.",
)
@click.option("--prompt", default="def ", show_default=True, help="What the sample begins with.")
@click.option("--length", type=click.IntRange(min=0), default=200, show_default=True, help="Characters of the sample.")
def chars(options: Options, characters: int, prompt: str, length: int) -> None:
    """Train a transformer on the characters of the Python library's sources, and let it write."""

    def results(trainer: Trainer, test: dict[str, Any]) -> dict[str, Any]:
        from weft.data import CharTokenizer

        tokenizer = CharTokenizer(trainer.info["vocabulary"])
        try:
            sample = write_on(trainer, tokenizer, prompt, length, options.seed)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="'--prompt'") from None
        return {
            "sample": sample,
            "test_loss": test["loss"],
            "perplexity": math.exp(test["loss"]),
        }

    run(lambda: chars_task(characters), options, results)
