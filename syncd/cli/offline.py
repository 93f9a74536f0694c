"""`syncd plan --offline`: looks at the cluster, and at no store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncd.cluster.interface import Scope
from syncd.model.names import ObjectRef
from syncd.sync.kserve_config import ConfigMemory
from syncd.sync.offline import plan_offline
from syncd.sync.place import place

if TYPE_CHECKING:
    from syncd.cli.session import Session
    from syncd.sync.offline import OfflinePlan


def look(session: Session) -> OfflinePlan:
    """Return what a sync would do as far as that can be told without values.

    Raises:
        ClusterUnreachable: when the API server does not answer.

    """
    cluster, document = session.cluster, session.document
    survey = cluster.survey()
    seen = ConfigMemory().read(cluster)
    placed = place(
        document.credentials.values(), survey, document.stores, own_namespace=session.options.namespace
    )
    config = seen.config
    scope = Scope(
        secrets=frozenset(placement.secret for placement in placed.placements),
        entries=frozenset(
            ObjectRef(placement.id.namespace, config.storage_spec_secret_name)
            for placement in placed.placements
            if placement.entry is not None
        ),
        accounts=frozenset(
            ObjectRef(placement.id.namespace, name)
            for placement in placed.placements
            for name in placement.accounts
        ),
    )
    return plan_offline(placed, cluster.observe(scope, survey), seen, session.options.instance)
