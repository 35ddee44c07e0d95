"""Running many cases, in processes side by side: what dies fails one case and no other."""

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from samd.dicom.decode import DecodeLimits
from samd.inference.bundle import Bundle, trusted_keys, verify
from samd.inference.catalogue import load
from samd.inference.repeatable import single_threaded
from validation.case_result import CaseResult, Ending, Key
from validation.dataset import Case
from validation.examine import examine
from validation.perturbations import perturbed
from validation.protocol import ModelUnderTest

DIED = "the process that analysed it died"


@dataclass(frozen=True, slots=True)
class Work:
    """One case for one model; `variant` is a perturbation and its level ("noise=10"), or empty."""

    bundle: Path
    digest: str
    case: Case
    variant: str = ""

    @property
    def key(self) -> Key:
        return self.digest, self.case.case, self.variant


class BundleMissing(Exception):
    """No verified bundle has the digest that the protocol names; the message says where was looked."""


def find_bundle(
    wanted: ModelUnderTest, folders: Iterable[Path], trust: Iterable[Path]
) -> tuple[Path, Bundle]:
    """The folder and the bundle of `wanted`, among the bundles in `folders`.

    Raises BundleMissing where none has its digest, BundleRefused where that one is not signed by a key of
    the folders `trust`.
    """
    present = [manifest for folder in folders for manifest in sorted(folder.glob("*/manifest.json"))]
    for manifest in present:
        if hashlib.sha256(manifest.read_bytes()).hexdigest() == wanted.digest:
            return manifest.parent, _verified(manifest.parent, trust)
    names = ", ".join(sorted({manifest.parent.name for manifest in present})) or "none"
    raise BundleMissing(f"no bundle {wanted.name} with the digest {wanted.digest} is here; found: {names}")


def run(
    works: Iterable[Work],
    folder: Path,
    *,
    trust: tuple[Path, ...],
    limits: DecodeLimits,
    workers: int,
) -> Iterator[CaseResult]:
    """The results of `works`, in the order in which they are done: one by one in this process, or by so many
    processes as `workers`.

    A process that dies takes its pool along. What was waiting is then done one by one, so that the case
    that kills is known: it failed, the others did not.
    """
    examine_one = partial(examined, folder=folder, trust=trust, limits=limits)
    if workers == 1:
        single_threaded()  # two threads wait for each other more than they compute, on maps this small
        yield from map(examine_one, works)
        return
    left: list[Work] = []
    with _pool(workers) as pool:
        futures = {pool.submit(examine_one, work): work for work in works}
        for future in as_completed(futures):
            try:
                yield future.result()
            except BrokenProcessPool:
                left.append(futures[future])
    for work in left:
        with _pool(1) as pool:
            try:
                yield pool.submit(examine_one, work).result()
            except BrokenProcessPool:
                yield CaseResult(
                    work.case.case, work.digest, Ending.FAILED, reasons=(DIED,), variant=work.variant
                )


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """So many processes, each with one thread. Whoever leaves early leaves what has not begun undone."""
    pool = ProcessPoolExecutor(workers, get_context("spawn"), single_threaded)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def examined(work: Work, *, folder: Path, trust: tuple[Path, ...], limits: DecodeLimits) -> CaseResult:
    """The result of `work`, whose files lie under `folder`, in this process."""
    model = load(_verified(work.bundle, trust), device="cpu")
    try:
        with perturbed(work.case, folder, work.variant) as (case, where):
            return examine(case, where, model, limits=limits, variant=work.variant)
    except ValueError as problem:  # of the perturbation: examine() raises none
        reasons = (f"it cannot be perturbed so: {problem}",)
        return CaseResult(work.case.case, work.digest, Ending.FAILED, reasons=reasons, variant=work.variant)


def _verified(folder: Path, trust: Iterable[Path]) -> Bundle:
    return verify(folder, trusted=[key for place in trust for key in trusted_keys(place)])
