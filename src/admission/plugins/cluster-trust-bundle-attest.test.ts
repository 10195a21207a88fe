import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineResource } from '../../api/resources/resource.ts'
import { ask } from '../admission.fixture.ts'
import { createPlugin } from '../plugin-definition.ts'
import { clusterTrustBundleAttest } from './cluster-trust-bundle-attest.ts'

const resource = defineResource({
  ...{ group: 'certificates.k8s.io', version: 'v1beta1', kind: 'ClusterTrustBundle', plural: 'clustertrustbundles' },
  namespaced: false,
})

test('clusterTrustBundleAttest wants the right of the signer, for it or for all of its domain', async () => {
  const plugin = createPlugin(clusterTrustBundleAttest, { maySign: async ({ user }, _verb, signer) => user.name === signer })
  const bundle = (signerName?: string) => ({ metadata: { name: 'b' }, spec: { ...(signerName ? { signerName } : {}) } })
  const as = (name: string) => ({ user: { name, groups: [] } })
  const object = bundle('example.com/one')
  assert.match((await ask(plugin, { resource, object })) ?? '', /user not permitted to attest for signerName "example.com\/one"/)
  for (const name of ['example.com/one', 'example.com/*']) assert.equal(await ask(plugin, { resource, object, ...as(name) }), undefined)
  assert.equal(await ask(plugin, { resource, object: bundle() }), undefined)
  assert.equal(await ask(plugin, { resource, object, oldObject: object }), undefined)
})
