import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { type Cluster, startCluster } from '../../cluster/tests/bootstrapped.testing.ts'
import { formatExplanation } from './format.ts'
import { type WhyFlags, why } from './why.ts'

class WhyBench implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'why-'))
  readonly #cluster: Cluster
  readonly #kubeconfig: string

  private constructor(cluster: Cluster, kubeconfig: string) {
    this.#cluster = cluster
    this.#kubeconfig = join(this.#folder, 'kubeconfig')
    writeFileSync(this.#kubeconfig, kubeconfig)
  }

  static async open(): Promise<WhyBench> {
    const cluster = await startCluster({ simulatedNodes: 0 })
    return new WhyBench(cluster, await cluster.kubeconfig())
  }

  async run(flags: WhyFlags, ...words: string[]): Promise<{ code: number; text: string }> {
    const lines: string[] = []
    const code = await why({ kubeconfig: this.#kubeconfig, ...flags }, words, text => lines.push(text), new AbortController().signal)
    return { code, text: lines.join('\n') }
  }

  file(text: string): string {
    const path = join(this.#folder, 'manifest.yaml')
    writeFileSync(path, text)
    return path
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cluster[Symbol.asyncDispose]()
    rmSync(this.#folder, { recursive: true })
  }
}

test('why evaluates without sending the request: 0 with the binding, 2 with the missing rule', async () => {
  await using bench = await WhyBench.open()
  const allowed = await bench.run({ as: 'system:kube-scheduler' }, 'list', 'po')
  assert.equal(allowed.code, 0)
  assert.match(allowed.text, /^ALLOWED: list pods in namespace "default"$/m)
  assert.match(allowed.text, /RBAC: allowed by ClusterRoleBinding "system:kube-scheduler" of ClusterRole "system:kube-scheduler"/)
  const refused = await bench.run({ as: 'bob', namespace: 'a' }, 'delete', 'deploy/web')
  assert.equal(refused.code, 2)
  assert.match(refused.text, /^REFUSED: delete deployments\.apps "web" in namespace "a"$/m)
  assert.match(refused.text, /- apiGroups: \[apps\]\n +resources: \[deployments\]\n +resourceNames: \[web\]\n +verbs: \[delete\]/)
  assert.equal((await bench.run({ as: 'bob', asGroup: ['x', 'system:masters'] }, 'get', '/metrics')).code, 0)
  assert.match((await bench.run({ as: 'bob' }, 'get', 'node', 'n')).text, /get nodes "n" at the cluster scope/)
  assert.match((await bench.run({ as: 'bob', subresource: 'log' }, 'get', 'pods/p')).text, /resources: \[pods\/log\]/)
  assert.match(
    (await bench.run({ as: 'bob', namespace: 'a' }, 'get', 'things.example.com')).text,
    /get things\.example\.com in namespace "a"/,
  )
})

const manifests = `
apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: ConfigMap, metadata: { name: fine } }
---
apiVersion: v1
kind: Pod
metadata: { name: bad }
spec: { hostNetwork: true, containers: [{ name: c, image: x }] }
`

test('why -f tries each manifest, stores none, and shows what would pass', async () => {
  await using bench = await WhyBench.open()
  const file = bench.file(manifests)
  const { code, text } = await bench.run({ file })
  assert.equal(code, 2)
  assert.match(text, /^ALLOWED 201: create configmaps "fine"/m)
  assert.match(text, /^REFUSED 403 Forbidden: create pods/m)
  assert.match(text, /refused by plug-in PodSecurity/)
  assert.match(text, /field +spec\.hostNetwork: /)
  assert.match(text, /with this JSON patch: \[\{"op":"remove","path":"\/spec\/hostNetwork"/)
  const [fine, bad] = JSON.parse((await bench.run({ file, output: 'json' })).text)
  assert.deepEqual([fine.allowed, bad.allowed, bad.refusedBy], [true, false, 'admission'])
  assert.equal((await bench.run({ file, as: 'bob' })).code, 2)
  assert.match((await bench.run({ file, as: 'bob', asGroup: ['a', 'b'] })).text, /acting as +bob \(a, b, system:authenticated\)/)
})

test('why -f evaluates an existing object as an update', async () => {
  await using bench = await WhyBench.open()
  const binding = (role: string) => `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: cluster-admin }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ${role} }
`
  assert.match(
    (await bench.run({ file: bench.file(binding('view')) })).text,
    /^REFUSED 422 Invalid: patch clusterrolebindings[\s\S]*roleRef/m,
  )
  assert.equal((await bench.run({ file: bench.file(binding('cluster-admin')) })).code, 0)
})

test('why without arguments explains the newest refusal, and with an id that request', async () => {
  await using bench = await WhyBench.open()
  await assert.rejects(bench.run({}), /no recent refused request of user "bulkhead-admin" is known/)
  const tried = await bench.run({ file: bench.file(manifests), output: 'json' })
  const [fine, bad] = JSON.parse(tried.text)
  assert.match((await bench.run({})).text, new RegExp(bad.auditID))
  const { code, text } = await bench.run({}, fine.auditID)
  assert.equal(code, 0)
  assert.match(text, /RBAC: allowed by ClusterRoleBinding "bulkhead:administrators"/)
})

const wrong: readonly { readonly name: string; readonly flags: WhyFlags; readonly words: string[]; readonly says: RegExp }[] = [
  { name: 'a word that is not an id', flags: {}, words: ['x'], says: /^"x" is not a valid argument: pass an audit id/ },
  { name: 'an unknown id', flags: {}, words: ['00000000-0000-4000-8000-000000000000'], says: /no request with the audit id/ },
  { name: 'a group without a user', flags: { asGroup: ['x'] }, words: ['get', 'pods'], says: /--as-group requires --as/ },
  { name: 'a file and a request', flags: { file: 'x' }, words: ['get', 'pods'], says: /not both/ },
  { name: 'a missing file', flags: { file: '/nothing/here' }, words: [], says: /Cannot read/ },
  { name: 'an id of another user', flags: { as: 'bob' }, words: ['00000000-0000-4000-8000-000000000000'], says: /leave out --as/ },
  { name: 'too many words', flags: {}, words: ['get', 'pods', 'a', 'b'], says: /Pass VERB and RESOURCE/ },
]
test('why refuses invalid arguments', async t => {
  await using bench = await WhyBench.open()
  for (const { name, flags, words, says } of wrong)
    await t.test(name, () => assert.rejects(bench.run(flags, ...words), err => err instanceof UserError && says.test(err.message)))
  for (const text of ['a: [', 'just text', '{ apiVersion: v1, kind: Nothing, metadata: {} }', '']) {
    await t.test(`a file of ${JSON.stringify(text)}`, () => assert.rejects(bench.run({ file: bench.file(text) }), UserError))
  }
})

test('formatExplanation() shows why each authenticator refused the credentials', () => {
  const text = formatExplanation({
    ...{ kind: 'Explanation', apiVersion: 'why.bulkhead.dev/v1', allowed: false, refusedBy: 'authentication' },
    request: { verb: 'list', resource: 'pods', namespace: 'a' },
    answer: { code: 401, reason: 'Unauthorized', message: 'Unauthorized' },
    authentication: {
      user: 'system:anonymous',
      groups: [],
      refusals: [
        { authenticator: 'x509', reason: 'does not know it' },
        { authenticator: 'tokens', reason: 'expired' },
      ],
    },
  })
  assert.match(text, /REFUSED 401 Unauthorized: list pods/)
  assert.match(text, /refused: x509: does not know it\n +tokens: expired$/)
})

test('formatExplanation() names the policies and webhooks that changed the refused object', () => {
  const text = formatExplanation({
    ...{ kind: 'Explanation', apiVersion: 'why.bulkhead.dev/v1', allowed: false, refusedBy: 'admission' },
    request: { verb: 'create', resource: 'pods', namespace: 'a' },
    authentication: { user: 'ann', groups: [] },
    mutatedBy: [
      { policy: 'opens', binding: 'to-all' },
      { policy: 'labels', binding: 'to-a' },
    ],
    mutatedByWebhooks: [{ configuration: 'defaults', webhook: 'limits.example.com' }],
    admission: { plugin: 'PodSecurity' },
  })
  assert.match(
    text,
    /changed by +MutatingAdmissionPolicy "opens" with binding "to-all"\n +changed by +MutatingAdmissionPolicy "labels" with binding "to-a"\n +changed by +webhook "limits\.example\.com" of "defaults"\n +admission/,
  )
})

test('CVE-2021-25743: control characters in a name are escaped', async () => {
  await using bench = await WhyBench.open()
  const { text } = await bench.run({ as: 'eve\u001b[2J\u009b31m' }, 'list', 'pods')
  assert.match(text, /eve\\u001b\[2J\\u009b31m/)
  assert.doesNotMatch(text, /[^\P{C}\n]/u)
})
