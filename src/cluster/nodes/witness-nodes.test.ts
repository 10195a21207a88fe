import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { FakeStoreView } from '../../admission/admission.fixture.ts'
import { auditWitnessAnnotation, maxWitnessReplyBytes, nodeWitnessName } from '../../api/nodes/witness-call.ts'
import { notFound, serviceUnavailable } from '../../api/status.ts'
import type { Node } from '../../api/types/core-v1.ts'
import { cosignatureType, formatKey } from '../../base/tlog/note.ts'
import type { NodeAnswer, NodeRequest } from '../../server/proxy/tunnel/node-tunnel.ts'
import { followWitnessNodes } from './witness-nodes.ts'

const never = new AbortController().signal

interface Given {
  readonly ready?: boolean
  readonly key?: string
  readonly address?: string
  readonly created?: string
  readonly cordoned?: boolean
}

const keyOf = (name: string) =>
  formatKey({ name: nodeWitnessName(name), type: cosignatureType, publicKey: generateKeyPairSync('ed25519').publicKey })

function node(
  name: string,
  { ready = true, key = keyOf(name), address = '192.0.2.9', created = '2026-01-01T00:00:00Z', cordoned }: Given = {},
): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, creationTimestamp: created, ...(key === '' ? {} : { annotations: { [auditWitnessAnnotation]: key } }) },
    spec: cordoned === true ? { unschedulable: true } : {},
    status: {
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }],
      addresses: [{ type: 'InternalIP', address }],
    },
  }
}

type Answer = (request: NodeRequest, signal: AbortSignal) => Promise<NodeAnswer>
const noAnswer: Answer = () => Promise.reject(new Error('no node is asked here'))

function followed(view: FakeStoreView, answer: Answer = noAnswer, askMs = 60_000) {
  const tunnels = { requestNode: (_name: string, request: NodeRequest, signal: AbortSignal) => answer(request, signal) }
  return followWitnessNodes({ view, tunnels, ownAddresses: new Set(['192.0.2.1']), askMs })
}
const namesOf = (nodes: readonly { readonly name: string }[]) => nodes.map(({ name }) => name)

test('followWitnessNodes() takes ready nodes with a key of their own: other machines first, then the oldest, at most three', () => {
  const view = new FakeStoreView()
  const nodes = followed(view)
  assert.deepEqual(nodes(), [])
  view.put('nodes', node('own', { address: '192.0.2.1', created: '2025-01-01T00:00:00Z' }))
  assert.deepEqual(namesOf(nodes()), ['own'])
  view.put('nodes', node('b', { cordoned: true }))
  view.put('nodes', node('a'))
  view.put('nodes', node('old', { created: '2025-06-01T00:00:00Z' }))
  view.put('nodes', node('simulated', { key: '' }))
  view.put('nodes', node('foreign', { key: keyOf('a') }))
  view.put('nodes', node('malformed', { key: 'x' }))
  view.put('nodes', node('away', { ready: false, created: '2024-01-01T00:00:00Z' }))
  assert.deepEqual(namesOf(nodes()), ['old', 'a', 'b'])
  const before = nodes()
  view.put('nodes', node('young', { created: '2026-06-01T00:00:00Z' }))
  assert.deepEqual(namesOf(nodes()), ['old', 'a', 'b'])
  assert.equal(before.length, 3)
  view.remove('nodes', '', 'a')
  view.put('nodes', node('old', { ready: false }))
  assert.deepEqual(namesOf(nodes()), ['b', 'young', 'own'])
})

const streamOf = (text: string) => Duplex.from([Buffer.from(text)])
const call = { logKey: 'k', submission: 's' }

async function ask(answer: Answer, askMs?: number) {
  const view = new FakeStoreView()
  view.put('nodes', node('n1'))
  const [witness] = followed(view, answer, askMs)()
  assert.ok(witness)
  return witness.ask(call, never)
}

test('a node is asked through its tunnel', async () => {
  const reply = await ask(async request => {
    assert.deepEqual([request.kind, request.kind === 'witness' && JSON.parse(request.body.toString())], ['witness', call])
    return { status: 200, contentType: 'application/json', stream: streamOf('{"status":409,"body":"4\\n","seen":"x"}') }
  })
  assert.deepEqual(reply, { status: 409, body: '4\n', seen: 'x' })
})

const away: readonly (readonly [string, Answer])[] = [
  ['has no tunnel', () => Promise.reject(serviceUnavailable('no open tunnel'))],
  ['was deleted', () => Promise.reject(notFound({ group: '', plural: 'nodes' }, 'n1'))],
  ['is of an older release', async () => ({ status: 404, contentType: '', stream: streamOf('{}') })],
  ['does not know the path', async () => ({ status: 400, contentType: '', stream: streamOf('{}') })],
  [
    'is cut off',
    async () => {
      const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
      stream.destroy(new Error('the node cut the stream'))
      stream.on('error', () => undefined)
      return { status: 200, contentType: '', stream }
    },
  ],
]
for (const [what, answer] of away)
  test(`a node that ${what} is away`, async () => {
    assert.equal(await ask(answer), undefined)
  })

test('a node that hangs before or within its answer is away after the limit', async () => {
  const hang: Answer = (_request, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }))
  assert.equal(await ask(hang, 1), undefined)
  const silent = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  assert.equal(await ask(async () => ({ status: 200, contentType: '', stream: silent }), 1), undefined)
  assert.equal(silent.destroyed, true)
})

test('a node that answers otherwise has a fault', async () => {
  const answer = (status: number, text: string) => ask(async () => ({ status, contentType: '', stream: streamOf(text) }))
  await assert.rejects(answer(500, '{}'), /node n1 answered 500 as a witness/)
  await assert.rejects(answer(200, 'x'), /none of a witness/)
  await assert.rejects(answer(200, 'x'.repeat(maxWitnessReplyBytes + 1)), /node n1 answered more than \d+ bytes/)
})
