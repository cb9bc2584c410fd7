"""JSON Patch, as work items take it: fields, relations, and tests of what they must be before."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.azure.process import BY_NAME
from sandbox.azure.rest.errors import AzureError, bad_request, no_such_field
from sandbox.azure.state import WorkItem

INVALID = "You must pass a valid patch document in the body of the request."
RELATION = re.compile(r"/relations/(\d+)(/attributes/(\w+))?$")


@dataclass(slots=True)
class Patch:
    """`fields` None means empty it; `removed` are positions among the relations."""

    fields: dict[str, Any] = field(default_factory=dict)
    tests: list[tuple[str, Any]] = field(default_factory=list)
    added: list[dict[str, Any]] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    attributes: list[tuple[int, str, Any]] = field(default_factory=list)

    def check(self, item: WorkItem) -> None:
        """Raises 412 where the item is not (any longer) what the patch was made for."""
        for path, value in self.tests:
            name = path.removeprefix("/fields/")
            present = {"/rev": item.rev, "/id": item.id}.get(path, item.fields.get(name))
            if present != value:
                raise AzureError(
                    412,
                    "TestPatchOperationFailedException",
                    f"VS403351: Test Operation for path {path} failed.",
                )


def read_patch(body: Any) -> Patch:
    """Raises 400 for what is no such document, and for fields that nobody knows."""
    if not isinstance(body, Sequence) or isinstance(body, str) or not body:
        raise bad_request(INVALID)
    patch = Patch()
    for operation in body:
        if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
            raise bad_request(INVALID)
        _read(patch, str(operation.get("op")), operation["path"], operation.get("value"))
    return patch


def _read(patch: Patch, op: str, path: str, value: Any) -> None:
    if op not in ("add", "replace", "remove", "test"):
        raise bad_request(f"The patch operation {op} is not supported.")
    if op == "test":
        patch.tests.append((path, value))
    elif path.startswith("/fields/"):
        name = path.removeprefix("/fields/")
        if name.lower() not in BY_NAME:
            raise no_such_field(name)
        patch.fields[BY_NAME[name.lower()]] = None if op == "remove" or value == "" else value
    elif path == "/relations/-" and op == "add" and isinstance(value, dict):
        patch.added.append(value)
    else:
        _read_relation(patch, op, path, value)


def _read_relation(patch: Patch, op: str, path: str, value: Any) -> None:
    found = RELATION.match(path)
    if found is None:
        raise bad_request(f"The path {path} of the patch is not known.")
    if found[3]:
        patch.attributes.append((int(found[1]), found[3], value))
    elif op == "remove":
        patch.removed.append(int(found[1]))
    else:
        raise bad_request(f"The operation {op} is not possible on {path}.")
