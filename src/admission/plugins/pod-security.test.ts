import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../api/object.ts'
import { deployment } from '../../api/resources/apps/deployment.ts'
import { namespace } from '../../api/resources/core/namespace.ts'
import { pod } from '../../api/resources/core/pod.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import type { PodSecurityException } from '../../api/types/bulkhead-v1alpha1.ts'
import type { Pod, PodSpec } from '../../api/types/core-v1.ts'
import { readerOf } from '../admission.fixture.ts'
import type { AdmissionRequest } from '../admission.ts'
import { createPlugin } from '../plugin-definition.ts'
import { defaultExemptions, type Exemptions } from '../pod-security/exemptions.ts'
import { existingPodWarnings } from '../pod-security/existing-pods.ts'
import { templateDigest } from '../pod-security/template-digest.ts'
import { type PodSecurityOptions, podSecurity } from './pod-security.ts'

const label = (mode: string) => `pod-security.kubernetes.io/${mode}`
const space = (name: string, labels: Record<string, string> = {}): KubeObject => ({ metadata: { name, labels } })

interface Asked {
  readonly resource?: ResourceDefinition
  readonly object: KubeObject
  readonly oldObject?: KubeObject
  readonly user?: string
  readonly subresource?: string
}
interface Said {
  readonly refusal: string | undefined
  readonly warnings: readonly string[]
  readonly annotations: Readonly<Record<string, string>>
}

/** One request to the plug-in over a cluster of these namespaces and pods. */
async function ask(
  options: Partial<PodSecurityOptions>,
  { resource = pod, object, oldObject, user = 'u', subresource = '' }: Asked,
  pods: readonly KubeObject[] = [],
  exceptions: readonly KubeObject[] = [],
): Promise<Said> {
  const namespaces = [
    space('closed'),
    space('open', { [label('enforce')]: 'privileged', [label('warn')]: 'baseline', [label('audit')]: 'restricted' }),
  ]
  const plugin = createPlugin(podSecurity, {
    ...{
      reader: readerOf({ namespaces, pods, 'podsecurityexceptions.bulkhead.dev': exceptions }),
      profile: 'secure' as const,
      now: () => 0,
    },
    ...options,
  })
  const warnings: string[] = []
  const annotations: Record<string, string> = {}
  const { name = '', namespace: where = '' } = object.metadata
  const request: AdmissionRequest = {
    ...{
      operation: oldObject === undefined ? 'CREATE' : 'UPDATE',
      resource,
      subresource,
      namespace: resource === namespace ? name : where,
      name,
    },
    ...{ object, oldObject, user: { name: user, groups: [] }, dryRun: false },
    warn: text => warnings.push(text),
    annotate: (key, value) => {
      annotations[key] = value
    },
  }
  if (!plugin.handles(request)) return { refusal: undefined, warnings, annotations }
  const verdict = await plugin.validate?.(request, new AbortController().signal)
  assert.ok(verdict !== undefined)
  return { refusal: verdict.allowed ? undefined : verdict.error.message, warnings, annotations }
}

type Spec = Record<string, unknown>
const podOf = (where: string, spec: Spec = {}, name = 'p', metadata = {}): KubeObject =>
  ({ metadata: { name, namespace: where, ...metadata }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } }) as KubeObject
const deploymentOf = (where: string, replicas: number, image = 'i'): KubeObject =>
  ({
    metadata: { name: 'd', namespace: where },
    spec: { replicas, template: { spec: { containers: [{ name: 'c', image }] } } },
  }) as KubeObject

const exempting = (more: Partial<Exemptions>): Partial<PodSecurityOptions> => ({
  configuration: { podSecurity: { defaults: {}, exemptions: { ...defaultExemptions, ...more } } },
})
const exemptions: readonly {
  readonly name: string
  readonly options: Partial<PodSecurityOptions>
  readonly object: KubeObject
  readonly reason: string | undefined
}[] = [
  { name: 'the system namespace', options: {}, object: podOf('kube-system'), reason: 'namespace' },
  { name: 'a namespace', options: exempting({ namespaces: new Set(['closed']) }), object: podOf('closed'), reason: 'namespace' },
  { name: 'a user', options: exempting({ usernames: new Set(['u']) }), object: podOf('closed'), reason: 'user' },
  { name: 'another user', options: exempting({ usernames: new Set(['v']) }), object: podOf('closed'), reason: undefined },
  {
    name: 'a runtime class',
    options: exempting({ runtimeClasses: new Set(['vm']) }),
    object: podOf('closed', { runtimeClassName: 'vm' }),
    reason: 'runtimeClass',
  },
  { name: 'no runtime class', options: exempting({ runtimeClasses: new Set(['vm']) }), object: podOf('closed'), reason: undefined },
]
for (const { name, options, object, reason } of exemptions) {
  test(`podSecurity() and an exemption of ${name}`, async () => {
    const { refusal, annotations } = await ask(options, { object })
    assert.equal(annotations['pod-security.kubernetes.io/exempt'], reason)
    assert.equal(refusal === undefined, reason !== undefined)
  })
}

test('podSecurity() refuses, records violations of the audit level, and then does not also warn', async () => {
  const { refusal, warnings, annotations } = await ask({}, { object: podOf('closed') })
  assert.match(refusal ?? '', /violates PodSecurity "restricted:latest"/)
  assert.deepEqual(warnings, [])
  assert.equal(annotations['pod-security.kubernetes.io/enforce-policy'], 'restricted:latest')
  assert.match(annotations['pod-security.kubernetes.io/audit-violations'] ?? '', /^would violate PodSecurity "restricted:latest": /)
})

test('podSecurity() warns and records by the levels of those modes', async () => {
  const { refusal, warnings, annotations } = await ask({}, { object: podOf('open', { hostPID: true, hostNetwork: true }) })
  assert.equal(refusal, undefined)
  assert.deepEqual(warnings, ['would violate PodSecurity "baseline:latest": host namespaces (hostNetwork=true, hostPID=true)'])
  assert.match(
    annotations['pod-security.kubernetes.io/audit-violations'] ?? '',
    /^would violate PodSecurity "restricted:latest": host namespaces/,
  )
})

const updates: readonly {
  readonly name: string
  readonly before: KubeObject
  readonly after: KubeObject
  readonly refused: boolean
  readonly subresource?: string
}[] = [
  { name: 'a label', before: podOf('closed'), after: podOf('closed', {}, 'p', { labels: { a: 'b' } }), refused: false },
  { name: 'an image', before: podOf('closed'), after: podOf('closed', { containers: [{ name: 'c', image: 'j' }] }), refused: true },
  {
    name: 'resources',
    before: podOf('closed'),
    after: podOf('closed', { containers: [{ name: 'c', image: 'i', resources: { limits: { cpu: '1' } } }] }),
    refused: false,
    subresource: 'resize',
  },
  {
    name: 'an ephemeral container',
    before: podOf('closed'),
    after: podOf('closed', { ephemeralContainers: [{ name: 'e', image: 'i' }] }),
    refused: true,
    subresource: 'ephemeralcontainers',
  },
  {
    name: 'a seccomp annotation',
    before: podOf('closed'),
    after: podOf('closed', {}, 'p', { annotations: { 'seccomp.security.alpha.kubernetes.io/pod': 'x' } }),
    refused: true,
  },
]
for (const { name, before, after, refused, subresource = '' } of updates) {
  test(`podSecurity() ${refused ? 'validates' : 'allows'} an update of ${name} of a pod older than the level`, async () => {
    assert.equal((await ask({}, { object: after, oldObject: before, subresource })).refusal !== undefined, refused)
  })
}

test('podSecurity() allows workloads older than the level all changes except of their template, so that they can be removed', async () => {
  const change = (after: KubeObject) => ask({}, { resource: deployment, object: after, oldObject: deploymentOf('closed', 1) })
  assert.equal((await change(deploymentOf('closed', 2))).refusal, undefined)
  assert.match((await change(deploymentOf('closed', 2))).warnings.join(), /^would violate PodSecurity/)
  assert.match((await change(deploymentOf('closed', 1, 'j'))).refusal ?? '', /violates PodSecurity/)
  assert.match((await ask({}, { resource: deployment, object: deploymentOf('closed', 1) })).refusal ?? '', /violates PodSecurity/)
})

const stricter = async (name: string, labels: Record<string, string>, before: Record<string, string>, pods: readonly KubeObject[] = []) =>
  (await ask({ profile: 'upstream' }, { resource: namespace, object: space(name, labels), oldObject: space(name, before) }, pods)).warnings

test('podSecurity() warns about running pods only if the enforced level becomes stricter', async () => {
  const pods = [podOf('n')]
  const [head, first] = await stricter('n', { [label('enforce')]: 'restricted' }, {}, pods)
  assert.equal(head, 'existing pods in namespace "n" violate the new PodSecurity enforce level "restricted:latest"')
  assert.equal(first, 'p: allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile')
  assert.deepEqual(await stricter('n', { [label('enforce')]: 'baseline' }, { [label('enforce')]: 'restricted' }, pods), [])
  assert.deepEqual(await stricter('n', { [label('warn')]: 'restricted' }, {}, pods), [])
  assert.equal(
    (
      await stricter(
        'n',
        { [label('enforce')]: 'restricted' },
        { [label('enforce')]: 'restricted', [label('enforce-version')]: 'v1.7' },
        pods,
      )
    ).length,
    2,
  )
})

test('podSecurity() warns that labels of an exempt namespace have no effect', async () => {
  const labels = { [label('enforce')]: 'restricted', [label('audit-version')]: 'v1.20', [label('warn')]: 'baseline' }
  const text =
    'namespace "kube-system" is exempt from Pod Security, and the policy (enforce=restricted:latest, warn=baseline:latest) will be ignored'
  assert.deepEqual(await stricter('kube-system', labels, {}), [text])
  const created = async (name: string, set: Record<string, string>) =>
    (await ask({ profile: 'upstream' }, { resource: namespace, object: space(name, set) })).warnings
  assert.deepEqual(await created('kube-system', labels), [text])
  assert.deepEqual(await created('kube-system', {}), [])
  assert.deepEqual(await created('n', labels), [])
})

test('existingPodWarnings() groups pods by violations, checks each controller first and reports where it stopped', async () => {
  const owned = (name: string, uid: string, spec: Spec) =>
    podOf('n', spec, name, { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid, controller: true }] })
  const host = { hostPID: true }
  const pods = [
    owned('b', '1', host),
    owned('a', '1', host),
    owned('c', '1', host),
    podOf('n', { hostPID: true, hostIPC: true, volumes: [{ name: 'v', hostPath: { path: '/' } }] }, 'z'),
    podOf('n', {}, 'fine'),
    podOf('n', { runtimeClassName: 'vm', ...host }, 'vm'),
  ]
  const baseline = { level: 'baseline', minor: 'latest' } as const
  const exempt = { ...defaultExemptions, runtimeClasses: new Set(['vm']) }
  const head = 'existing pods in namespace "n" violate the new PodSecurity enforce level "baseline:latest"'
  assert.deepEqual(existingPodWarnings('n', pods, baseline, exempt), [
    head,
    'a (and 2 other pods): host namespaces',
    'z: host namespaces, hostPath volumes',
  ])
  assert.deepEqual(existingPodWarnings('n', pods, baseline, exempt, 2), [
    'new PodSecurity enforce level only checked against the first 2 of 5 existing pods',
    head,
    'b: host namespaces',
    'z: host namespaces, hostPath volumes',
  ])
  assert.deepEqual(existingPodWarnings('n', [podOf('n')], baseline, exempt), [])
})

test('podSecurity() only warns about what an exception admits', async () => {
  const object = podOf('closed', { hostPID: true })
  const exception: PodSecurityException = {
    metadata: { name: 'e', namespace: 'closed' },
    spec: {
      templateDigest: templateDigest(object as Pod & { spec: PodSpec }),
      checks: ['hostNamespaces', 'allowPrivilegeEscalation', 'capabilities_restricted', 'runAsNonRoot', 'seccompProfile_restricted'],
      ...{ owner: 'ann', reason: 'r', expires: '2027-01-01T00:00:00Z' },
    },
  }
  const { refusal, warnings, annotations } = await ask({}, { object }, [], [exception])
  assert.equal(refusal, undefined)
  assert.equal(warnings.length, 1)
  assert.match(
    warnings[0] ?? '',
    /^violates PodSecurity "restricted:latest", and is admitted by PodSecurityException e of ann until 2027-01-01T00:00:00Z: host namespaces/,
  )
  assert.equal(annotations['admission.bulkhead.dev/pod-security-exceptions'], 'e of ann until 2027-01-01T00:00:00Z')
  const late = await ask({ now: () => Date.parse('2027-01-01T00:00:00Z') }, { object }, [], [exception])
  assert.match(late.refusal ?? '', /violates PodSecurity/)
})
