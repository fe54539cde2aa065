"""Stages of the work, announced to whoever measures them.

The code that does the work says ``with stage("features"): ...``, which costs next to nothing. Who
wants to know how long that takes runs it under a watch of their own::

    with stage_hook(stopwatch):  # a function from a stage's name to a context manager
        segmenter.look(frame)

A watch that raises ends the work before that stage: so it is cancelled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from time import perf_counter

StageHook = Callable[[str], AbstractContextManager[None]]

_watch: ContextVar[StageHook | None] = ContextVar("watch", default=None)


def stage(name: str) -> AbstractContextManager[None]:
    """What the stage ``name`` runs in; stages may lie within others."""
    watch = _watch.get()
    return nullcontext() if watch is None else watch(name)


@contextmanager
def timed(timings: dict[str, float], name: str) -> Iterator[None]:
    """Run a stage and add its time in milliseconds to ``timings``."""
    start = perf_counter()
    with stage(name):
        yield
    timings[name] = timings.get(name, 0.0) + (perf_counter() - start) * 1e3


def no_hook(name: str) -> AbstractContextManager[None]:
    """The watch of whoever does not want to know."""
    return nullcontext()


@contextmanager
def stage_hook(watch: StageHook) -> Iterator[None]:
    """Stages announced inside, by this thread, run in what ``watch`` returns for their names."""
    token = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(token)
