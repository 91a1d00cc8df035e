"""The base class of optimizers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import weft
from weft import Tensor

__all__ = ["Optimizer", "ParamGroup"]


class ParamGroup(dict[str, Any]):
    """Parameters and their options.

    ``lr`` and ``step`` are tensors of shape (): setting one keeps the tensor and changes its value, so that a compiled
    step sees the new one.
    """

    def __setitem__(self, key: str, value: Any) -> None:
        old = self.get(key)
        if isinstance(old, Tensor) and value is not old:
            old.assign(value)
        else:
            super().__setitem__(key, value)


class Optimizer:
    """What optimizers share: parameter groups, state for each parameter, ``step``.

    Subclasses name the tensors kept for each parameter in ``_slots(group)``, which begin as zeros, and define
    ``_update(parameter, gradient, state, group)``, which gives the parameter and its state new values by ``assign``.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        What to train; dicts are groups, ``{"params": [...], "lr": ...}``, with options of their own.
    lr : float
        Learning rate.
    **options
        Of the algorithm, the same for all groups unless a group has its own.
    """

    def __init__(self, params: Iterable[Tensor] | Iterable[dict[str, Any]], lr: float, **options: Any) -> None:
        self.defaults: dict[str, Any] = {"lr": lr, **options}
        self.param_groups: list[ParamGroup] = []
        self.state: dict[Tensor, dict[str, Tensor]] = {}
        given = list(params)
        if not given:
            raise ValueError(f"{type(self).__name__}: no parameters; give it model.parameters()")
        groups: list[Any] = given if isinstance(given[0], dict) else [{"params": given}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Train more parameters, with options of their own.

        Parameters
        ----------
        group : mapping
            ``params`` and any options; the others are the optimizer's.
        """
        name = type(self).__name__
        params = [group["params"]] if isinstance(group["params"], Tensor) else list(group["params"])
        seen = {p for g in self.param_groups for p in g["params"]}
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"{name}: a parameter must be a Tensor, not {type(p).__name__}")
            if not p.is_leaf:
                raise ValueError(
                    f"{name}: only leaf tensors can be trained, not the result of an operation; use Parameter"
                )
            if p in seen:
                raise ValueError(f"{name}: a parameter of shape {p.shape} is in two groups; give each only once")
            seen.add(p)
        options = {**self.defaults, **{k: v for k, v in group.items() if k != "params"}}
        unknown = options.keys() - self.defaults.keys()
        if unknown:
            raise TypeError(
                f"{name}: unknown option {sorted(unknown)[0]!r}; it takes {', '.join(sorted(self.defaults))}"
            )
        self._check(options)
        device = params[0].device if params else None
        new = ParamGroup(params=params, **options)
        dict.__setitem__(new, "lr", weft.asarray(float(options["lr"]), dtype=weft.float32, device=device))
        dict.__setitem__(new, "step", weft.asarray(0, dtype=weft.int64, device=device))
        self.param_groups.append(new)

    def _check(self, options: dict[str, Any]) -> None:
        name = type(self).__name__
        for key in ("lr", "weight_decay", "momentum", "eps"):
            if key in options and not options[key] >= 0:
                raise ValueError(f"{name}: {key} must be >= 0, not {options[key]}")
        for beta in options.get("betas", ()):
            if not 0 <= beta < 1:
                raise ValueError(f"{name}: betas must be in [0, 1), not {options['betas']}")

    @property
    def lr(self) -> Tensor:
        """The learning rate of the first group; setting it sets that of all."""
        lr: Tensor = self.param_groups[0]["lr"]
        return lr

    @lr.setter
    def lr(self, value: float | Tensor) -> None:
        for group in self.param_groups:
            group["lr"] = value

    def zero_grad(self) -> None:
        """Forget the gradients of the last step."""
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None

    def prepare(self) -> None:
        """Make the state of every parameter, where the parameter is now.

        ``step`` does it; before a step is compiled, call it once.
        """
        for group in self.param_groups:
            for p in group["params"]:
                for key in ("lr", "step"):
                    if group[key].device != p.device:
                        dict.__setitem__(group, key, group[key].detach().to(p.device))
                state = self.state.setdefault(p, {})
                for name in self._slots(group):
                    if name not in state:
                        state[name] = weft.zeros_like(p)
                    elif state[name].device != p.device:
                        state[name] = state[name].to(p.device)

    def step(self) -> None:
        """Update every parameter that has a gradient. The work is queued, not waited for."""
        self.prepare()
        changed: list[Tensor] = []
        with weft.no_grad():
            for group in self.param_groups:
                group["step"].assign(group["step"] + 1)
                changed.append(group["step"])
                for p in group["params"]:
                    if p.grad is not None:
                        state = self.state[p]
                        self._update(p, p.grad, state, group)
                        changed += [p, *state.values()]
        weft.eval(*changed)

    def _slots(self, group: ParamGroup) -> tuple[str, ...]:
        return ()

    def _update(self, p: Tensor, grad: Tensor, state: dict[str, Tensor], group: ParamGroup) -> None:
        raise NotImplementedError(f"{type(self).__name__} defines no _update()")

    # ---- saving

    def state_dict(self) -> dict[str, Any]:
        """Options and state, with parameters named by number in the order of the groups."""
        number = {p: i for i, p in enumerate(p for g in self.param_groups for p in g["params"])}
        groups = [
            {k: v.detach() if isinstance(v, Tensor) else v for k, v in g.items() if k != "params"}
            | {"params": [number[p] for p in g["params"]]}
            for g in self.param_groups
        ]
        state = {number[p]: {k: v.detach() for k, v in s.items()} for p, s in self.state.items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` gave. Nothing is changed if it does not fit.

        Raises
        ------
        ValueError
            If groups, parameters or shapes differ.
        """
        name = type(self).__name__
        sizes = [len(g["params"]) for g in self.param_groups]
        others = [len(g["params"]) for g in state["param_groups"]]
        if sizes != others:
            raise ValueError(f"{name}: the state has groups of {others} parameters, this optimizer of {sizes}")
        params = [p for g in self.param_groups for p in g["params"]]
        for i, values in state["state"].items():
            for key, value in values.items():
                if value.shape not in (params[i].shape, ()):
                    raise ValueError(
                        f"{name}: {key} of parameter {i} has shape {value.shape}, the parameter {params[i].shape}"
                    )
        for own, other in zip(self.param_groups, state["param_groups"], strict=True):
            for key, value in other.items():
                if key != "params" and key in own:
                    own[key] = tuple(value) if isinstance(value, list) else value
        self.state = {
            params[i]: {k: v.to(params[i].device) for k, v in values.items()} for i, values in state["state"].items()
        }

    def __repr__(self) -> str:
        options = ", ".join(f"{k}={self.param_groups[0][k]!r}" for k in self.defaults if k != "lr")
        return f"{type(self).__name__}({sum(len(g['params']) for g in self.param_groups)} parameters, {options})"
