import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { templateDigest } from '../../admission/pod-security/template-digest.ts'
import { UserError } from '../../base/user-error.ts'
import { bare, CheckBench, pod, restricted } from './check.testing.ts'
import type { CheckFlags } from './check.ts'

test('check() admits what the server admits: exit code 0', async () => {
  using bench = new CheckBench()
  const { code, text } = await bench.run(pod('fine'))
  assert.equal(text, '1 object in 1 file; 0 errors, 0 warnings, 0 notes')
  assert.equal(code, 0)
})

test('check() names the plug-in, the place and the patch of what the server refuses: exit code 1', async () => {
  using bench = new CheckBench()
  const { code, text } = await bench.run(pod('bad', bare))
  assert.equal(code, 1)
  assert.match(text, /^-:7:7: error: Pod default\/bad: spec\.containers\[0\]\.securityContext\.runAsNonRoot: .* \[PodSecurity\]$/m)
  assert.match(text, /would pass with: \[\{"op":"add","path":"\/spec\/containers\/0\/securityContext"/)
})

const namespace = (name: string, level: string) =>
  `---\napiVersion: v1\nkind: Namespace\nmetadata: { name: ${name}, labels: { pod-security.kubernetes.io/enforce: ${level} } }\n`

test('check() evaluates objects together, in any order', async () => {
  using bench = new CheckBench()
  const inPrivileged = pod('bad', bare, ', namespace: open')
  assert.deepEqual(
    (await bench.findings(inPrivileged + namespace('open', 'privileged'))).map(({ rule }) => rule),
    ['api-warning', 'namespace-level'],
  )
  assert.ok((await bench.findings(inPrivileged + namespace('open', 'restricted'))).some(({ rule }) => rule === 'PodSecurity'))
  const classed = pod('classed', `${restricted}  priorityClassName: high\n`)
  assert.deepEqual(
    (await bench.findings(classed)).map(({ rule }) => rule),
    ['Priority'],
  )
  const high = '---\napiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: { name: high }\nvalue: 7\n'
  assert.deepEqual(await bench.findings(classed + high), [])
})

test('check() with the profile upstream applies the defaults of Kubernetes', async () => {
  using bench = new CheckBench()
  assert.deepEqual(await bench.findings(pod('fine', bare), { profile: 'upstream' }), [])
})

const refused: readonly {
  readonly name: string
  readonly text: string
  readonly rule: string
  readonly field?: string
  readonly line: number
  readonly says: RegExp
}[] = [
  {
    name: 'an unknown field',
    text: pod('a', `${restricted}  hostNetwrk: true\n`),
    rule: 'decoding',
    field: 'spec.hostNetwrk',
    line: 11,
    says: /unknown field/,
  },
  {
    name: 'a value of another type',
    text: 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { a: 1 }\n',
    rule: 'decoding',
    field: 'data',
    line: 4,
    says: /cannot unmarshal number/,
  },
  {
    name: 'a value of another type in the one item that has the member',
    text: pod('a', `${restricted.replace('app:1', '1')}`),
    rule: 'decoding',
    field: 'spec.containers.image',
    line: 9,
    says: /cannot unmarshal number/,
  },
  {
    name: 'a misspelt kind of a built-in group',
    text: 'apiVersion: apps/v1\nkind: Deploymnt\nmetadata: { name: a }\n',
    rule: 'unknown-kind',
    field: 'kind',
    line: 2,
    says: /nothing defines the kind "Deploymnt" of "apps\/v1": a cluster would refuse/,
  },
  {
    name: 'a bad value',
    text: 'apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec:\n  ports:\n    - port: 70000\n',
    rule: 'validation',
    field: 'spec.ports[0].port',
    line: 6,
    says: /between 1 and 65535/,
  },
  {
    name: 'a bad name',
    text: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: A\n',
    rule: 'validation',
    field: 'metadata.name',
    line: 4,
    says: /RFC 1123/,
  },
  {
    name: 'an unknown kind',
    text: 'apiVersion: example.com/v1\nkind: Widget\nmetadata: { name: a }\n',
    rule: 'unknown-kind',
    field: 'kind',
    line: 2,
    says: /nothing defines/,
  },
  {
    name: 'a removed version',
    text: 'apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: { name: a }\n',
    rule: 'deprecated-api',
    field: 'apiVersion',
    line: 1,
    says: /use networking\.k8s\.io\/v1/,
  },
  {
    name: 'a namespace that is not a name',
    text: 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a, namespace: A_B }\n',
    rule: 'NamespaceLifecycle',
    field: 'metadata.namespace',
    line: 3,
    says: /^namespaces "A_B" not found$/,
  },
  {
    name: 'an item of a list',
    text: 'apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: ConfigMap\n    metadata: { name: A }\n',
    rule: 'validation',
    field: 'metadata.name',
    line: 6,
    says: /RFC 1123/,
  },
]
for (const { name, text, rule, field, line, says } of refused) {
  test(`check() reports ${name} at its position`, async () => {
    using bench = new CheckBench()
    const [finding] = await bench.findings(text)
    assert.deepEqual([finding?.rule, finding?.field, finding?.line], [rule, field, line])
    assert.match(finding?.message ?? '', says)
  })
}

test('check() evaluates mutating policies with the features of the cluster', async () => {
  using bench = new CheckBench()
  const text = `
apiVersion: admissionregistration.k8s.io/v1alpha1
kind: MutatingAdmissionPolicy
metadata: { name: m }
spec:
  matchConstraints: { resourceRules: [{ apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps] }] }
  reinvocationPolicy: Never
  mutations: [{ patchType: ApplyConfiguration, applyConfiguration: { expression: 'Object{metadata: Object.metadata{labels: {"not a label": "x"}}}' } }]
---
apiVersion: admissionregistration.k8s.io/v1alpha1
kind: MutatingAdmissionPolicyBinding
metadata: { name: m }
spec: { policyName: m }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: c }
`
  assert.match((await bench.run(text)).text, /nothing defines the kind "MutatingAdmissionPolicy"/)
  const on = { featureGates: 'MutatingAdmissionPolicy=true', runtimeConfig: 'admissionregistration.k8s.io/v1alpha1=true' }
  const validated = await bench.run(text, on)
  assert.equal(validated.code, 1)
  assert.match(validated.text, /"not a label"/)
  assert.doesNotMatch(validated.text, /nothing defines/)
  await assert.rejects(() => bench.run(text, { featureGates: 'MutatingAdmissionPolicy' }), /must be NAME=true/)
})

test('check() reports an undefined kind once, and takes its definition from --crds without checking it', async () => {
  using bench = new CheckBench()
  const widget = (name: string, size: string) =>
    `---\napiVersion: example.com/v1\nkind: Widget\nmetadata: { name: ${name} }\nspec: { size: ${size} }\n`
  const findings = await bench.findings(widget('a', '1') + widget('b', '2'))
  assert.deepEqual(
    findings.map(({ rule, severity, object }) => [rule, severity, object?.name]),
    [['unknown-kind', 'note', 'a']],
  )
  const schema = 'type: object, properties: { spec: { type: object, properties: { size: { type: integer } } } }'
  const crds = bench.write(
    'crds/widgets.yaml',
    `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { plural: widgets, kind: Widget }
  versions: [{ name: v1, served: true, storage: true, schema: { openAPIV3Schema: { ${schema} } } }]
`,
  )
  assert.deepEqual(await bench.findings(widget('a', '1'), { crds: [crds] }), [])
  assert.match((await bench.run(widget('a', 'large'), { crds: [crds] })).text, /spec\.size: Invalid value: "string"/)
  await assert.rejects(
    bench.run(widget('a', '1'), { crds: [bench.write('none.yaml', pod('a'))] }),
    /There is no CustomResourceDefinition in/,
  )
})

test('check() treats folders that define the same object as two clusters, each with the shared manifests', async () => {
  using bench = new CheckBench()
  const job = (image: string) =>
    `apiVersion: batch/v1\nkind: Job\nmetadata: { name: a }\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      serviceAccountName: shared\n${restricted.trimEnd().replaceAll(/^/gm, '    ').replace('app:1', image)}\n`
  bench.write('all/staging/job.yaml', job('app:1'))
  bench.write('all/prod/job.yaml', job('app:2'))
  bench.write('all/account.yaml', 'apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: shared }\n')
  const { text, code } = await bench.run(undefined, {}, join(bench.folder, 'all'))
  assert.equal(text, '3 objects in 3 files; 0 errors, 0 warnings, 0 notes')
  assert.equal(code, 0)
  bench.write(
    'all/bound.yaml',
    'apiVersion: v1\nkind: Service\nmetadata: { name: s }\nspec: { selector: { app: gone }, ports: [{ port: 1 }] }\n',
  )
  const once = await bench.run(undefined, {}, join(bench.folder, 'all'))
  assert.equal(once.text.match(/dangling-service/g)?.length, 1)
})

test('check() evaluates the second manifest of an object as an update', async () => {
  using bench = new CheckBench()
  const job = (image: string) =>
    `---\napiVersion: batch/v1\nkind: Job\nmetadata: { name: a }\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n${restricted.trimEnd().replaceAll(/^/gm, '    ').replace('app:1', image)}
`
  const findings = await bench.findings(job('app:1') + job('app:2'))
  assert.deepEqual(
    findings.map(({ rule, field }) => [rule, field]),
    [['validation', 'spec.template']],
  )
  assert.deepEqual(await bench.findings(job('app:1') + job('app:1')), [])
})

test('check() calls no webhook, and evaluates everything else', async () => {
  using bench = new CheckBench()
  const webhook = `---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: { name: a }
webhooks:
  - name: a.example.com
    clientConfig: { url: "https://127.0.0.1:1/x" }
    rules: [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"] }]
    sideEffects: None
    admissionReviewVersions: [v1]
`
  const findings = await bench.findings(webhook + pod('fine'))
  assert.deepEqual(
    findings.filter(({ object }) => object?.kind === 'Pod'),
    [],
  )
  assert.deepEqual(
    findings.filter(({ rule }) => rule === 'not-asked').map(({ severity, object }) => [severity, object?.kind]),
    [['note', 'ValidatingWebhookConfiguration']],
  )
})

test('check() reports warnings of the server', async () => {
  using bench = new CheckBench()
  const [finding] = await bench.findings(pod('a', `${restricted}  nodeSelector: { beta.kubernetes.io/os: linux }\n`))
  assert.deepEqual(
    [finding?.rule, finding?.severity, finding?.field, finding?.line],
    ['api-warning', 'warning', 'spec.nodeSelector[beta.kubernetes.io/os]', 11],
  )
})

test('check() sets the exit code by --fail-on', async () => {
  using bench = new CheckBench()
  const latest = pod('a', restricted.replace('app:1', 'app:latest'))
  assert.equal((await bench.run(latest)).code, 1)
  assert.equal((await bench.run(latest, { failOn: 'error' })).code, 0)
  const config = bench.write('notes.yaml', 'apiVersion: check.bulkhead.dev/v1alpha1\nkind: CheckConfiguration\nfailOn: error\n')
  assert.equal((await bench.run(latest, { config })).code, 0)
  assert.equal((await bench.run(pod('b'), { config, failOn: 'note' })).code, 1)
})

test('check() suppresses findings that an exception of the configuration covers', async () => {
  using bench = new CheckBench()
  const config = bench.write(
    'exceptions.yaml',
    'apiVersion: check.bulkhead.dev/v1alpha1\nkind: CheckConfiguration\nfailOn: error\nexceptions:\n  - { rule: PodSecurity, name: bad, owner: ann, reason: legacy, expires: 2026-12-31 }\n',
  )
  const { code, text } = await bench.run(pod('bad', bare), { config })
  assert.equal(code, 0)
  assert.match(text, /1 finding suppressed by exceptions$/)
})

test('check() reads folders and skips documents that are not for Kubernetes', async () => {
  using bench = new CheckBench()
  bench.write('deploy/pod.yaml', pod('fine'))
  bench.write('deploy/compose.yaml', 'services: {}\n')
  const folder = join(bench.folder, 'deploy')
  assert.match((await bench.run(undefined, {}, folder)).text, /^1 object in 2 files; .*; 1 document not for Kubernetes skipped$/)
  const named = await bench.run(undefined, {}, join(folder, 'compose.yaml'))
  assert.equal(named.code, 1)
  assert.match(named.text, /apiVersion and kind are missing \[not-a-manifest\]/)
})

const impossible: readonly { readonly name: string; readonly flags?: CheckFlags; readonly paths: string[]; readonly says: RegExp }[] = [
  { name: 'no path', paths: [], says: /Name files or folders/ },
  { name: 'a missing path', paths: ['/nothing/here'], says: /Cannot read/ },
  {
    name: 'an invalid namespace',
    flags: { namespace: 'A_B' },
    paths: ['-'],
    says: /--namespace must be a lowercase DNS label of at most 63 characters, got "A_B"/,
  },
  { name: 'a cluster without a kubeconfig', flags: { context: 'x' }, paths: ['-'], says: /nothing\/here/ },
  { name: 'nothing to check', paths: ['-'], says: /no manifest/ },
  { name: 'a missing configuration', flags: { config: '/nothing/here' }, paths: ['-'], says: /Cannot read/ },
]
for (const { name, flags = {}, paths, says } of impossible) {
  test(`check() cannot check ${name}`, async () => {
    using bench = new CheckBench()
    await assert.rejects(bench.run(undefined, flags, ...paths), err => err instanceof UserError && says.test(err.message))
  })
}

test('check() applies the defaults of a new namespace: a request above the default limit is refused', async () => {
  using bench = new CheckBench()
  const greedy = pod(
    'greedy',
    restricted.replace('image: app:1', 'image: app:1\n      resources: { requests: { cpu: 8 } }'),
    ', namespace: team',
  )
  const [finding] = await bench.findings(greedy)
  assert.deepEqual([finding?.rule, finding?.field], ['validation', 'spec.containers[0].resources.requests'])
  assert.deepEqual(await bench.findings(greedy, { profile: 'upstream' }), [])
})

test('check() applies a PodSecurityException among the manifests until it expires', async () => {
  using bench = new CheckBench()
  const host = `${restricted}  hostNetwork: true\n`
  const [refused] = await bench.findings(pod('host', host))
  assert.equal(refused?.rule, 'PodSecurity')
  const digest = templateDigest({
    metadata: {},
    spec: {
      hostNetwork: true,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{ name: 'c', image: 'app:1', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }],
    },
  })
  const exception = (expires: string) => `---
apiVersion: bulkhead.dev/v1alpha1
kind: PodSecurityException
metadata: { name: e }
spec: { templateDigest: "${digest}", checks: [hostNamespaces], owner: ann, reason: r, expires: "${expires}" }
`
  assert.deepEqual(
    (await bench.findings(pod('host', host) + exception('2100-01-01T00:00:00Z'))).map(({ rule }) => rule),
    ['api-warning'],
  )
  assert.ok((await bench.findings(pod('host', host) + exception('2020-01-01T00:00:00Z'))).some(({ rule }) => rule === 'PodSecurity'))
})
