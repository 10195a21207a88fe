// The result of a JSON patch or a merge patch as upstream reads it again: text whose members it has sorted where the patch went through, and left
// as they were elsewhere. Only what is wrong with a result depends on it: what is told first, and what is shown.

import { byBytes } from '../schema/compile.ts'
import { goJson } from '../schema/go-json.ts'
import { type JsonNode, nodeOfValue } from '../schema/json-text.ts'

/** `sources` are the values whose parts the result shares where they were not gone through. */
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

/** As Go writes it. */
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
