// A writer of one side of an object never changes the other through it, in any form of write (CVE-2016-1906).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mergePatch } from '../../api/patch/merge-patch.ts'
import { ecRequest, pemOf } from '../../api/resources/certificates/pem.fixture.ts'
import { resources } from '../../api/resources/index.ts'
import { trustRootSpec } from '../../api/resources/supply/supply.fixture.ts'
import { type TestAnswer, TestServer } from '../testing.ts'

interface Sample {
  readonly name?: string
  readonly spec: Readonly<Record<string, unknown>>
  /** What a writer of the status tries to set in the spec, and the reverse; both are allowed in their own place. */
  readonly wish: Readonly<Record<string, unknown>>
  readonly claim: Readonly<Record<string, unknown>>
  /** Upstream lets the main path of this kind write the status too. */
  readonly openStatus?: boolean
}

const container = { name: 'c', image: 'i' }
const labels = { app: 'a' }
const selector = { matchLabels: labels }
const template = { metadata: { labels }, spec: { containers: [container] } }
const jobTemplate = { spec: { restartPolicy: 'Never', containers: [container] } }
const target = { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 3 }
const requests = { resources: { requests: { storage: '1Gi' } }, accessModes: ['ReadWriteOnce'] }
const subjects = [{ kind: 'User', user: { name: 'u' } }]
const resourceRules = [{ apiGroups: ['a.io'], apiVersions: ['v1'], resources: ['as'], operations: ['CREATE'] }]
const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }]

const samples: Readonly<Record<string, Sample>> = {
  'v1/namespaces': { spec: {}, wish: { finalizers: ['a.io/b'] }, claim: { conditions: [{ type: 'Other', status: 'True' }] } },
  'v1/nodes': { spec: {}, wish: { unschedulable: true }, claim: { phase: 'Running' } },
  'v1/persistentvolumeclaims': { spec: requests, wish: { volumeName: 'v' }, claim: { phase: 'Bound' } },
  'v1/persistentvolumes': {
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/a' } },
    wish: { persistentVolumeReclaimPolicy: 'Delete' },
    claim: { message: 'm' },
  },
  'v1/pods': { spec: { containers: [container] }, wish: { activeDeadlineSeconds: 5 }, claim: { phase: 'Running' } },
  'v1/replicationcontrollers': { spec: { selector: labels, template }, wish: { replicas: 7 }, claim: { replicas: 7 } },
  'v1/resourcequotas': { spec: { hard: { pods: '1' } }, wish: { hard: { pods: '9' } }, claim: { hard: { pods: '9' } } },
  'v1/services': {
    spec: { ports: [{ port: 80 }] },
    wish: { externalIPs: ['192.0.2.1'] },
    claim: { conditions: [{ type: 'Other', status: 'True', reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }] },
  },
  'apps/v1/daemonsets': { spec: { selector, template }, wish: { minReadySeconds: 7 }, claim: { numberReady: 7 } },
  'apps/v1/deployments': { spec: { selector, template }, wish: { replicas: 7 }, claim: { replicas: 7 } },
  'apps/v1/replicasets': { spec: { selector, template }, wish: { replicas: 7 }, claim: { replicas: 7 } },
  'apps/v1/statefulsets': { spec: { selector, template, serviceName: 's' }, wish: { replicas: 7 }, claim: { replicas: 7 } },
  'autoscaling/v1/horizontalpodautoscalers': { spec: target, wish: { maxReplicas: 9 }, claim: { currentReplicas: 7 } },
  'autoscaling/v2/horizontalpodautoscalers': { spec: target, wish: { maxReplicas: 9 }, claim: { currentReplicas: 7 } },
  'batch/v1/cronjobs': {
    spec: { schedule: '@daily', jobTemplate: { spec: { template: jobTemplate } } },
    wish: { suspend: true },
    claim: { lastScheduleTime: '2026-01-01T00:00:00Z' },
  },
  'batch/v1/jobs': { spec: { template: jobTemplate }, wish: { parallelism: 7 }, claim: { failed: 7 } },
  'certificates.k8s.io/v1/certificatesigningrequests': {
    spec: { request: pemOf('CERTIFICATE REQUEST', ecRequest), signerName: 'a.io/b', usages: ['client auth'] },
    wish: { username: 'system:admin', groups: ['system:masters'] },
    claim: { conditions: [{ type: 'Other', status: 'True' }] },
  },
  'networking.k8s.io/v1/ingresses': {
    spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } },
    wish: { ingressClassName: 'other' },
    claim: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
  },
  'networking.k8s.io/v1/servicecidrs': {
    spec: { cidrs: ['192.0.2.0/24'] },
    wish: { cidrs: ['192.0.2.0/24', '2001:db8::/64'] },
    claim: { conditions: [{ type: 'Ready', status: 'False', reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }] },
    openStatus: true,
  },
  'policy/v1/poddisruptionbudgets': { spec: { minAvailable: 1 }, wish: { minAvailable: 0 }, claim: { disruptionsAllowed: 7 } },
  'storage.k8s.io/v1/volumeattachments': {
    spec: { attacher: 'a.io', nodeName: 'n', source: { persistentVolumeName: 'v' } },
    wish: { nodeName: 'other' },
    claim: { attached: true },
  },
  'flowcontrol.apiserver.k8s.io/v1/flowschemas': {
    spec: {
      priorityLevelConfiguration: { name: 'l' },
      rules: [{ subjects, nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }] }],
    },
    wish: { matchingPrecedence: 2 },
    claim: { conditions: [{ type: 'Dangling', status: 'True' }] },
  },
  'flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations': {
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } },
    wish: { limited: { nominalConcurrencyShares: 9 } },
    claim: { conditions: [{ type: 'Other', status: 'True' }] },
  },
  'admissionregistration.k8s.io/v1/validatingadmissionpolicies': {
    spec: { matchConstraints: { resourceRules }, validations: [{ expression: 'false' }] },
    wish: { failurePolicy: 'Ignore' },
    claim: { observedGeneration: 7 },
  },
  'apiextensions.k8s.io/v1/customresourcedefinitions': {
    name: 'as.a.io',
    spec: { group: 'a.io', scope: 'Namespaced', names: { plural: 'as', kind: 'A' }, versions },
    wish: { names: { shortNames: ['po'] } },
    claim: { storedVersions: ['v1', 'v2'] },
  },
  'apiregistration.k8s.io/v1/apiservices': {
    name: 'v1.a.io',
    spec: { group: 'a.io', version: 'v1', groupPriorityMinimum: 5, versionPriority: 5, service: { name: 's', namespace: 'n' } },
    wish: { service: { namespace: 'other' } },
    claim: { conditions: [{ type: 'Available', status: 'True' }] },
  },
  'bulkhead.dev/v1alpha1/localvolumes': {
    spec: { nodeName: 'n', bytes: 1, encryption: 'none' },
    wish: { bytes: 2 },
    claim: { phase: 'Ready' },
  },
  'bulkhead.dev/v1alpha1/backups': { spec: { target: 'disk' }, wish: { full: true }, claim: { phase: 'Verified' } },
  'bulkhead.dev/v1alpha1/backupschedules': {
    spec: { target: 'disk', every: '1h' },
    wish: { every: '2h' },
    claim: { lastVerified: '2030-01-01T00:00:00Z' },
  },
  'supply.bulkhead.dev/v1/advisorysources': { spec: { format: 'osv' }, wish: { maxSilence: '36h' }, claim: { entries: 1 } },
  'supply.bulkhead.dev/v1/externalcomponents': {
    spec: { host: 'db.example.com', port: 5432, spkiSha256: ['0'.repeat(64)] },
    wish: { version: '17' },
    claim: { checked: '2030-01-01T00:00:00Z' },
  },
  'supply.bulkhead.dev/v1/trustroots': { spec: { ...trustRootSpec }, wish: { notAfter: '2030-01-01T00:00:00Z' }, claim: { message: 'm' } },
}

const keyOf = (group: string, version: string, plural: string): string => `${group === '' ? '' : `${group}/`}${version}/${plural}`

test('every kind with a status has a sample here', () => {
  const withStatus = resources.filter(({ subresources }) => subresources.some(({ name }) => name === 'status'))
  assert.deepEqual(withStatus.map(({ group, version, plural }) => keyOf(group, version, plural)).sort(), Object.keys(samples).sort())
})

type Side = 'spec' | 'status'

/** Whether all wanted fields are present; the server may have added others. */
function contains(actual: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) return Array.isArray(actual) && wanted.every(item => actual.some(one => contains(one, item)))
  if (typeof wanted !== 'object' || wanted === null) return actual === wanted
  return Object.entries(wanted).every(([name, value]) => contains((actual as Record<string, unknown> | undefined)?.[name], value))
}

/** The same change of one side in every form that a write may have. */
async function writeInAllForms(
  api: TestServer,
  path: string,
  stored: string,
  side: Side,
  change: object,
): Promise<[form: string, answer: TestAnswer][]> {
  const merged = async () => mergePatch((await api.get(stored)).json, { [side]: change })
  /** Of the newest one: a controller may write its status meanwhile. */
  const update = async (): Promise<TestAnswer> => {
    const answer = await api.request('PUT', path, await merged())
    return answer.status === 409 ? update() : answer
  }
  const patch = (type: string, body: unknown) => api.request('PATCH', path, body, { 'content-type': `application/${type}` })
  return [
    ['update', await update()],
    ['merge patch', await patch('merge-patch+json', { [side]: change })],
    ['strategic merge patch', await patch('strategic-merge-patch+json', { [side]: change })],
    [
      'JSON patch',
      await patch('json-patch+json', [{ op: 'add', path: `/${side}`, value: ((await merged()) as Record<Side, unknown>)[side] }]),
    ],
  ]
}

for (const { group, version, plural, kind, namespaced } of resources) {
  const key = keyOf(group, version, plural)
  const sample = samples[key]
  if (sample === undefined) continue
  const { name = 'a', spec, wish, claim, openStatus = false } = sample
  test(`${key} keeps the side that a path does not write (CVE-2016-1906)`, async () => {
    await using api = new TestServer()
    const list = `${group === '' ? '/api' : '/apis'}/${group === '' ? '' : `${group}/`}${version}/${namespaced ? 'namespaces/default/' : ''}${plural}`
    const { json: created } = await api.request('POST', list, {
      apiVersion: keyOf(group, version, '').slice(0, -1),
      kind,
      metadata: { name },
      spec,
    })
    const path = `${list}/${name}`
    for (const [form, { status, json }] of await writeInAllForms(api, `${path}/status`, path, 'spec', wish)) {
      assert.equal(status, 200, `${form}: ${json.message}`)
      assert.deepEqual([json.spec, json.metadata.generation], [created.spec, created.metadata.generation], form)
    }
    if (!openStatus) {
      for (const [form, { status, json }] of await writeInAllForms(api, path, path, 'status', claim)) {
        assert.equal(status, 200, `${form}: ${json.message}`)
        assert.ok(!contains(json.status, claim), form)
      }
    }
    // Both are allowed in their place, so nothing above was refused for another reason.
    const [, own] = (await writeInAllForms(api, `${path}/status`, path, 'status', claim))[0] ?? []
    assert.ok(contains(own?.json.status, claim))
  })
}
