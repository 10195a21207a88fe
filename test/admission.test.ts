// Policies and webhooks from a user's view: with kubectl, from files, and with a dead webhook.
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { bulkhead, noKubectl, TestCluster } from './cluster.ts'

const policy = (name: string, expression: string, message: string): string => `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: ${name} }
spec:
  matchConstraints:
    resourceRules: [{ apiGroups: [''], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps] }]
    namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: default } }
  validations: [{ expression: "${expression}", message: ${message} }]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: ${name} }
spec: { policyName: ${name}, validationActions: [Deny] }
`
const mutating = `
apiVersion: admissionregistration.k8s.io/v1alpha1
kind: MutatingAdmissionPolicy
metadata: { name: owners }
spec:
  matchConstraints:
    resourceRules: [{ apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [configmaps] }]
    namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: default } }
  reinvocationPolicy: Never
  mutations:
  - patchType: ApplyConfiguration
    applyConfiguration: { expression: 'Object{metadata: Object.metadata{annotations: {"owner": request.userInfo.username}}}' }
---
apiVersion: admissionregistration.k8s.io/v1alpha1
kind: MutatingAdmissionPolicyBinding
metadata: { name: owners }
spec: { policyName: owners }
`
const mutates = ['--feature-gates', 'MutatingAdmissionPolicy=true', '--runtime-config', 'admissionregistration.k8s.io/v1alpha1=true']
const webhook = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: { name: dead }
webhooks:
- name: dead.example.com
  clientConfig: { url: 'https://127.0.0.1:9/' }
  rules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'] }]
  sideEffects: None
  admissionReviewVersions: [v1]
`

test("policies of the API and of files refuse kubectl's objects, and a dead webhook is named and can be removed", {
  skip: noKubectl,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'policies-'))
  chmodSync(folder, 0o755)
  writeFileSync(join(folder, 'names.yaml'), policy('names', "object.metadata.name != 'bad'", 'from a file'))
  try {
    writeFileSync(join(folder, 'owners.yaml'), mutating)
    await using cluster = await TestCluster.start({ flags: ['--simulated-nodes', '1', '--policy-dir', folder, ...mutates] })
    const create = async (name: string, ...args: string[]) =>
      (await cluster.tryKubectl(['-n', 'default', 'create', 'configmap', name, ...args])).stderr
    assert.match(await create('bad'), /ValidatingAdmissionPolicy 'names' with binding 'names' denied request: from a file/)
    assert.match((await cluster.tryKubectl(['delete', 'validatingadmissionpolicy', 'names'])).stderr, /NotFound/)

    const file = join(folder, 'policy.txt')
    writeFileSync(file, policy('sizes', '!has(object.data) || object.data.size() < 2', 'too much'))
    await cluster.kubectl('apply', '-f', file)
    assert.match(await create('many', '--from-literal=a=1', '--from-literal=b=2'), /binding 'sizes' denied request: too much/)
    assert.equal(await create('few', '--from-literal=a=1'), '')
    const owner = ['-n', 'default', 'get', 'configmap', 'few', '-o', 'jsonpath={.metadata.annotations.owner}']
    assert.equal((await cluster.tryKubectl(owner)).stdout, 'bulkhead-admin')
    assert.match((await cluster.tryKubectl(['explain', 'mutatingadmissionpolicy.spec.mutations'])).stdout, /patchType/)

    writeFileSync(file, webhook)
    await cluster.kubectl('apply', '-f', file)
    assert.match(await create('any'), /failed calling webhook "dead\.example\.com": failed to call webhook: .*connection refused/)
    const status = async () => (await bulkhead('status', '--data-dir', cluster.dataDirectory)).stdout
    let shown = await status()
    // The Event about it is written in the background.
    while (!/ValidatingWebhookConfiguration "dead" did not answer/.test(shown)) shown = await status()
    assert.match(shown, /names +names\.yaml/)
    assert.match(shown, /owners +owners\.yaml/)
    const why = await bulkhead('why', '--data-dir', cluster.dataDirectory)
    assert.match(why.stdout, /webhook +"dead\.example\.com" of "dead" took \d+ ms: .*connection refused/)
    await cluster.kubectl('delete', 'validatingwebhookconfiguration', 'dead')
    assert.equal(await create('any'), '')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
