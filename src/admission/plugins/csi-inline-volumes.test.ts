import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod } from '../../api/resources/core/pod.ts'
import { ask, readerOf } from '../admission.fixture.ts'
import { createPlugin } from '../plugin-definition.ts'
import { csiInlineVolumes, inlineProfileLabel } from './csi-inline-volumes.ts'

const rows: readonly { readonly name: string; readonly label?: string; readonly enforce?: string; readonly error?: RegExp }[] = [
  { name: 'a driver without the label', enforce: 'restricted' },
  { name: 'a driver for restricted namespaces', label: 'restricted', enforce: 'restricted' },
  {
    name: 'a driver for baseline namespaces in a restricted one',
    label: 'baseline',
    enforce: 'restricted',
    error: /level "baseline" or less, and namespace "a" enforces "restricted"/,
  },
  {
    name: 'a driver for privileged namespaces in one without labels',
    label: 'privileged',
    error: /level "privileged" or less, and namespace "a" enforces "restricted"/,
  },
  { name: 'a driver for baseline namespaces in a privileged one', label: 'baseline', enforce: 'privileged' },
  { name: 'a label that is no level', label: 'all', enforce: 'privileged', error: /must be privileged, baseline, restricted, got "all"/ },
]
for (const { name, label, enforce, error } of rows)
  test(`CSIInlineVolumes and ${name}`, async () => {
    const reader = readerOf({
      namespaces: [{ metadata: { name: 'a', labels: enforce === undefined ? {} : { 'pod-security.kubernetes.io/enforce': enforce } } }],
      'csidrivers.storage.k8s.io': [{ metadata: { name: 'd', labels: label === undefined ? {} : { [inlineProfileLabel]: label } } }],
    })
    const plugin = createPlugin(csiInlineVolumes, { reader, profile: 'secure' })
    const object = { metadata: { name: 'p', namespace: 'a' }, spec: { containers: [], volumes: [{ name: 'v', csi: { driver: 'd' } }] } }
    const refusal = await ask(plugin, { resource: pod, object })
    if (error === undefined) assert.equal(refusal, undefined)
    else assert.match(String(refusal), error)
  })
