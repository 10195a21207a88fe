// PodSecurityExceptions in a whole API server: what they admit, for how long, and what is recorded.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { podSecurityChecks } from '../../../admission/pod-security/checks/index.ts'
import { podSecurityCheckIds } from '../../../api/pods/pod-security-check-ids.ts'
import type { DaemonSet, Deployment, StatefulSet } from '../../../api/types/apps-v1.ts'
import type { CronJob, Job } from '../../../api/types/batch-v1.ts'
import type { Pod } from '../../../api/types/core-v1.ts'
import { deployments as deploymentResource } from '../../../client/resources.ts'
import { daemonPod } from '../../../controllers/daemonsets/daemon-node.ts'
import { jobPod } from '../../../controllers/jobs/job-pods.ts'
import { podFromTemplate } from '../../../controllers/pod-control.ts'
import { statefulPod } from '../../../controllers/statefulsets/stateful-pod.ts'
import { type Answer, admin, contentTypes, person, restrictedPod, SecuredApi, SteppedClock } from '../secured-api.testing.ts'

test('podSecurityCheckIds are those of the checks', () => {
  assert.deepEqual(podSecurityChecks.map(({ id }) => id).toSorted(), [...podSecurityCheckIds].toSorted())
})

const clock = new SteppedClock(Date.parse('2026-06-01T00:00:00Z'))
const api = await SecuredApi.open({ clock })
await api.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
after(() => api[Symbol.asyncDispose]())

const pods = '/api/v1/namespaces/default/pods'
const deployments = '/apis/apps/v1/namespaces/default/deployments'
const exceptions = '/apis/bulkhead.dev/v1alpha1/namespaces/default/podsecurityexceptions'
/** With the labels of `deployment`'s template, because labels are part of a template. */
const hostPod = (name: string, more: object = {}, container: object = {}) => {
  const { metadata, spec } = restrictedPod(name, { hostNetwork: true, ...more }, container)
  return { metadata: { ...metadata, labels: { a: 'b' } }, spec }
}
const deployment = (name: string, pod: { spec: object }) => ({
  metadata: { name },
  spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: pod.spec } },
})
const digestOf = ({ json }: Answer): string => /templateDigest (sha256:[0-9a-f]{64})/.exec(json.message)?.[1] ?? ''
const refusedDigest = async (pod: object): Promise<string> => {
  const refused = await api.request(admin, 'POST', pods, pod)
  assert.equal(refused.status, 403, refused.text)
  return digestOf(refused)
}
const except = (name: string, templateDigest: string, more: object = {}) =>
  api.create(exceptions, {
    metadata: { name },
    spec: { templateDigest, checks: ['hostNamespaces'], owner: 'ann', reason: 'the driver', expires: '2026-07-01T00:00:00Z', ...more },
  })

test('an exception admits the pod that the refusal named, its Deployment and the pods of it, with a note in the audit log', async () => {
  const digest = await refusedDigest(hostPod('a', {}, { image: 'one:1' }))
  const byDeployment = await api.request(admin, 'POST', deployments, deployment('a', hostPod('x', {}, { image: 'one:1' })))
  assert.deepEqual([byDeployment.status, digestOf(byDeployment)], [403, digest])
  await except('one', digest)
  const admitted = await api.request(admin, 'POST', pods, hostPod('a', {}, { image: 'one:1' }))
  assert.equal(admitted.status, 201, admitted.text)
  const { annotations } = api.events.findLast(({ objectRef }) => objectRef?.name === 'a') ?? {}
  assert.equal(annotations?.['admission.bulkhead.dev/pod-security-exceptions'], 'one of ann until 2026-07-01T00:00:00Z')
  assert.match(annotations?.['pod-security.kubernetes.io/audit-violations'] ?? '', /host namespaces/)
  assert.equal((await api.request(admin, 'POST', deployments, deployment('a', hostPod('x', {}, { image: 'one:1' })))).status, 201)
  const ofController = hostPod(
    'a-5d4f',
    { serviceAccountName: 'default', tolerations: [{ operator: 'Exists' }] },
    { image: 'one:1', resources: { limits: { cpu: '1' } } },
  )
  assert.equal((await api.request(admin, 'POST', pods, ofController)).status, 201)
})

test('an exception covers neither another image, nor another rule, nor another namespace', async () => {
  await except('two', await refusedDigest(hostPod('b', {}, { image: 'two:1' })))
  const refused = async (path: string, pod: object, what: RegExp) => {
    const answer = await api.request(admin, 'POST', path, pod)
    assert.equal(answer.status, 403, answer.text)
    assert.match(answer.json.message, what)
  }
  await refused(pods, hostPod('b', {}, { image: 'two:2' }), /host namespaces/)
  await refused(pods, hostPod('b', { hostPID: true }, { image: 'two:1' }), /host namespaces \(hostNetwork=true, hostPID=true\)/)
  await api.create('/api/v1/namespaces', { metadata: { name: 'other' } })
  await api.create('/api/v1/namespaces/other/serviceaccounts', { metadata: { name: 'default' } })
  await refused('/api/v1/namespaces/other/pods', hostPod('b', {}, { image: 'two:1' }), /host namespaces/)
  const root = hostPod('c', { securityContext: { runAsNonRoot: false, seccompProfile: { type: 'RuntimeDefault' } } }, { image: 'two:1' })
  await except('three', await refusedDigest(root))
  await refused(pods, root, /violates PodSecurity "restricted:latest": runAsNonRoot != true/)
})

test('an exception ends, and one that has ended admits nothing', async () => {
  const pod = (name: string) => hostPod(name, {}, { image: 'four:1' })
  await except('four', await refusedDigest(pod('d')), { expires: '2026-06-01T01:00:00Z' })
  assert.equal((await api.request(admin, 'POST', pods, pod('d'))).status, 201)
  clock.advance(3600_000)
  assert.equal((await api.request(admin, 'POST', pods, pod('e'))).status, 403)
})

test('an exception of fields covers only those', async () => {
  const pod = hostPod('f', {}, { image: 'five:1' })
  const digest = await refusedDigest(pod)
  await except('five', digest, { fields: ['spec.hostPID'] })
  assert.equal((await api.request(admin, 'POST', pods, pod)).status, 403)
  await except('six', digest, { fields: ['spec.hostNetwork'] })
  assert.equal((await api.request(admin, 'POST', pods, pod)).status, 201)
})

test('an exception covers no ephemeral container, and lets one that keeps the rules in', async () => {
  const pod = hostPod('g', {}, { image: 'seven:1' })
  await except('seven', await refusedDigest(pod), { checks: ['hostNamespaces', 'allowPrivilegeEscalation', 'capabilities_restricted'] })
  await api.create(pods, pod)
  const debug = (securityContext: object) => ({ spec: { ephemeralContainers: [{ name: 'debug', image: 'i:1', securityContext }] } })
  const send = (body: object) => api.request(admin, 'PATCH', `${pods}/g/ephemeralcontainers`, body, contentTypes.strategic)
  assert.equal((await send(debug({ allowPrivilegeEscalation: true }))).status, 403)
  assert.equal((await send(debug({}))).status, 200)
})

test('an administrator of a namespace cannot grant an exception', async () => {
  await api.create('/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
    metadata: { name: 'ann' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' }],
    roleRef: { kind: 'ClusterRole', apiGroup: 'rbac.authorization.k8s.io', name: 'admin' },
  })
  const body = {
    metadata: { name: 'own' },
    spec: { templateDigest: `sha256:${'0'.repeat(64)}`, checks: ['hostPorts'], owner: 'a', reason: 'b', expires: '2027-01-01T00:00:00Z' },
  }
  assert.equal((await api.request(person('ann'), 'POST', exceptions, body)).status, 403)
  assert.equal((await api.request(admin, 'POST', exceptions, body)).status, 201)
})

describe('an exception covers the pods that a controller makes of a template, and those that the scheduler and plug-ins complete', () => {
  const selector = { matchLabels: { a: 'b' } }
  const template = (image: string, spec: object = {}, container: object = {}) => ({
    metadata: { labels: { a: 'b' }, annotations: { note: 'kept' } },
    spec: hostPod('x', { terminationGracePeriodSeconds: -1, ...spec }, { image, ports: [{ containerPort: 8080 }], ...container }).spec,
  })
  const job = { restartPolicy: 'Never' }
  // With the host network, the API sets the host port of each port of a pod, but not of a template.
  const both = { checks: ['hostNamespaces', 'hostPorts'] }
  const stored = <T>(answer: Answer) => answer.json as T
  const rows: {
    name: string
    path: string
    spec: (image: string) => object
    pods: (object: Answer) => Pod[]
  }[] = [
    {
      name: 'Deployment',
      path: deployments,
      spec: image => ({ selector, template: template(image) }),
      pods: answer => {
        const set = stored<Deployment>(answer)
        const { metadata, spec } = set.spec.template
        const labelled = { metadata: { ...metadata, labels: { ...metadata?.labels, 'pod-template-hash': 'abc' } }, spec }
        return [podFromTemplate(labelled, set, deploymentResource)]
      },
    },
    {
      name: 'StatefulSet',
      path: '/apis/apps/v1/namespaces/default/statefulsets',
      spec: image => ({
        selector,
        serviceName: 's',
        template: template(image, {}, { volumeMounts: [{ name: 'data', mountPath: '/data' }] }),
        volumeClaimTemplates: [
          { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
        ],
      }),
      pods: answer => {
        const set = stored<StatefulSet>(answer)
        return [0, 1].map(ordinal => statefulPod(set, set.spec.template, 'revision', ordinal))
      },
    },
    {
      name: 'DaemonSet',
      path: '/apis/apps/v1/namespaces/default/daemonsets',
      spec: image => ({ selector, template: template(image) }),
      pods: answer => [daemonPod(stored<DaemonSet>(answer), 'n1', 'hash')],
    },
    {
      name: 'Indexed Job',
      path: '/apis/batch/v1/namespaces/default/jobs',
      spec: image => ({ completions: 2, completionMode: 'Indexed', backoffLimitPerIndex: 1, template: template(image, job) }),
      pods: answer => [0, 1].map(index => jobPod(stored<Job>(answer), index, { counted: 1, ignored: 1 })),
    },
  ]
  for (const { name, path, spec, pods: made } of rows) {
    test(name, async () => {
      const lower = name.toLowerCase().replace(' ', '-')
      const body = { metadata: { name: lower }, spec: spec(`${lower}:1`) }
      await except(`of-${lower}`, digestOf(await api.request(admin, 'POST', path, body)), both)
      const object = await api.request(admin, 'POST', path, body)
      assert.equal(object.status, 201, object.text)
      for (const pod of made(object)) {
        const admitted = await api.request(admin, 'POST', pods, pod)
        assert.equal(admitted.status, 201, admitted.text)
        const changed = structuredClone(pod)
        Object.assign(changed.spec.containers[0] ?? {}, { lifecycle: { postStart: { exec: { command: ['sh'] } } } })
        assert.equal(
          (await api.request(admin, 'POST', pods, { ...changed, metadata: { ...changed.metadata, name: `${lower}-x` } })).status,
          403,
        )
      }
    })
  }
  test('CronJob, through its Jobs', async () => {
    const jobSpec = { template: template('cron:1', job) }
    const body = { metadata: { name: 'cron' }, spec: { schedule: '@daily', jobTemplate: { spec: jobSpec } } }
    const cronJobs = '/apis/batch/v1/namespaces/default/cronjobs'
    await except('of-cron', digestOf(await api.request(admin, 'POST', cronJobs, body)), both)
    const cron = await api.request(admin, 'POST', cronJobs, body)
    assert.equal(cron.status, 201, cron.text)
    const { spec: storedSpec } = stored<CronJob>(cron).spec.jobTemplate
    const ofCron = await api.request(admin, 'POST', '/apis/batch/v1/namespaces/default/jobs', {
      metadata: { name: 'cron-1' },
      spec: storedSpec,
    })
    assert.equal(ofCron.status, 201, ofCron.text)
    const pod = await api.request(admin, 'POST', pods, jobPod(stored<Job>(ofCron), undefined, undefined))
    assert.equal(pod.status, 201, pod.text)
  })
})
