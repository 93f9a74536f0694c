"""Every login of the mapping, through the SDK as it is, against a tenant and a node on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from syncd.model.errors import AuthenticationFailed, StoreMisconfigured, StoreUnavailable
from syncd.testing.stores import digest, found
from tests.harness.azure.certificates import Identity
from tests.harness.azure.server import NodeIdentities
from tests.harness.azure.tokens import Cluster, Tokens
from tests.integration.stores.azure.rig import SECRET, key_vault, principal
from tests.integration.stores.rig import Surroundings, read, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from syncd.model.errors import StoreError
    from syncd.stores.azure.adapter import KeyVaultStore
    from syncd.stores.interface import SecretStore
    from tests.harness.azure.server import AzureServer
    from tests.harness.tls import CertificateAuthority

SUBJECT = "system:serviceaccount:syncd:syncd"


class Tenant:
    """The server of a test, with one secret `a`, and stores of it."""

    def __init__(self, server: AzureServer, ca: Path) -> None:
        """The secret is there at once."""
        self.server = server
        self._ca = ca
        server.vault.put("a", "one")

    def store(
        self, auth: Mapping[str, Any], around: Surroundings | None = None, **settings: Any
    ) -> KeyVaultStore:
        """A store with this login."""
        return key_vault(self.server.url, auth, around, ca={"file": str(self._ca)}, **settings)

    def must_read(self, auth: Mapping[str, Any], **settings: Any) -> KeyVaultStore:
        """A store that has read the secret with this login."""
        store = self.store(auth, **settings)
        must_read(store)
        return store


def must_read(store: SecretStore) -> None:
    """Read the secret `a`."""
    assert digest(found(read(store, "a")).payload) == text("one")


def refused(store: SecretStore, kind: type[StoreError] = AuthenticationFailed) -> str:
    """Try to read; return what was said instead."""
    answer = read(store, "a")
    assert isinstance(answer, kind), repr(answer)
    assert SECRET not in repr(answer)
    return answer.message


@pytest.fixture
def tenant(server: AzureServer, authority: CertificateAuthority) -> Tenant:
    """A tenant, its vault, and a secret there."""
    return Tenant(server, authority.file)


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    """A file with the client secret."""
    file = tmp_path / "client-secret"
    file.write_text(f"{SECRET}\n")
    return file


@pytest.fixture
def node(server: AzureServer) -> Iterator[NodeIdentities]:
    """A node whose metadata service has a system-assigned identity."""
    with NodeIdentities(server.tokens, system="system-identity") as node:
        yield node


def test_workload_identity(tenant: Tenant, tmp_path: Path) -> None:
    """The ServiceAccount's token is exchanged for one of the application that trusts its subject."""
    auth = federated(tenant.server, Cluster(), tmp_path)
    store = tenant.must_read({"workloadIdentity": auth})
    must_read(store)
    assert tenant.server.logins() == 1


def test_workload_identity_of_the_environment(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the settings leave out is what AKS's webhook has put into the pod."""
    auth = federated(tenant.server, Cluster(), tmp_path)
    store = tenant.store({"workloadIdentity": {}})
    message = refused(store, StoreMisconfigured)
    assert "AZURE_CLIENT_ID" in message
    assert "azure.workload.identity/use" in message
    monkeypatch.setenv("AZURE_CLIENT_ID", auth["clientId"])
    monkeypatch.setenv("AZURE_TENANT_ID", auth["tenantId"])
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", auth["tokenFile"])
    must_read(store)


@pytest.mark.parametrize(
    ("subject", "audience", "seconds", "code"),
    [
        ("system:serviceaccount:other:other", "api://AzureADTokenExchange", 3600, "AADSTS700213"),
        (SUBJECT, "https://kubernetes.default.svc", 3600, "AADSTS700212"),
        (SUBJECT, "api://AzureADTokenExchange", -3600, "AADSTS700024"),
    ],
)
def test_federated_token_that_does_not_fit(
    tenant: Tenant, tmp_path: Path, subject: str, audience: str, seconds: int, code: str
) -> None:
    """A token of another ServiceAccount, for somebody else, or of the past is refused, with Entra's code."""
    cluster = Cluster()
    auth = federated(tenant.server, cluster, tmp_path)
    (tmp_path / "token").write_text(cluster.token(subject, audience=audience, seconds=seconds))
    message = refused(tenant.store({"workloadIdentity": auth}))
    assert f"{code}: " in message
    assert "workload identity" in message


def test_federated_token_that_is_not_mounted(tenant: Tenant, tmp_path: Path) -> None:
    """A token file that is not there is AuthenticationFailed, and names the file."""
    auth = federated(tenant.server, Cluster(), tmp_path)
    (tmp_path / "token").unlink()
    assert str(tmp_path / "token") in refused(tenant.store({"workloadIdentity": auth}))


@pytest.mark.parametrize("wanted", [{}, {"clientId": "by-client"}, {"resourceId": "/subscriptions/1/id"}])
def test_managed_identity_of_a_node(
    tenant: Tenant, node: NodeIdentities, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, str]
) -> None:
    """The metadata service gives tokens for the node's own identity, and for those assigned to it."""
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", node.url)
    for name in wanted.values():
        node.user_assigned[name] = f"{name}-client"
    node.system = None if wanted else "system-identity"
    must_read(tenant.must_read({"managedIdentity": wanted}))
    assert len(node.seen()) == 1
    assert tenant.server.logins() == 0


def test_managed_identity_of_an_app_service(
    tenant: Tenant, node: NodeIdentities, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`IDENTITY_ENDPOINT` and `IDENTITY_HEADER` are used where they are set."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", node.endpoint)
    monkeypatch.setenv("IDENTITY_HEADER", node.header)
    tenant.must_read({"managedIdentity": {}})
    assert [request.path.partition("?")[0] for request in node.seen()] == ["/msi/token"]


def test_identity_that_is_not_assigned(
    tenant: Tenant, node: NodeIdentities, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An identity that the node does not have is AuthenticationFailed, by name."""
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", node.url)
    assert "managed identity of-others" in refused(
        tenant.store({"managedIdentity": {"clientId": "of-others"}})
    )


def test_node_without_a_metadata_service(
    tenant: Tenant, node: NodeIdentities, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A metadata service that does not answer is StoreUnavailable: it may answer again."""
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", node.url)
    node.close()
    assert "connection refused" in refused(tenant.store({"managedIdentity": {}}), StoreUnavailable)


def test_client_secret_that_is_rotated(tenant: Tenant, secret_file: Path) -> None:
    """A new client secret is used as soon as the file has it, before the old token ends."""
    client_id = tenant.server.application(SECRET)
    store = tenant.must_read(principal(tenant.server, client_id, secret_file))
    tenant.server.entra.applications[client_id].secrets = {"another-client-secret"}
    must_read(store)
    assert tenant.server.logins() == 1
    secret_file.write_text("another-client-secret")
    must_read(store)
    assert tenant.server.logins() == 2


def test_client_secret_that_is_wrong(tenant: Tenant, secret_file: Path) -> None:
    """A wrong secret is refused once, not at every read; a right one is tried at once."""
    client_id = tenant.server.application("another-client-secret")
    store = tenant.store(principal(tenant.server, client_id, secret_file))
    for _ in range(3):
        message = refused(store)
        assert "AADSTS7000215: the client secret is wrong" in message
        assert str(secret_file) in message
        assert "next login in" in message
    assert tenant.server.logins() == 1
    secret_file.write_text("another-client-secret")
    must_read(store)


def test_client_secret_of_the_cluster(tenant: Tenant) -> None:
    """A client secret may be in a Secret of the daemon's namespace."""
    around = Surroundings(secrets={"syncd-azure": {"key": SECRET.encode()}})
    spec = {
        "tenantId": tenant.server.tenant,
        "clientId": tenant.server.application(SECRET),
        "secret": {"secretKeyRef": {"name": "syncd-azure", "key": "key"}},
    }
    must_read(tenant.store({"servicePrincipal": spec}, around))


@pytest.mark.parametrize("form", ["pem", "pkcs12"])
@pytest.mark.parametrize("password", [None, "of-the-key"])
def test_certificate(tenant: Tenant, tmp_path: Path, form: str, password: str | None) -> None:
    """An application logs in with a certificate in either form, locked or not, and with the next one."""
    file = tmp_path / "identity"
    auth = by_certificate(tenant.server, file, tmp_path, password)
    store = tenant.store(auth)
    for logins in (1, 2):
        identity = Identity.with_rsa()
        tenant.server.entra.applications[client_of(auth)].certificates = [identity.certificate]
        (identity.write_pem if form == "pem" else identity.write_pkcs12)(file, password)
        must_read(store)
        assert tenant.server.logins() == logins


def test_certificate_that_is_not_registered(tenant: Tenant, tmp_path: Path) -> None:
    """A certificate that the application does not have is refused, with Entra's code."""
    file = tmp_path / "identity"
    Identity.with_rsa().write_pem(file)
    assert "AADSTS700027: " in refused(tenant.store(by_certificate(tenant.server, file, tmp_path, None)))


@pytest.mark.parametrize(
    "matter", ["absent", "rubbish", "elliptic", "wrong password", "superfluous password"]
)
def test_certificate_that_cannot_be_used(tenant: Tenant, tmp_path: Path, matter: str) -> None:
    """A file that is none, or cannot be opened, is AuthenticationFailed, and names the file."""
    file = tmp_path / "identity"
    match matter:
        case "rubbish":
            file.write_bytes(b"no certificate")
        case "elliptic":
            Identity.with_curve().write_pem(file)
        case "wrong password":
            Identity.with_rsa().write_pkcs12(file, "another")
        case "superfluous password":
            Identity.with_rsa().write_pem(file)
    password = "of-the-key" if "password" in matter else None
    assert str(file) in refused(tenant.store(by_certificate(tenant.server, file, tmp_path, password)))
    assert tenant.server.logins() == 0


def test_default_chain_by_environment(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's chain begins with the environment's service principal."""
    monkeypatch.setenv("AZURE_TENANT_ID", tenant.server.tenant)
    monkeypatch.setenv("AZURE_CLIENT_ID", tenant.server.application(SECRET))
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
    tenant.must_read({"default": {}})
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "wrong")
    assert "AADSTS7000215" in refused(tenant.store({"default": {}}))


def test_default_chain_goes_on(
    tenant: Tenant, node: NodeIdentities, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not set up is passed over; where nothing is, that is AuthenticationFailed."""
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "prod")
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", node.url)
    tenant.must_read({"default": {}})
    assert tenant.server.logins() == 0
    node.close()
    assert "none of its logins is set up here" in refused(tenant.store({"default": {}}))
    auth = federated(tenant.server, Cluster(), tmp_path)
    monkeypatch.setenv("AZURE_CLIENT_ID", auth["clientId"])
    monkeypatch.setenv("AZURE_TENANT_ID", auth["tenantId"])
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", auth["tokenFile"])
    tenant.must_read({"default": {}})
    assert tenant.server.logins() == 1


def test_vault_of_another_tenant(tenant: Tenant, secret_file: Path) -> None:
    """A vault that takes no token of our tenant is AuthenticationFailed, and tells whose it wants."""
    auth = principal(tenant.server, tenant.server.application(SECRET), secret_file)
    other = "11111111-2222-3333-4444-555555555555"
    tenant.server.vault.authority = f"{tenant.server.url}/{other}"
    tenant.server.vault.tokens = Tokens(other)
    assert f"it wants those of tenant {other}: is tenantId that one?" in refused(tenant.store(auth))
    assert tenant.server.seen(f"^/{other}") == []


def test_vault_that_has_moved_to_another_tenant(tenant: Tenant, secret_file: Path) -> None:
    """The tenant of the settings decides, not the one that the SDK remembers of this vault."""
    auth = principal(tenant.server, tenant.server.application(SECRET), secret_file)
    ours = tenant.server.vault.authority
    tenant.server.vault.authority = f"{tenant.server.url}/11111111-2222-3333-4444-555555555555"
    tenant.must_read(auth).close()
    tenant.server.vault.authority = ours
    tenant.must_read(auth)


def federated(server: AzureServer, cluster: Cluster, folder: Path) -> dict[str, str]:
    """An application that trusts `SUBJECT` of the cluster, and the settings with its token in `folder`."""
    client_id = server.application()
    server.entra.applications[client_id].federated = [(cluster, SUBJECT)]
    file = folder / "token"
    file.write_text(cluster.token(SUBJECT))
    return {"clientId": client_id, "tenantId": server.tenant, "tokenFile": str(file)}


def by_certificate(
    server: AzureServer, file: Path, folder: Path, password: str | None
) -> dict[str, dict[str, Any]]:
    """The settings of a new application with a certificate in `file`."""
    certificate: dict[str, Any] = {"file": str(file)}
    if password is not None:
        (folder / "password").write_text(password)
        certificate["password"] = {"file": str(folder / "password")}
    spec = {"tenantId": server.tenant, "clientId": server.application(), "certificate": certificate}
    return {"servicePrincipal": spec}


def client_of(auth: dict[str, dict[str, Any]]) -> str:
    """The client id in the settings of a service principal."""
    return str(auth["servicePrincipal"]["clientId"])
