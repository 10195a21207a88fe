import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { auditWitnessAnnotation, nodeWitnessName } from '../../api/nodes/witness-call.ts'
import type { Node } from '../../api/types/core-v1.ts'
import { cosignatureType, ed25519Type, formatKey } from '../../base/tlog/note.ts'
import { foreignWitnessRefusal, ownWitnessRefusal } from './own-witness.ts'

const keyOf = (name: string, type: typeof cosignatureType | typeof ed25519Type = cosignatureType): string =>
  formatKey({ name: nodeWitnessName(name), type, publicKey: generateKeyPairSync('ed25519').publicKey })
const node = (name: string, key?: string): Node => ({
  metadata: { name, ...(key === undefined ? {} : { annotations: { [auditWitnessAnnotation]: key } }) },
  spec: {},
})
const [own, other] = [keyOf('n1'), keyOf('n1')]

test('foreignWitnessRefusal() lets nobody else set the key of a node, and anyone who may write Nodes remove it', () => {
  assert.match(foreignWitnessRefusal(node('n1', own), node('n1')) ?? '', /only the node "n1" itself may set its annotation bulkhead.dev/)
  assert.match(foreignWitnessRefusal(node('n1', other), node('n1', own)) ?? '', /itself/)
  assert.match(foreignWitnessRefusal(node('n1', own), undefined) ?? '', /itself/)
  assert.equal(foreignWitnessRefusal(node('n1', own), node('n1', own)), undefined)
  assert.equal(foreignWitnessRefusal(node('n1'), node('n1', own)), undefined)
  assert.equal(foreignWitnessRefusal(undefined, node('n1', own)), undefined)
})

test('ownWitnessRefusal() takes a key of cosignatures in the name of the node, and nothing else', () => {
  assert.equal(ownWitnessRefusal(node('n1', own), node('n1'), 'n1'), undefined)
  assert.equal(ownWitnessRefusal(node('n1'), node('n1', own), 'n1'), undefined)
  for (const key of [keyOf('n2'), keyOf('n1', ed25519Type), 'x', ''])
    assert.match(ownWitnessRefusal(node('n1', key), node('n1'), 'n1') ?? '', /with the name of this node/, key)
})
