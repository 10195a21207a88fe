import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '../../api/types/core-v1.ts'
import { FakeStoreView } from '../admission.fixture.ts'
import { NodeClaims } from './node-claims.ts'
import { foreignLinkRefusal, ownLinkRefusal } from './own-link.ts'

const key = (letter: string): string => `${letter.repeat(42)}A=`
const node = (name: string, publicKey?: string): Node => ({
  metadata: { name, ...(publicKey === undefined ? {} : { annotations: { 'bulkhead.dev/wireguard-public-key': publicKey } }) },
  spec: {},
})
const view = new FakeStoreView()
view.put('nodes', node('n2', key('b')))
const claims = new NodeClaims(view)

test('only the node itself publishes its key; anyone who may write Nodes may remove it', () => {
  assert.match(foreignLinkRefusal(node('n1', key('a')), node('n1')) ?? '', /only the node "n1" itself may set .*wireguard-public-key/)
  assert.match(foreignLinkRefusal(node('n1', key('a')), node('n1', key('c'))) ?? '', /itself/)
  assert.match(foreignLinkRefusal(node('n1', key('a')), undefined) ?? '', /itself/)
  assert.equal(foreignLinkRefusal(node('n1', key('a')), node('n1', key('a'))), undefined)
  assert.equal(foreignLinkRefusal(node('n1'), node('n1', key('a'))), undefined)
  assert.equal(foreignLinkRefusal(undefined, node('n1', key('a'))), undefined)
})

test('a node publishes a key of its own, and never that of another node', () => {
  assert.equal(ownLinkRefusal(node('n1', key('a')), node('n1'), 'n1', claims), undefined)
  assert.match(ownLinkRefusal(node('n1', key('b')), node('n1'), 'n1', claims) ?? '', /it is the key of node "n2"/)
  assert.match(ownLinkRefusal(node('n1', 'x'), node('n1'), 'n1', claims) ?? '', /must be 32 bytes in base64/)
  assert.equal(ownLinkRefusal(node('n2', key('b')), node('n2'), 'n2', claims), undefined)
})
