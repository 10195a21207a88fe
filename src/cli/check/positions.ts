// Positions of values in a YAML or JSON text. They are built from parser events, only for documents with findings.
import { EVENT_ALIAS, EVENT_MAPPING, EVENT_POP, EVENT_SCALAR, EVENT_SEQUENCE, getScalarValue, parseEvents, YAMLException } from 'js-yaml'
import { maxDepth } from '../../api/schema/decode.ts'
import type { PathStep } from './field-path.ts'

export interface Position {
  /** Counted from 1. */
  readonly line: number
  readonly column: number
}

interface PositionedNode {
  /** Offset of the key if the value is a member of a mapping, else of the value. */
  offset: number
  readonly members?: Map<string, PositionedNode>
  readonly items?: PositionedNode[]
}

/** The position of the deepest existing part of the path. */
export type Locate = (path: readonly PathStep[]) => Position

/**
 * `firstLine` is the line of the file at which the text begins. For text that is not YAML, every path has the position of its beginning.
 */
export function positionsOf(text: string, firstLine: number): Locate {
  const root = readNodes(text)
  const starts = lineStarts(text)
  return path => {
    let node = root
    for (const step of path) {
      const next = childOf(node, step)
      if (next === undefined) break
      node = next
    }
    return positionAt(starts, node.offset, firstLine)
  }
}

/** Decoding errors name no index: a member is searched in all items of a list, and used if only one item has it. */
function childOf({ items, members }: PositionedNode, step: PathStep): PositionedNode | undefined {
  if (items === undefined) return members?.get(String(step))
  if (typeof step === 'number') return items[step]
  const found = items.flatMap(item => item.members?.get(step) ?? [])
  return found.length === 1 ? found[0] : undefined
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

function positionAt(starts: readonly number[], offset: number, firstLine: number): Position {
  let [low, high] = [0, starts.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((starts[middle] ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return { line: firstLine + low, column: offset - (starts[low] ?? 0) + 1 }
}

interface Open {
  readonly node: PositionedNode
  /** In a mapping: the key of the next value. */
  key: { readonly name: string; readonly offset: number } | undefined
}

function readNodes(text: string): PositionedNode {
  const anchors = new Map<string, PositionedNode>()
  const stack: Open[] = []
  let root: PositionedNode | undefined
  const place = (node: PositionedNode, name: string | undefined): void => {
    root ??= node
    const parent = stack.at(-1)
    if (parent?.node.items !== undefined) parent.node.items.push(node)
    else if (parent?.key !== undefined) {
      const { key } = parent
      // Members of a merged mapping count only if the mapping itself does not have them.
      if (key.name === '<<')
        for (const [member, value] of node.members ?? []) if (!parent.node.members?.has(member)) parent.node.members?.set(member, value)
      parent.node.members?.set(key.name, { ...node, offset: key.offset })
      parent.key = undefined
    } else if (parent !== undefined) parent.key = { name: name ?? '', offset: node.offset }
  }
  for (const event of events(text)) {
    switch (event.type) {
      case EVENT_MAPPING:
      case EVENT_SEQUENCE: {
        const node: PositionedNode =
          event.type === EVENT_MAPPING ? { offset: event.start, members: new Map() } : { offset: event.start, items: [] }
        place(node, undefined)
        if (event.anchorStart >= 0) anchors.set(text.slice(event.anchorStart, event.anchorEnd), node)
        stack.push({ node, key: undefined })
        break
      }
      case EVENT_SCALAR: {
        const node = { offset: Math.max(event.valueStart, 0) }
        if (event.anchorStart >= 0) anchors.set(text.slice(event.anchorStart, event.anchorEnd), node)
        place(node, getScalarValue(text, event))
        break
      }
      case EVENT_ALIAS:
        place({ ...anchors.get(text.slice(event.anchorStart, event.anchorEnd)), offset: event.anchorStart }, undefined)
        break
      case EVENT_POP:
        stack.pop()
        break
    }
  }
  return root ?? { offset: 0 }
}

function events(text: string): ReturnType<typeof parseEvents> {
  try {
    return parseEvents(text, { maxDepth })
  } catch (err) {
    if (err instanceof YAMLException) return []
    throw err
  }
}
