// `bulkhead check` and a running cluster give the same verdict on every fixture of ours, each on its own.
import assert from 'node:assert/strict'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { dump, load } from 'js-yaml'
import { createHttpTransport } from '../../client/transport/http-transport.ts'
import { readKubeconfig } from '../../client/transport/kubeconfig.ts'
import { startCluster } from '../../cluster/tests/bootstrapped.testing.ts'
import { accountsOf } from './accounts.ts'
import { splitDocuments } from './documents.ts'
import { type Manifest, readManifests } from './manifests.ts'
import { ObjectValidator } from './object-validator.ts'
import { validateOffline } from './validate-offline.ts'
import type { Answer } from './verdict.ts'

const source = join(import.meta.dirname, '../..')
const filesOf = (pattern: string): string[] => globSync(pattern, { cwd: source }).map(file => join(source, file))

/** Pods of the fixtures, on their own and in a Deployment. */
function podsOf(file: string, index: number): string[] {
  const { metadata = {}, spec } = load(readFileSync(file, 'utf8')) as { metadata?: object; spec: object }
  const labels = { app: 'x' }
  const template = { metadata: { ...metadata, labels }, spec }
  return [
    dump({ apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name: `pod-${index}` }, spec }),
    dump({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: `d-${index}` },
      spec: { selector: { matchLabels: labels }, template },
    }),
  ]
}

const texts = [
  ...filesOf('assess/checks/*.yaml').map(file => readFileSync(file, 'utf8')),
  ...filesOf('../examples/*.yaml').map(file => readFileSync(file, 'utf8')),
  ...filesOf('admission/pod-security/checks/*.yaml').flatMap(podsOf),
  'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\nimmutible: true\n',
  'apiVersion: v1\nkind: Service\nmetadata: { name: A }\nspec: { ports: [{ port: 0 }] }\n',
  'apiVersion: v1\nkind: Namespace\nmetadata: { name: n, labels: { pod-security.kubernetes.io/enforce: strict } }\n',
]

/** What must be equal: the outcome, and for a refusal its code, message and plug-in. */
function essence(answer: Answer | undefined): unknown {
  if (answer?.outcome !== 'refused') return [answer?.outcome, answer?.outcome === 'admitted' ? answer.warnings : []]
  const { status, plugin, patch, warnings } = answer
  return [answer.outcome, status.code, status.message, plugin, patch, warnings]
}

test('validateOffline() and a cluster give each manifest the same verdict', async () => {
  const { manifests, findings } = readManifests(texts.flatMap((text, index) => splitDocuments(`${index}.yaml`, text)))
  assert.deepEqual(findings, [])
  assert.ok(manifests.length > 150)
  const namespace = 'corpus'
  const { signal } = new AbortController()
  await using cluster = await startCluster({ simulatedNodes: 0 })
  const core = (plural: string, kind: string, namespaced: boolean) => ({ group: '', version: 'v1', plural, kind, namespaced })
  const accounts = accountsOf(manifests, namespace)
  for (const name of new Set(accounts.map(account => account.namespace))) {
    if (name === 'default' || name === 'kube-system') continue
    await cluster.client.create(core('namespaces', 'Namespace', false), '', { metadata: { name } }, signal)
  }
  for (const { namespace: where, name } of accounts) {
    const account = core('serviceaccounts', 'ServiceAccount', true)
    // The controller creates the other accounts.
    if (name !== 'default') await cluster.client.create(account, where, { metadata: { name } }, signal)
  }
  const folder = mkdtempSync(join(tmpdir(), 'agreement-'))
  try {
    writeFileSync(join(folder, 'kubeconfig'), await cluster.kubeconfig())
    const { namespace: _, ...endpoint } = await readKubeconfig(join(folder, 'kubeconfig'))
    await using transport = createHttpTransport({ ...endpoint, userAgent: 'agreement' })
    const validate = new ObjectValidator({ transport, namespace, keeps: () => false, signal })
    const counts = { admitted: 0, refused: 0, 'unknown-kind': 0 }
    // One server for all fixtures is faster than one for each; fixtures with the same name go into different batches.
    for (const batch of batches(manifests)) {
      const offline = await validateOffline(batch, { profile: 'secure', namespace }, signal)
      for (const [index, manifest] of batch.entries()) {
        const own = offline[index]
        assert.deepEqual(
          essence(own),
          essence(await validate.validate(manifest)),
          `${manifest.kind} ${manifest.name} of ${manifest.document.file}`,
        )
        if (own !== undefined) counts[own.outcome]++
      }
    }
    assert.ok(counts.admitted > 50 && counts.refused > 50 && counts['unknown-kind'] > 0, JSON.stringify(counts))
  } finally {
    rmSync(folder, { recursive: true })
  }
})

/** Within a batch, manifests have different names, and none depends on what another defines. */
function batches(manifests: readonly Manifest[]): Manifest[][] {
  const all: { names: Set<string>; batch: Manifest[] }[] = []
  for (const manifest of manifests) {
    const name = `${manifest.kind}/${manifest.namespace ?? ''}/${manifest.name}`
    let place = all.find(({ names }) => !names.has(name))
    if (place === undefined) {
      place = { names: new Set(), batch: [] }
      all.push(place)
    }
    place.names.add(name)
    place.batch.push(manifest)
  }
  return all.map(({ batch }) => batch)
}
