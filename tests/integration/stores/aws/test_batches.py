"""Twenty secrets with a request: how many requests, whose answers, and what is done where that is denied."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from syncd.model.errors import AccessDenied, SecretNotFound, StoreUnavailable, VersionUnavailable
from syncd.model.events import StoreNotice
from syncd.model.secret import RemoteSecret, SecretRef, SecretValue
from syncd.stores.guarded import Bounds, GuardedStore
from syncd.testing.stores import digest, found, soon
from tests.harness.aws import refusal
from tests.harness.fault_http import Reply
from tests.harness.fixtures import unique
from tests.integration.stores.aws.rig import NAME, aws, put, static
from tests.integration.stores.rig import Surroundings, text
from tests.unit.stores.rigs import Time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncd.stores.aws.adapter import AwsStore
    from syncd.stores.interface import Fetched
    from tests.harness.aws import AwsProxy, AwsServer

HOUR = 3600


@pytest.fixture
def turned() -> Time:
    """The store's clock, which stands still."""
    return Time(time.monotonic())


@pytest.fixture
def around() -> Surroundings:
    """The store's surroundings."""
    return Surroundings()


@pytest.fixture
def store(proxy: AwsProxy, around: Surroundings, turned: Time, tmp_path: Path) -> Iterator[AwsStore]:
    """A store with an access key."""
    store = aws(proxy.url, around, turned.clock(), auth=static(tmp_path))
    yield store
    store.close()


def get(store: AwsStore, *secrets: str) -> dict[str, Fetched]:
    """One fetch, by what was asked for."""
    answers = store.fetch([SecretRef(NAME, secret) for secret in secrets], deadline=soon())
    return {ref.secret: answer for ref, answer in answers.items()}


def some(server: AwsServer, many: int) -> list[str]:
    """Secrets whose value is their name."""
    names = [f"{unique('batch')}-{number}" for number in range(many)]
    for name in names:
        put(server, name, SecretString=name)
    return names


def own_value(secret: str, answer: Fetched) -> bool:
    """Whether a secret's answer is the value that it was given."""
    return digest(found(answer).payload) == text(secret)


def test_a_thousand_secrets_are_fifty_requests(
    proxy: AwsProxy, aws_server: AwsServer, store: AwsStore
) -> None:
    """Through the guard, by eight threads, a thousand secrets cost fifty requests and no other."""
    names = some(aws_server, 1000)
    guarded = GuardedStore(store, Bounds(timeout=30.0, per_second=1000.0), lambda _: None)
    refs = [SecretRef(NAME, name) for name in names]
    step = guarded.batch
    batches = [refs[start : start + step] for start in range(0, len(refs), step)]
    answers: dict[SecretRef, Fetched] = {}

    def ask(share: int) -> None:
        for batch in batches[share::8]:
            answers.update(guarded.fetch(batch, deadline=time.monotonic() + 60))

    threads = [threading.Thread(target=ask, args=(share,)) for share in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(own_value(ref.secret, answers[ref]) for ref in refs)
    assert proxy.operations() == ["BatchGetSecretValue"] * 50


def test_names_and_arns(proxy: AwsProxy, aws_server: AwsServer, store: AwsStore) -> None:
    """Names, whole ARNs and ARNs without their suffix are one request, each with its own value."""
    plain, whole, partial = some(aws_server, 3)
    describe = aws_server.client().describe_secret
    arn = describe(SecretId=whole)["ARN"]
    short = describe(SecretId=partial)["ARN"][:-7]
    answers = get(store, plain, arn, short)
    for asked, name in ((plain, plain), (arn, whole), (short, partial)):
        assert own_value(name, answers[asked])
    assert proxy.operations() == ["BatchGetSecretValue"]


def test_an_arn_that_a_batch_does_not_find(proxy: AwsProxy, aws_server: AwsServer, store: AwsStore) -> None:
    """Only of an ARN without its suffix a batch's "not found" is not taken for the last word."""
    partial, whole = some(aws_server, 2)
    describe = aws_server.client().describe_secret
    short, arn = describe(SecretId=partial)["ARN"][:-7], describe(SecretId=whole)["ARN"]
    missing = [
        {"SecretId": secret, "ErrorCode": "ResourceNotFoundException", "Message": "no"}
        for secret in (short, arn)
    ]
    proxy.when("Batch", Reply(200, json.dumps({"Errors": missing}).encode()))
    answers = get(store, short, arn)
    assert own_value(partial, answers[short])
    assert isinstance(answers[arn], SecretNotFound)
    assert [asked.secrets for asked in proxy.asked] == [(short, arn), (short,)]


def test_a_name_beside_its_arn(proxy: AwsProxy, aws_server: AwsServer, store: AwsStore) -> None:
    """A name that an ARN of the same fetch has too is read by itself: the ARN may be another account's."""
    name, other, third = some(aws_server, 3)
    arn = aws_server.client().describe_secret(SecretId=name)["ARN"]
    answers = get(store, name, arn, other, third)
    for asked, value in ((name, name), (arn, name), (other, other), (third, third)):
        assert own_value(value, answers[asked])
    (batch, alone) = proxy.asked
    assert set(batch.secrets) == {arn, other, third}
    assert (alone.operation, alone.secrets) == ("GetSecretValue", (name,))


def test_each_entry_has_its_own_answer(proxy: AwsProxy, aws_server: AwsServer, store: AwsStore) -> None:
    """What is missing, scheduled for deletion or denied is told of itself, and costs the others nothing."""
    there, deleted, denied = some(aws_server, 3)
    aws_server.client().delete_secret(SecretId=deleted, RecoveryWindowInDays=7)
    proxy.deny(denied)
    answers = get(store, there, deleted, denied, "missing")
    assert own_value(there, answers[there])
    assert isinstance(answers[deleted], VersionUnavailable)
    assert isinstance(answers[denied], AccessDenied)
    assert isinstance(answers["missing"], SecretNotFound)
    assert proxy.operations() == ["BatchGetSecretValue"]


def test_a_secret_without_value_fails_the_whole_batch(
    proxy: AwsProxy, aws_server: AwsServer, store: AwsStore
) -> None:
    """Where one secret fails a batch as a whole (moto does that), each is read by itself."""
    there, also = some(aws_server, 2)
    aws_server.client().create_secret(Name=(hollow := unique("hollow")))
    answers = get(store, there, hollow, also)
    assert own_value(there, answers[there])
    assert own_value(also, answers[also])
    assert isinstance(answers[hollow], VersionUnavailable)
    assert proxy.operations() == ["BatchGetSecretValue", *["GetSecretValue"] * 3]


def test_pinned_versions_are_read_by_themselves(
    proxy: AwsProxy, aws_server: AwsServer, store: AwsStore
) -> None:
    """A batch has no versions: an id or a stage is a request of its own, and the rest stays together."""
    one, two = some(aws_server, 2)
    old = put(aws_server, pinned := unique("pinned"), SecretString="old")
    put(aws_server, pinned, SecretString="new")
    write = aws_server.client().put_secret_value
    write(SecretId=pinned, SecretString="next", VersionStages=["AWSPENDING"])
    write(SecretId=pinned, SecretString="blue", VersionStages=["blue"])
    versions = {old: "old", "AWSCURRENT": "new", "AWSPREVIOUS": "old", "AWSPENDING": "next", "blue": "blue"}
    pins = {SecretRef(NAME, pinned, version): value for version, value in versions.items()}
    refs = [*pins, SecretRef(NAME, one), SecretRef(NAME, two)]
    answers = store.fetch(refs, deadline=soon())
    for ref, value in pins.items():
        assert digest(found(answers[ref]).payload) == text(value), ref
    assert own_value(one, answers[refs[-2]])
    assert sorted(proxy.operations()) == ["BatchGetSecretValue", *["GetSecretValue"] * len(pins)]


def entry(name: str) -> dict[str, Any]:
    """One of the values of a batch."""
    arn = f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}-AbCdEf"
    return {"ARN": arn, "Name": name, "VersionId": "1" * 32, "SecretString": name}


def page(*names: str, more: str | None = None) -> Reply:
    """One page of a batch."""
    return Reply(
        200, json.dumps({"SecretValues": [entry(name) for name in names], "NextToken": more}).encode()
    )


def test_pages_are_followed(proxy: AwsProxy, store: AwsStore) -> None:
    """A batch that comes in pages is read to its end."""
    proxy.when("Batch", page("c"))
    proxy.when("Batch", page("a", "b", more="next"), times=1)
    answers = get(store, "a", "b", "c")
    assert all(own_value(name, answers[name]) for name in "abc")
    assert len(proxy.asked) == 2


def test_silence_on_a_secret_is_an_outage(proxy: AwsProxy, store: AwsStore) -> None:
    """A batch that has no word on a secret says nothing of it: neither found nor missing."""
    proxy.when("Batch", page("a"))
    answers = get(store, "a", "b")
    assert own_value("a", answers["a"])
    assert isinstance(answers["b"], StoreUnavailable)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b'"text"',
        b"null",
        b"",
        b'{"SecretValues":{}}',
        b'{"SecretValues":[{}]}',
        b'{"SecretValues":[{"Name":"a"},{"Name":"b"}]}',
        b'{"SecretValues":[{"Name":"a","VersionId":"1"},{"Name":"b","SecretString":"x"}]}',
        b'{"SecretValues":[{"Name":"a","CreatedDate":"yesterday"}]}',
        b'{"SecretValues":[{"Name":"a","SecretBinary":"%%%"}]}',
        b'{"SecretValues":["a","b"]}',
        b'{"SecretValues":[null],"Errors":[null]}',
    ],
)
def test_answers_of_another_form(proxy: AwsProxy, store: AwsStore, body: bytes) -> None:
    """Whatever is no answer of Secrets Manager is an outage, and never a missing secret."""
    proxy.when("", Reply(200, body))
    for secrets in (("a", "b"), ("a",)):
        answers = get(store, *secrets)
        assert {type(answer) for answer in answers.values()} == {StoreUnavailable}, answers


def test_half_a_character_is_refused(proxy: AwsProxy, store: AwsStore) -> None:
    """A text that UTF-8 cannot carry is no value."""
    proxy.when("", Reply(200, b'{"Name":"a","VersionId":"1","SecretString":"\\ud800"}'))
    assert str(get(store, "a")["a"]).endswith("is no text that could be published")


def test_without_the_right_to_batches(
    proxy: AwsProxy, aws_server: AwsServer, store: AwsStore, around: Surroundings, turned: Time
) -> None:
    """Where the policy lacks the batch, secrets are read one by one; it is said once and tried each hour."""
    names = some(aws_server, 3)
    proxy.deny_batches()
    for _ in range(2):
        answers = get(store, *names)
        assert all(own_value(name, answers[name]) for name in names)
    assert proxy.operations() == ["BatchGetSecretValue", *["GetSecretValue"] * 6]
    turned.now += HOUR + 1
    get(store, *names)
    assert len(proxy.operations("Batch")) == 2
    (notice,) = (event for event in around.events if isinstance(event, StoreNotice))
    assert "secretsmanager:BatchGetSecretValue" in notice.message
    assert "arn:aws:iam::123456789012:user/syncd" in notice.message
    proxy.rules.clear()
    turned.now += HOUR + 1
    get(store, *names)
    assert proxy.operations()[-1] == "BatchGetSecretValue"


def test_throttled_while_reading_one_by_one(proxy: AwsProxy, aws_server: AwsServer, store: AwsStore) -> None:
    """Once AWS asks us to slow down, the rest of a batch is not asked for."""
    names = some(aws_server, 4)
    proxy.deny_batches()
    get(store, *names)
    before = len(proxy.asked)
    proxy.when("^GetSecretValue", refusal("ThrottlingException", "Rate exceeded", Retry_After="7"))
    answers = get(store, *names)
    assert len(proxy.asked) == before + 1
    assert {getattr(answer, "retry_after", None) for answer in answers.values()} == {7.0}


def test_the_age_of_a_version(aws_server: AwsServer, store: AwsStore) -> None:
    """A secret tells when its version was made, and the version's id is its change token."""
    before = time.time()
    version = put(aws_server, name := unique("age"), SecretBinary=bytes(range(256)))
    secret = get(store, name)[name]
    assert isinstance(secret, RemoteSecret)
    assert secret.token == version
    assert digest(secret.payload) == digest(SecretValue(bytes(range(256))))
    assert secret.created is not None
    assert before - 2 < secret.created.timestamp() < time.time() + 2
