import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeValue, parseJsonBytes } from './decode.ts'
import { schemaFor } from './model.ts'

describe('decodeValue() of maps of texts', () => {
  const policySchema = schemaFor('networking.k8s.io', 'v1', 'NetworkPolicy')
  const peers = (matchLabels: readonly Readonly<Record<string, unknown>>[]) => ({
    metadata: { name: 'x' },
    spec: { podSelector: {}, ingress: [{ from: matchLabels.map(labels => ({ podSelector: { matchLabels: labels } })) }] },
  })
  const labelsOf = (object: unknown): readonly Readonly<Record<string, string>>[] =>
    (object as ReturnType<typeof peers>).spec.ingress.flatMap(({ from }) => from.map(({ podSelector }) => podSelector.matchLabels)) as never

  function decoded(body: unknown, withText: boolean) {
    const parsed = parseJsonBytes(Buffer.from(JSON.stringify(body)))
    assert.ok(parsed.ok && policySchema !== undefined)
    const result = decodeValue(parsed.value, policySchema, 'Strict', withText ? parsed.text : undefined)
    assert.ok(result.ok)
    return { sent: labelsOf(parsed.value), read: labelsOf(result.object) }
  }

  it('makes no copy of a body’s maps, whose distinct keys would each cost a hidden class', () => {
    const { sent, read } = decoded(peers(Array.from({ length: 2000 }, (_, at) => ({ [`a${at}`]: 'v', [`b${at}`]: 'w' }))), true)
    assert.equal(read.filter((labels, at) => labels !== sent[at]).length, 0)
  })

  it('copies maps in another order, with a null, and of a value that is no body', () => {
    const { sent, read } = decoded(peers([{ b: '1', a: '2' }, { a: null, b: '' }, { a: '1' }]), true)
    assert.deepEqual(
      read.map(labels => JSON.stringify(labels)),
      ['{"a":"2","b":"1"}', '{"a":"","b":""}', '{"a":"1"}'],
    )
    assert.deepEqual(
      read.map((labels, at) => labels === sent[at]),
      [false, false, true],
    )
    const live = decoded(peers([{ a: '1' }]), false)
    assert.deepEqual(live.read, live.sent)
    assert.notEqual(live.read[0], live.sent[0])
  })
})
