"""The base class of optimizers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import weft
from weft import Tensor
from weft._compile import mode_changed

__all__ = ["Optimizer", "ParamGroup", "Params", "Shared", "shrunk"]

Params = Iterable[Tensor] | Iterable[dict[str, Any]]
Shared = tuple[Tensor, ...]

_NOT_NEGATIVE = (
    "lr", "weight_decay", "momentum", "dampening", "eps", "alpha", "lr_decay", "momentum_decay",
    "initial_accumulator_value",
)  # fmt: skip


class ParamGroup(dict[str, Any]):
    """Parameters and their options.

    ``lr`` and ``step`` are tensors of shape (): setting one keeps the tensor and changes its value, so that a compiled
    step sees the new one. Setting another option makes compiled functions trace anew.
    """

    def __setitem__(self, key: str, value: Any) -> None:
        old = self.get(key)
        new = _renewed(old, value)
        if new is not old and not isinstance(old, Tensor):
            mode_changed()
        super().__setitem__(key, new)

    @property
    def lr(self) -> Tensor:
        """The learning rate, a float32 tensor of shape ()."""
        lr: Tensor = self["lr"]
        return lr

    @property
    def step(self) -> Tensor:
        """How many steps were done, an int64 tensor of shape ()."""
        step: Tensor = self["step"]
        return step


def _renewed(old: Any, new: Any) -> Any:
    """A tensor stays, also in a tuple such as betas, and takes the new value."""
    if isinstance(old, Tensor):
        return old if new is old else old.assign(new)
    if isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new):
        renewed = tuple(_renewed(o, n) for o, n in zip(old, new, strict=True))
        return old if all(o is r for o, r in zip(old, renewed, strict=True)) else renewed
    return old if type(old) is type(new) and old == new else new


class Optimizer:
    """What optimizers share: parameter groups, state for each parameter, ``step``.

    Subclasses name the tensors kept for each parameter in ``_slots(p, group)``, with their first values, and define
    ``_update(p, grad, state, group, shared)``, which gives the state new values by ``assign`` and returns the
    parameter's. What does not depend on the parameter is computed once a step, in ``_shared(group)``.

    ``step`` is counted by the group: it tells how often any of its parameters had a gradient.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        What to train; dicts are groups, ``{"params": [...], "lr": ...}``, with options of their own.
    lr : float
        Learning rate.
    **options
        Of the algorithm, the same for all groups unless a group has its own.
    """

    def __init__(self, params: Params, lr: float, **options: Any) -> None:
        name = type(self).__name__
        if isinstance(params, Tensor):
            raise TypeError(f"{name}: params must be an iterable of tensors, not one; give it [parameter]")
        self.defaults: dict[str, Any] = {"lr": lr, **options}
        self.param_groups: list[ParamGroup] = []
        self.state: dict[Tensor, dict[str, Tensor]] = {}
        given = list(params)
        if not given:
            raise ValueError(f"{name}: no parameters; give it model.parameters()")
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
        if not isinstance(group, Mapping) or "params" not in group:
            raise TypeError(f'{name}: a group must be a dict with "params", not {group!r}')
        params = [group["params"]] if isinstance(group["params"], Tensor) else list(group["params"])
        seen = {p for g in self.param_groups for p in g["params"]}
        for p in params:
            self._check_parameter(p)
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
        lr = weft.asarray(float(options.pop("lr")), dtype=weft.float32, device=device)
        new = ParamGroup(params=params, lr=lr, **options, **self._counters(device))
        self._make_state(new)
        self.param_groups.append(new)

    def _make_state(self, group: ParamGroup) -> None:
        # Not in step(): tensors made while a step is traced are no state of it.
        for p in group["params"]:
            self.state[p] = {**self._slots(p, group), **self.state.get(p, {})}

    def _check_parameter(self, p: Any) -> None:
        name = type(self).__name__
        if not isinstance(p, Tensor):
            raise TypeError(f"{name}: a parameter must be a Tensor, not {type(p).__name__}")
        if not p.is_leaf:
            raise ValueError(f"{name}: only leaf tensors can be trained, not the result of an operation; use Parameter")
        if p.dtype.kind != "f":
            raise TypeError(f"{name}: a parameter must have a floating point dtype, not {p.dtype}")

    def _check(self, options: Mapping[str, Any]) -> None:
        name = type(self).__name__
        for key in _NOT_NEGATIVE:
            value = options.get(key)
            for number in value if isinstance(value, tuple) else (value,):
                if number is not None and not float(number) >= 0:
                    raise ValueError(f"{name}: {key} must be >= 0, not {value}")
        betas = options.get("betas", (0.0, 0.0))
        if len(betas) != 2 or not all(0 <= float(beta) < 1 for beta in betas):
            raise ValueError(f"{name}: betas must be two numbers in [0, 1), not {betas}")

    @property
    def lr(self) -> Tensor:
        """The learning rate of the first group; setting it sets that of all."""
        return self.param_groups[0].lr

    @lr.setter
    def lr(self, value: float | Tensor) -> None:
        for group in self.param_groups:
            group["lr"] = value

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of the last step, or with ``set_to_none=False`` make them zero."""
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None if set_to_none or p.grad is None else weft.zeros_like(p.grad)

    def prepare(self) -> None:
        """Bring the state to the device and dtype of its parameters, if the model was moved. ``step`` does it too."""
        for group in self.param_groups:
            for p in group["params"]:
                for value in group.values():
                    if isinstance(value, Tensor) and value.device != p.device:
                        value.data = value.to(p.device)
                for value in self.state[p].values():
                    if value.device != p.device or value.dtype != p.dtype:
                        value.data = value.to(p.device, p.dtype)

    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Update every parameter that has a gradient. The work is queued, not waited for.

        Parameters
        ----------
        closure : callable, optional
            Computes the loss and its gradients first.

        Returns
        -------
        Tensor or None
            What `closure` returned.
        """
        loss = None
        if closure is not None:
            with weft.enable_grad():
                loss = closure()
        self.prepare()
        changed: list[Tensor] = []
        with weft.no_grad():
            for group in self.param_groups:
                trained = [(p, p.grad) for p in group["params"] if p.grad is not None]
                if not trained:
                    continue
                self._begin(group)
                shared = self._shared(group)
                changed += [value for value in group.values() if isinstance(value, Tensor)]
                for p, grad in trained:
                    state = self.state[p]
                    value, grad = self._decay(p, -grad if group.get("maximize") else grad, group)
                    p.assign(self._update(value, grad, state, group, shared))
                    changed += [p, *state.values()]
        weft.eval(*changed)
        return loss

    def _counters(self, device: Any) -> dict[str, Tensor]:
        """Tensors of shape () that a group keeps, with their first values."""
        return {"step": weft.asarray(0, dtype=weft.int64, device=device)}

    def _begin(self, group: ParamGroup) -> None:
        """Begin a step: count it."""
        group["step"] += 1

    def _decay(self, p: Tensor, grad: Tensor, group: ParamGroup) -> tuple[Tensor, Tensor]:
        """Weight decay: the gradient of ``weight_decay / 2 * sum(p ** 2)`` is added."""
        decay = group.get("weight_decay")
        return p, grad + decay * p if decay else grad

    def _slots(self, p: Tensor, group: Mapping[str, Any]) -> dict[str, Tensor]:
        return {}

    def _shared(self, group: ParamGroup) -> Shared:
        return ()

    def _update(self, p: Tensor, grad: Tensor, state: dict[str, Tensor], group: ParamGroup, shared: Shared) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} defines no _update()")

    # ---- saving

    def state_dict(self) -> dict[str, Any]:
        """Options and state, with parameters named by number in the order of the groups."""
        number = self._numbers()
        groups = [
            {k: _saved(v) for k, v in g.items() if k != "params"} | {"params": [number[p] for p in g["params"]]}
            for g in self.param_groups
        ]
        state = {number[p]: {k: v.detach() for k, v in s.items()} for p, s in self.state.items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` gave. Nothing is changed if it does not fit.

        Raises
        ------
        ValueError
            If groups, parameters, state or shapes differ.
        """
        name = type(self).__name__
        sizes = [len(g["params"]) for g in self.param_groups]
        others = [len(g["params"]) for g in state["param_groups"]]
        if sizes != others:
            raise ValueError(f"{name}: the state has groups of {others} parameters, this optimizer of {sizes}")
        groups = [{k: tuple(v) if isinstance(v, list) else v for k, v in g.items()} for g in state["param_groups"]]
        slots: dict[Tensor, dict[str, Tensor]] = {}
        for own, other in zip(self.param_groups, groups, strict=True):
            options = {**own, **other}
            self._check(options)
            slots |= {p: self._slots(p, options) for p in own["params"]}
        for p, i in self._numbers().items():
            self._check_state(i, slots[p], state["state"].get(i, {}))

        for own, other in zip(self.param_groups, groups, strict=True):
            for key, value in other.items():
                if key != "params" and (key in own or key == "initial_lr"):
                    own[key] = value
        for p, i in self._numbers().items():
            kept = {key: self.state[p].get(key, fresh) for key, fresh in slots[p].items()}
            for key, value in kept.items():
                value.assign(state["state"][i][key])  # the tensors stay: compiled steps know them
            self.state[p] = kept

    def _numbers(self) -> dict[Tensor, int]:
        return {p: i for i, p in enumerate(p for g in self.param_groups for p in g["params"])}

    def _check_state(self, number: int, expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> None:
        name = type(self).__name__
        if expected.keys() != found.keys():
            raise ValueError(
                f"{name}: the state of parameter {number} holds {sorted(found)}, here it is {sorted(expected)}"
            )
        for key, value in found.items():
            if value.shape != expected[key].shape:
                raise ValueError(
                    f"{name}: {key} of parameter {number} has shape {value.shape}, here it is {expected[key].shape}"
                )

    def __repr__(self) -> str:
        options = ", ".join(f"{k}={_saved(self.param_groups[0][k])!r}" for k in self.defaults if k != "lr")
        return f"{type(self).__name__}({sum(len(g['params']) for g in self.param_groups)} parameters, {options})"


def _saved(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(v.item() if isinstance(v, Tensor) else v for v in value)
    return value.detach() if isinstance(value, Tensor) else value


def shrunk(p: Tensor, group: ParamGroup) -> Tensor:
    """Decoupled weight decay (Loshchilov and Hutter, 2019): the parameter shrinks by ``lr * weight_decay``."""
    decay = group["weight_decay"]
    return p * (1 - group.lr * decay) if decay else p
