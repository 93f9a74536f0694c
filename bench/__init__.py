"""What syncd costs, measured against a real kube-apiserver and a real OpenBao on this machine.

``python -m bench`` (``make bench``) runs the scenes of ``bench.scenes``: syncd as a process of its own, cold
and steady, beside a bare script that does the same work without any of syncd's rules.
docs/guides/performance.md says what came of it.
"""
