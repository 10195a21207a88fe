import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMap } from '../../api/resources/core/config-map.ts'
import { ask, readerOf } from '../admission.fixture.ts'
import { createPlugin } from '../plugin-definition.ts'
import { namespaceExists } from './namespace-exists.ts'

test('namespaceExists refuses objects in a missing namespace', async () => {
  const plugin = createPlugin(namespaceExists, { reader: readerOf({ namespaces: [{ metadata: { name: 'n' } }] }) })
  const map = (namespace: string) => ({ metadata: { name: 'm', namespace } })
  assert.equal(await ask(plugin, { resource: configMap, object: map('n') }), undefined)
  assert.equal(await ask(plugin, { resource: configMap, object: map('x') }), 'namespaces "x" not found')
})
