// Manifests with the shapes of popular charts, applied in their usual order: each is accepted, or refused with advice.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { loadAll } from 'js-yaml'
import type { KubeObject } from '../../../api/object.ts'
import { resources } from '../../../api/resources/index.ts'
import { resourcePath } from '../../../client/resource-ref.ts'
import { admin, SecuredApi } from '../secured-api.testing.ts'

const root = join(import.meta.dirname, '../../../../test/manifests')
const sets = globSync('*', { cwd: root }).toSorted()

/** The refusals, and the advice that they must contain. */
const refused: Readonly<Record<string, RegExp>> = {
  // It sees the node's network, processes and files: that needs an exception with an owner and an expiry.
  'DaemonSet/node-exporter': /violates PodSecurity "restricted:latest": host namespaces .*PodSecurityException.*templateDigest/s,
  // A server that answers at its Service's address would serve a part of the API.
  'APIService/v1beta1.metrics.k8s.io': /caBundle; or leave this APIService out: the cluster answers metrics\.k8s\.io\/v1beta1 itself/,
}

function pathOf({ apiVersion, kind, metadata }: KubeObject): string {
  const definition = resources.find(
    one => one.kind === kind && (one.group === '' ? one.version : `${one.group}/${one.version}`) === apiVersion,
  )
  assert.ok(definition, `no kind ${kind} of ${apiVersion}`)
  return resourcePath(definition, metadata.namespace ?? 'app')
}

test('the sets equal those of the folder', () => {
  assert.deepEqual(sets, ['database', 'gitops', 'ingress', 'monitoring', 'operator', 'shop'])
})

for (const set of sets) {
  test(`the manifests of ${set} are accepted in their order, or refused with advice`, async () => {
    await using api = await SecuredApi.open()
    await api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'app' } })
    const files = globSync('*.yaml', { cwd: join(root, set) }).toSorted()
    const objects = files.flatMap(file => loadAll(readFileSync(join(root, set, file), 'utf8')) as KubeObject[])
    assert.ok(objects.length > 8, `${objects.length} objects`)
    for (const object of objects) {
      const name = `${object.kind}/${object.metadata.name}`
      const answer = await api.request(admin, 'POST', `${pathOf(object)}?fieldValidation=Strict`, object)
      const advice = refused[name]
      if (advice === undefined) assert.equal(answer.status, 201, `${basename(set)} ${name}: ${answer.json.message}`)
      else {
        assert.equal(answer.status, 403, name)
        assert.match(answer.json.message, advice)
      }
    }
  })
}
