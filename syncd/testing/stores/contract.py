"""The contract of a `SecretStore`, as a pytest class."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

import pytest

from syncd.model.errors import (
    AccessDenied,
    AuthenticationFailed,
    InvalidPayload,
    RateLimited,
    SecretNotFound,
    StoreMisconfigured,
    StoreUnavailable,
    VersionUnavailable,
)
from syncd.model.secret import RemoteSecret, SecretRef, SecretValue, canonical_json
from syncd.testing.stores.rig import (
    Capability,
    Failure,
    StoreRig,
    digest,
    digests,
    found,
    one,
    soon,
    wanted,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncd.stores.interface import Fetched

Case = TypeVar("Case", bound="Callable[..., None]")

_NOT_MUCH: Final = 1.0
_GRACE: Final = 2.0
_MANY: Final = 1000
_LONG: Final = 120.0
_THREADS: Final = 8


def needs(*capabilities: Capability) -> Callable[[Case], Case]:
    """Mark a case that only stores with these capabilities can be put through."""

    def mark(case: Case) -> Case:
        case.__dict__["needs"] = frozenset(capabilities)
        return case

    return mark


class StoreContract:
    """The contract; see the module."""

    capabilities: ClassVar[frozenset[Capability]]

    def __init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401
        """Take the cases that need more than the subclass can do out of it."""
        super().__init_subclass__(**kwargs)
        for name, case in list(vars(StoreContract).items()):
            asked: frozenset[Capability] = getattr(case, "needs", frozenset())
            if not asked <= cls.capabilities:
                setattr(cls, name, None)

    @classmethod
    def cases(cls) -> list[str]:
        """Return the names of the cases that this class is put through, sorted."""
        return sorted(name for name in dir(cls) if name.startswith("test_") and callable(getattr(cls, name)))

    def test_found(self, rig: StoreRig) -> None:
        """A secret that is there is returned, with exactly the properties that it has."""
        values = {"access_key": "AKIA", "secret_key": "wJal+r/X=="}
        rig.put("found", values)
        assert digests(found(one(rig, "found")).properties()) == wanted(values)

    def test_payload_is_the_whole_secret(self, rig: StoreRig) -> None:
        """`payload` is all of the secret as one JSON object with sorted keys."""
        rig.put("whole", {"b": "2", "a": "1"})
        expected = SecretValue(canonical_json({"a": "1", "b": "2"}))
        assert digest(found(one(rig, "whole")).payload) == digest(expected)

    def test_same_secret_same_payload(self, rig: StoreRig) -> None:
        """Two reads of an unchanged secret are equal byte for byte."""
        rig.put("stable", {"z": "1", "a": "2", "m": "3"})
        first, second = found(one(rig, "stable")), found(one(rig, "stable"))
        assert digest(first.payload) == digest(second.payload)
        assert first.token == second.token

    def test_changed_secret(self, rig: StoreRig) -> None:
        """After a change the next read has the new value: nothing is cached."""
        rig.put("changing", {"key": "old"})
        one(rig, "changing")
        rig.put("changing", {"key": "new"})
        assert digests(found(one(rig, "changing")).properties()) == wanted({"key": "new"})

    def test_missing(self, rig: StoreRig) -> None:
        """A secret that is not there is SecretNotFound, said by name."""
        rig.put("neighbour", {"key": "value"})
        answer = one(rig, "missing")
        assert isinstance(answer, SecretNotFound), repr(answer)
        assert rig.ref("missing").secret in answer.message

    def test_empty_value(self, rig: StoreRig) -> None:
        """An empty property is there and empty; refusing it is not the store's affair."""
        rig.put("empty", {"key": "", "other": "x"})
        assert digests(found(one(rig, "empty")).properties()) == wanted({"key": "", "other": "x"})

    def test_large_value(self, rig: StoreRig) -> None:
        """The largest secret that the store takes arrives whole."""
        around = len(canonical_json({"key": ""}))
        values = {"key": ("0123456789abcdef" * 4096)[: rig.largest - around]}
        rig.put("large", values)
        assert digests(found(one(rig, "large")).properties()) == wanted(values)

    def test_unicode_value(self, rig: StoreRig) -> None:
        """Text outside ASCII arrives as UTF-8."""
        values = {"key": "pässwörd-鍵-🔑"}
        rig.put("text", values)
        assert digests(found(one(rig, "text")).properties()) == wanted(values)

    def test_json_value(self, rig: StoreRig) -> None:
        """A property that holds JSON text is returned as that text."""
        values = {"key.json": json.dumps({"type": "service_account", "n": 1})}
        rig.put("json", values)
        assert digests(found(one(rig, "json")).properties()) == wanted(values)

    def test_thousand_secrets(self, rig: StoreRig) -> None:
        """Threads that ask for a thousand secrets, in as large batches as can be, get each its own."""
        names = [f"many-{number}" for number in range(_MANY)]
        for name in names:
            rig.put(name, {"key": name})
        refs = {rig.ref(name): name for name in names}
        step = rig.store.batch
        batches = [list(refs)[start : start + step] for start in range(0, len(refs), step)]
        answers: dict[SecretRef, Fetched] = {}

        def ask(share: int) -> None:
            for batch in batches[share::_THREADS]:
                answers.update(rig.store.fetch(batch, deadline=soon()))

        threads = [threading.Thread(target=ask, args=(share,)) for share in range(_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_LONG)
        assert set(answers) == set(refs)
        for ref, name in refs.items():
            assert digests(found(answers[ref]).properties()) == wanted({"key": name})

    def test_whole_batch(self, rig: StoreRig) -> None:
        """As many references as one request carries are each answered, found or not."""
        refs = [rig.ref(f"batch-{number}") for number in range(rig.store.batch)]
        rig.put("batch-0", {"key": "value"})
        answers = rig.store.fetch(refs, deadline=soon())
        assert set(answers) == set(refs)
        assert isinstance(answers[refs[0]], RemoteSecret)
        assert all(isinstance(answers[ref], SecretNotFound) for ref in refs[1:])

    def test_unusual_names(self, rig: StoreRig) -> None:
        """Names at the edge of what the store allows name secrets like all others."""
        for number, name in enumerate(rig.unusual):
            rig.put(name, {"key": str(number)})
        for number, name in enumerate(rig.unusual):
            assert digests(found(one(rig, name)).properties()) == wanted({"key": str(number)})

    def test_no_names(self, rig: StoreRig) -> None:
        """A name that climbs out of where secrets are, or is none, is refused and never read."""
        for name in rig.no_names:
            ref = SecretRef(rig.store.name, name)
            answer = rig.store.fetch([ref], deadline=soon())[ref]
            assert isinstance(answer, StoreMisconfigured), f"{name!r}: {answer!r}"

    @needs(Capability.CHECKS)
    def test_check(self, rig: StoreRig) -> None:
        """The check of a store that is well says something of each step, and finds nothing wrong."""
        findings = rig.store.check(deadline=soon())
        assert findings
        for finding in findings:
            assert finding.error is None, repr(finding.error)
            assert finding.detail

    @needs(Capability.VALUES)
    def test_value(self, rig: StoreRig) -> None:
        """A secret that is one text arrives byte for byte, and has no properties."""
        value = "no JSON: pässwörd\n".encode()
        rig.put_value("bare", value)
        secret = found(one(rig, "bare"))
        assert digest(secret.payload) == digest(SecretValue(value))
        with pytest.raises(InvalidPayload):
            secret.properties()

    @needs(Capability.BINARY)
    def test_binary_value(self, rig: StoreRig) -> None:
        """A secret of bytes that are no text arrives byte for byte."""
        value = bytes(range(256))
        rig.put_value("bytes", value)
        assert digest(found(one(rig, "bytes")).payload) == digest(SecretValue(value))

    @needs(Capability.EMPTY)
    def test_empty_secret(self, rig: StoreRig) -> None:
        """A secret that is there and empty is there and empty; refusing it is not the store's affair."""
        rig.put_value("hollow", b"")
        assert digest(found(one(rig, "hollow")).payload) == digest(SecretValue(b""))

    @needs(Capability.BYTES)
    def test_bytes(self, rig: StoreRig) -> None:
        """Properties that are no text arrive byte for byte, and the whole is empty rather than wrong."""
        raw = bytes(range(256))
        rig.put_bytes("binary", {"key": raw})
        secret = found(one(rig, "binary"))
        assert digests(secret.properties()) == {"key": digest(SecretValue(raw))}
        assert digest(secret.payload) == digest(SecretValue(b""))

    @needs(Capability.TOKENS)
    def test_token_changes_with_the_secret(self, rig: StoreRig) -> None:
        """The change token of a new version is another one."""
        rig.put("token", {"key": "old"})
        before = found(one(rig, "token")).token
        rig.put("token", {"key": "new"})
        after = found(one(rig, "token")).token
        assert before is not None
        assert after is not None
        assert before != after

    @needs(Capability.VERSIONS)
    def test_pinned_version(self, rig: StoreRig) -> None:
        """A pinned version is returned though there is a newer one."""
        version = rig.put("pinned", {"key": "old"})
        rig.put("pinned", {"key": "new"})
        assert digests(found(one(rig, "pinned", version)).properties()) == wanted({"key": "old"})

    @needs(Capability.VERSIONS)
    def test_version_gone(self, rig: StoreRig) -> None:
        """A version that was taken away is VersionUnavailable, pinned or newest, and never 'not found'."""
        version = rig.put("gone", {"key": "value"})
        assert version is not None
        rig.take_away("gone", version)
        for pin in (version, None):
            answer = one(rig, "gone", pin)
            assert isinstance(answer, VersionUnavailable), repr(answer)

    @needs(Capability.VERSIONS)
    def test_version_that_never_was(self, rig: StoreRig) -> None:
        """A pinned version that never was is VersionUnavailable, whether the secret is there or not."""
        rig.put("young", {"key": "value"})
        for name in ("young", "nobody"):
            answer = one(rig, name, rig.no_version)
            assert isinstance(answer, VersionUnavailable), repr(answer)

    @needs(Capability.DENIES)
    def test_denied(self, rig: StoreRig) -> None:
        """A secret that we may not read is AccessDenied, and its neighbours are read."""
        rig.put("denied", {"key": "value"})
        rig.put("allowed", {"key": "value"})
        rig.deny("denied")
        answer = one(rig, "denied")
        assert isinstance(answer, AccessDenied), repr(answer)
        found(one(rig, "allowed"))

    @needs(Capability.LOGS_IN)
    def test_unknown_to_the_store(self, rig: StoreRig) -> None:
        """A store that does not know us is AuthenticationFailed."""
        rig.put("mine", {"key": "value"})
        rig.fail(Failure.UNKNOWN_TO_IT)
        answer = one(rig, "mine")
        assert isinstance(answer, AuthenticationFailed), repr(answer)

    @needs(Capability.LOGS_IN, Capability.CHECKS)
    def test_check_of_a_store_that_does_not_know_us(self, rig: StoreRig) -> None:
        """The check of a store that does not know us says so, of the login and not of the way there."""
        rig.fail(Failure.UNKNOWN_TO_IT)
        wrong = [finding for finding in rig.store.check(deadline=soon()) if finding.error is not None]
        assert [finding.step for finding in wrong] == ["authenticated"]
        assert isinstance(wrong[0].error, AuthenticationFailed), repr(wrong[0].error)

    @needs(Capability.RENEWS)
    def test_login_runs_out(self, rig: StoreRig) -> None:
        """A login that the store no longer takes is made anew, and nobody who reads sees it."""
        rig.put("lasting", {"key": "value"})
        found(one(rig, "lasting"))
        rig.forget_login()
        found(one(rig, "lasting"))

    @needs(Capability.FAILS)
    def test_error_of_the_store(self, rig: StoreRig) -> None:
        """A store that fails is StoreUnavailable, also for a secret that is not there."""
        rig.put("behind", {"key": "value"})
        rig.fail(Failure.ERROR)
        for name in ("behind", "missing"):
            answer = one(rig, name)
            assert isinstance(answer, StoreUnavailable), repr(answer)

    @needs(Capability.THROTTLES)
    def test_throttled(self, rig: StoreRig) -> None:
        """A store that asks us to slow down is RateLimited, with the seconds that it said."""
        rig.put("popular", {"key": "value"})
        rig.fail(Failure.THROTTLE)
        answer = one(rig, "popular")
        assert isinstance(answer, RateLimited), repr(answer)
        assert answer.retry_after is not None
        assert answer.retry_after > 0

    @needs(Capability.THROTTLES)
    def test_throttled_without_a_delay(self, rig: StoreRig) -> None:
        """A store that asks us to slow down without saying for how long is RateLimited too."""
        rig.put("popular", {"key": "value"})
        rig.fail(Failure.THROTTLE_SILENTLY)
        answer = one(rig, "popular")
        assert isinstance(answer, RateLimited), repr(answer)
        assert answer.retry_after is None

    @needs(Capability.HANGS)
    def test_deadline(self, rig: StoreRig) -> None:
        """A store that lets us wait is StoreUnavailable at the deadline, not later."""
        rig.put("slow", {"key": "value"})
        rig.fail(Failure.HANG)
        start = time.monotonic()
        answer = one(rig, "slow", deadline=start + _NOT_MUCH)
        assert isinstance(answer, StoreUnavailable), repr(answer)
        assert time.monotonic() - start < _NOT_MUCH + _GRACE

    @needs(Capability.STOPS)
    def test_nobody_listens(self, rig: StoreRig) -> None:
        """A store that is not there is StoreUnavailable."""
        rig.put("lonely", {"key": "value"})
        rig.fail(Failure.STOP)
        answer = one(rig, "lonely")
        assert isinstance(answer, StoreUnavailable), repr(answer)

    @needs(Capability.STOPS, Capability.CHECKS)
    def test_check_where_nobody_listens(self, rig: StoreRig) -> None:
        """The check of a store that is not there says that it cannot be reached, and goes no further."""
        rig.fail(Failure.STOP)
        findings = rig.store.check(deadline=soon())
        assert [finding.step for finding in findings] == ["reachable"]
        assert isinstance(findings[0].error, StoreUnavailable), repr(findings[0].error)

    @needs(Capability.SPEAKS_TLS)
    def test_distrusted(self, rig: StoreRig) -> None:
        """A store whose certificate we do not trust is StoreUnavailable, and is told nothing."""
        rig.put("guarded", {"key": "value"})
        rig.fail(Failure.DISTRUSTED)
        answer = one(rig, "guarded")
        assert isinstance(answer, StoreUnavailable), repr(answer)
