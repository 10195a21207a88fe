import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { ControllerChoice } from './controller.ts'
import { controllers, controllersOf } from './index.ts'

test('controllers lists every controller in the folder', () => {
  const folder = import.meta.dirname
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const files = all.filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  const declared = files.flatMap(name => {
    const text = readFileSync(`${folder}/${name}`, 'utf8')
    return [...text.matchAll(/^export const (\w+)(?:: Controller\b| = replicaController)/gm)].map(([, symbol]) => symbol)
  })
  const listed = [...readFileSync(`${folder}/index.ts`, 'utf8').matchAll(/^import \{ (\w+) \}/gm)].map(([, symbol]) => symbol)
  assert.deepEqual(declared.sort(), listed.sort())
  assert.equal(new Set(controllers.map(({ name }) => name)).size, declared.length)
})

test('controllersOf() omits only controllers without work', () => {
  const leftOut = (choice: Partial<ControllerChoice>) => {
    const running = new Set(controllersOf({ allocateNodeCidrs: true, bootstrapTokens: true, denyDeletedNodes: true, ...choice }))
    return controllers.filter(controller => !running.has(controller)).map(({ name }) => name)
  }
  assert.deepEqual(leftOut({}), [])
  assert.deepEqual(leftOut({ allocateNodeCidrs: false }), ['node-ipam-controller'])
  assert.deepEqual(leftOut({ denyDeletedNodes: false }), ['deleted-node-controller'])
  assert.deepEqual(leftOut({ bootstrapTokens: false }), ['token-cleaner-controller', 'bootstrap-signer-controller'])
})

test("controllers have upstream's event source if it differs from their name", () => {
  const sources = controllers.flatMap(({ name, eventSource }) => (eventSource === undefined ? [] : [[name, eventSource]]))
  assert.deepEqual(Object.fromEntries(sources), {
    'csi-modifier': 'csi-resizer',
    'csi-reclaimer': 'csi-provisioner',
    'disruption-controller': 'controllermanager',
    'endpointslice-controller': 'endpoint-slice-controller',
    'ephemeral-volume-controller': 'ephemeral_volume',
    'generic-garbage-collector': 'garbage-collector-controller',
    'local-volume-provisioner': 'local.bulkhead.dev',
    'local-volume-reclaimer': 'local.bulkhead.dev',
    'local-volume-resizer': 'external-resizer local.bulkhead.dev',
    'local-volume-snapshotter': 'local.bulkhead.dev',
    'node-ipam-controller': 'cidrAllocator',
    'persistentvolume-phase-controller': 'persistentvolume-controller',
  })
})
