"""The keys under which the results of steps are cached."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from visprog.engine.graph import Graph, Node, arguments_as_text
from visprog.engine.tool_models import Dependencies
from visprog.language.templates import FilledText
from visprog.tools import Tool
from visprog.values import Image, Regions


def step_keys(
    graph: Graph, inputs: Mapping[str, Image], dependencies: Callable[[Tool], Dependencies]
) -> Mapping[str, bytes]:
    """Derive the keys of all steps from the inputs. No step needs to have run."""
    keys: dict[str, bytes] = {}

    def key_of(name: str) -> bytes:
        key = keys.get(name)
        if key is None:
            key = keys[name] = bytes.fromhex(inputs[name].digest)
        return key

    for node in graph.nodes.values():
        tool = node.tool
        if tool is None:
            keys[node.name] = key_of(node.step.uses[0])
            continue
        content = hashlib.blake2b(node.identity, digest_size=16)
        content.update(dependencies(tool).key)
        for name in node.step.uses:
            content.update(key_of(name))
        keys[node.name] = content.digest()
    return keys


def element_base(node: Node, tool: Tool, dependencies: Dependencies, keys: Mapping[str, str]) -> bytes:
    """Return what the keys of all elements of a lifted step share: the tool and its shared arguments.

    `keys` are the keys of the variables as text.
    """
    shared = arguments_as_text(node.step, keys, without=node.step.lifted)
    content = hashlib.blake2b("\0".join(["element", tool.fingerprint, *shared]).encode(), digest_size=16)
    content.update(dependencies.key)
    return content.digest()


def element_key(base: bytes, lifted: Mapping[str, Any]) -> bytes:
    """Return the key of one element: `base` and the content of its lifted arguments."""
    content = hashlib.blake2b(base, digest_size=16)
    for name, value in sorted(lifted.items()):
        text = value.digest if isinstance(value, Image | Regions) else repr(value)
        if isinstance(value, FilledText):  # inserted commas and words mean nothing special
            text += repr(value.inserted)
        content.update(f"\0{name}={text}".encode(errors="surrogatepass"))
    return content.digest()


def process_local(graph: Graph, is_stable: Callable[[Tool], bool]) -> frozenset[str]:
    """Return the steps whose keys mean nothing to another process, as they depend on an unstable tool."""
    found: set[str] = set()
    for node in graph.nodes.values():
        stable = node.tool is None or is_stable(node.tool)
        if not stable or not found.isdisjoint(node.step.uses):
            found.add(node.name)
    return frozenset(found)
