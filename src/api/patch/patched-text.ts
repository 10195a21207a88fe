// The result of a JSON patch or a merge patch as text, as upstream decodes it again: members that the patch touched are sorted, others keep
// their order. This only affects errors: which one is first, and what is shown.

import { byBytes } from '../schema/compile.ts'
import { goJson } from '../schema/go-json.ts'
import { type JsonNode, nodeOfValue } from '../schema/json-text.ts'

/** `sources` are the values whose untouched parts the result shares. */
export function patchedNode(result: unknown, sources: readonly unknown[]): JsonNode {
  const kept = new Set<unknown>()
  const keep = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    kept.add(value)
    for (const member of Object.values(value)) keep(member)
  }
  for (const source of sources) keep(source)
  kept.delete(result)
  return nodeOfValue(result, record => (kept.has(record) ? Object.keys(record) : Object.keys(record).sort(byBytes)))
}

/** Go's form. */
export function textOfNode(node: JsonNode): string {
  switch (node.type) {
    case 'object':
      return `{${node.members.map(([name, member]) => `${goJson(name)}:${textOfNode(member)}`).join(',')}}`
    case 'array':
      return `[${node.items.map(textOfNode).join(',')}]`
    case 'string':
      return goJson(node.value)
    default:
      return node.raw
  }
}
