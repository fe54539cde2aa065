"""Named stages of the pipeline, reported to a hook that times or cancels them.

Code marks a stage with ``with stage("features"): ...``. A caller installs a hook, a function from
a stage's name to a context manager, around a call::

    with stage_hook(stopwatch):
        segmenter.look(frame)

A hook that raises an exception cancels the call before that stage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from time import perf_counter

StageHook = Callable[[str], AbstractContextManager[None]]

_hook: ContextVar[StageHook | None] = ContextVar("hook", default=None)


def stage(name: str) -> AbstractContextManager[None]:
    """Return the context manager of the stage ``name``; stages may be nested."""
    hook = _hook.get()
    return nullcontext() if hook is None else hook(name)


@contextmanager
def timed(timings: dict[str, float], name: str) -> Iterator[None]:
    """Run a stage and add its time in milliseconds to ``timings``."""
    start = perf_counter()
    with stage(name):
        yield
    timings[name] = timings.get(name, 0.0) + (perf_counter() - start) * 1e3


def no_hook(name: str) -> AbstractContextManager[None]:
    """Do nothing: the default hook."""
    return nullcontext()


@contextmanager
def stage_hook(hook: StageHook) -> Iterator[None]:
    """Run the stages that this thread enters inside in the context managers of ``hook``."""
    token = _hook.set(hook)
    try:
        yield
    finally:
        _hook.reset(token)
