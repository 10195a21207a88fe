import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { startCluster } from '../../cluster/tests/bootstrapped.testing.ts'
import { check } from './check.ts'
import type { Finding } from './finding.ts'

const text = `
apiVersion: v1
kind: Namespace
metadata: { name: coming, labels: { pod-security.kubernetes.io/enforce: baseline } }
---
apiVersion: v1
kind: Pod
metadata: { name: in-coming, namespace: coming }
spec: { containers: [{ name: c, image: "a:1" }] }
---
apiVersion: v1
kind: Pod
metadata: { name: in-open, namespace: open }
spec: { containers: [{ name: c, image: "a:1", securityContext: { privileged: true } }] }
---
apiVersion: v1
kind: Pod
metadata: { name: in-closed, namespace: closed }
spec: { containers: [{ name: c, image: "a:1" }] }
---
apiVersion: v1
kind: Pod
metadata: { name: nowhere, namespace: nowhere }
spec: { containers: [{ name: c, image: "a:1" }] }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: kube-root-ca.crt, namespace: kube-system }
data: { a: b }
`

test('check() with a kubeconfig evaluates in the cluster and stores nothing', async () => {
  await using cluster = await startCluster({ simulatedNodes: 0 })
  const { client } = cluster
  const { signal } = new AbortController()
  const namespaces = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false }
  const make = (name: string, labels = {}) =>
    client.create(namespaces, '', { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }, signal)
  await make('open', { 'pod-security.kubernetes.io/enforce': 'privileged', 'pod-security.kubernetes.io/warn': 'privileged' })
  await make('closed')
  const folder = mkdtempSync(join(tmpdir(), 'by-cluster-'))
  try {
    const kubeconfig = join(folder, 'kubeconfig')
    writeFileSync(kubeconfig, await cluster.kubeconfig())
    const config = join(folder, 'check.yaml')
    writeFileSync(config, 'apiVersion: check.bulkhead.dev/v1alpha1\nkind: CheckConfiguration\n')
    const lines: string[] = []
    const context = { color: false, now: 0, kubeconfig, print: (line: string) => lines.push(line), write: writeFileSync }
    const run = (flags: object) =>
      check({ config, output: 'json', kubeconfig, ...flags }, ['-'], { ...context, stdin: Readable.from([Buffer.from(text)]) }, signal)
    assert.equal(await run({}), 1)
    const findings: readonly Finding[] = JSON.parse(lines.join('')).findings
    const rules = (name: string, ...of: string[]) =>
      findings.filter(({ object, rule }) => object?.name === name && of.includes(rule)).map(({ rule }) => rule)
    const verdicts = ['PodSecurity', 'refused', 'ServiceAccount', 'not-asked', 'api-warning', 'conflict']
    assert.deepEqual(rules('in-open', ...verdicts), [])
    assert.ok(rules('in-closed', ...verdicts).every(rule => rule === 'PodSecurity') && rules('in-closed', ...verdicts).length > 0)
    assert.deepEqual(new Set(rules('in-coming', ...verdicts)), new Set(['api-warning', 'not-asked']))
    assert.deepEqual(rules('nowhere', 'NamespaceLifecycle'), ['NamespaceLifecycle'])
    assert.deepEqual(rules('kube-root-ca.crt', ...verdicts), [])
    assert.ok(
      findings.some(({ rule, fix }) => rule === 'PodSecurity' && fix !== undefined),
      'the patch comes from the cluster',
    )
    assert.deepEqual((await client.list({ ...namespaces, plural: 'pods', kind: 'Pod', namespaced: true }, {}, signal)).items, [])
    await assert.rejects(run({ context: 'other' }), err => err instanceof UserError && /context "other" does not exist/.test(err.message))
  } finally {
    rmSync(folder, { recursive: true })
  }
})
