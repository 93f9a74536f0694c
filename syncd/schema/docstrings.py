"""What stands below the fields of a class, as their documentation.

pydantic can take it (`use_attribute_docstrings`), but then reads all sources whenever syncd starts, for what
only a JSON Schema shows: a fifth of the CPU time of the imports.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from itertools import pairwise


def attribute_docstrings(cls: type) -> dict[str, str]:
    """Return field → the text below it in the source of the class, without those of its bases.

    A class that a call made has no source; its fields bring their own descriptions.
    """
    try:
        source = inspect.getsource(cls)
    except OSError:
        return {}
    (body,) = (
        node.body for node in ast.parse(textwrap.dedent(source)).body if isinstance(node, ast.ClassDef)
    )
    return {
        field.target.id: inspect.cleandoc(below.value.value)
        for field, below in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }
