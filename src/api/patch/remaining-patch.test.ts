import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { goFormat } from '../go-text/go-format.ts'
import { schemaFor } from '../schema/model.ts'
import { leftOfPatch } from './remaining-patch.ts'

const pod = {
  metadata: { name: 'p', finalizers: ['x'] },
  spec: { containers: [{ name: 'a', image: 'i' }], volumes: [{ name: 'v', emptyDir: {} }], nodeSelector: { k: 'v' } },
}

describe('leftOfPatch()', () => {
  const rows: [name: string, patch: Record<string, unknown>, left: string][] = [
    ['all of what has no directives', { spec: { hostPID: 'x', nodeName: null } }, 'map[spec:map[hostPID:x nodeName:<nil>]]'],
    ['no $retainKeys', { spec: { $retainKeys: ['hostPID'], hostPID: 1 } }, 'map[spec:map[hostPID:1]]'],
    [
      'neither an order nor the list that it orders',
      {
        spec: {
          '$setElementOrder/containers': [{ name: 'a' }],
          containers: [{ name: 'a' }],
          '$setElementOrder/hostAliases': [],
          hostPID: 1,
        },
      },
      'map[spec:map[hostPID:1]]',
    ],
    ['no $patch: replace of an object', { spec: { $patch: 'replace', hostPID: 1 } }, 'map[spec:map[hostPID:1]]'],
    ['no $patch: replace of the whole', { $patch: 'replace', spec: 1 }, 'map[spec:1]'],
    [
      'what names scalars to delete',
      { metadata: { '$deleteFromPrimitiveList/finalizers': ['x'] } },
      'map[metadata:map[$deleteFromPrimitiveList/finalizers:[x]]]',
    ],
    [
      'items with a directive, and of others what is left of them',
      {
        spec: {
          containers: [
            { name: 'a', $retainKeys: ['name'] },
            { name: 'b', $retainKeys: [] },
            { name: 'c', $patch: 'delete' },
          ],
        },
      },
      'map[spec:map[containers:[map[name:a] map[$retainKeys:[] name:b] map[$patch:delete name:c]]]]',
    ],
    [
      'all of an item whose like was deleted or replaced',
      {
        spec: {
          containers: [
            { name: 'a', $patch: 'delete' },
            { name: 'a', $retainKeys: ['name'] },
          ],
          volumes: [{ $patch: 'replace' }, { name: 'v', $retainKeys: ['name'] }],
        },
      },
      'map[spec:map[containers:[map[$patch:delete name:a] map[$retainKeys:[name] name:a]] volumes:[map[$patch:replace] map[$retainKeys:[name] name:v]]]]',
    ],
    [
      'no nulls and no directed parts of what is new',
      {
        spec: {
          os: { name: null, a: { $patch: 'delete' } },
          hostAliases: [{ ip: null, $patch: 'delete' }],
          dnsConfig: { $patch: 'x', b: null },
        },
      },
      'map[spec:map[dnsConfig:map[$patch:x] hostAliases:[map[$patch:delete]] os:map[]]]',
    ],
    [
      'all of what replaces',
      { spec: { nodeSelector: 1, tolerations: [{ $retainKeys: [] }] } },
      'map[spec:map[nodeSelector:1 tolerations:[map[$retainKeys:[]]]]]',
    ],
  ]
  for (const [name, patch, left] of rows)
    it(`keeps ${name}`, () => {
      const before = JSON.stringify(patch)
      assert.equal(goFormat(leftOfPatch(pod, patch, schemaFor('', 'v1', 'Pod'))), left)
      assert.equal(JSON.stringify(patch), before)
    })
})
