import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKnownLarge, noteMembers } from '../../../base/data/large-record.ts'
import { difference, type FieldSet, intersection, member, NodeDraft, union } from './field-set.ts'

/** A node of many fields that counts how often they are listed. */
function countedNode() {
  let times = 0
  const fields: Record<string, FieldSet> = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`f:k${at}`, member]))
  const node = new Proxy(fields, {
    ownKeys(target) {
      times += 1
      return Reflect.ownKeys(target)
    },
  })
  noteMembers(node, 1000)
  return { node, times: () => times }
}

const small: FieldSet = { 'f:data': { 'f:k1': member, 'f:other': member } }
const operations: readonly { readonly name: string; readonly of: (a: FieldSet, b: FieldSet) => FieldSet; readonly result: FieldSet }[] = [
  { name: 'difference', of: difference, result: { 'f:data': { 'f:other': member } } },
  { name: 'intersection', of: intersection, result: { 'f:data': { 'f:k1': member } } },
]
for (const { name, of, result } of operations) {
  test(`${name}() of a small set and a large one lists no fields of the large one`, () => {
    const { node, times } = countedNode()
    assert.deepEqual(of(small, { 'f:data': node }), result)
    assert.equal(times(), 0)
  })
}

test('NodeDraft, union(), difference() and intersection() count their nodes', () => {
  const draft = new NodeDraft(false)
  for (let at = 0; at < 1000; at++) draft.add(`f:k${String(at).padStart(4, '0')}`, member)
  const large: FieldSet = { 'f:data': draft.finished() ?? {} }
  const joined = union(large, small)
  const made = { large, joined, rest: difference(joined, small), common: intersection(joined, large) }
  for (const [name, set] of Object.entries(made)) {
    const node = set['f:data'] ?? {}
    assert.ok(Object.keys(node).length >= 1000, name)
    assert.ok(isKnownLarge(node), name)
  }
})
