import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { test } from 'node:test'
import type { KubeObject } from '../../api/object.ts'
import type { UserInfo } from '../../api/user.ts'
import type { AdmissionPlugin } from '../admission.ts'
import { createAdmission } from '../chain.ts'
import { createPlugin } from '../plugin-definition.ts'
import { admit, goodSpec, type Input, pluginsOf, pod, readerOf, refusal, specOf, upstream } from '../plugins.fixture.ts'
import { plugins } from './index.ts'
import { priority } from './priority.ts'

test('plugins lists a plug-in from every file of the folder', () => {
  const files = globSync('*.ts', { cwd: import.meta.dirname }).filter(file => !file.endsWith('.test.ts') && file !== 'index.ts')
  const names = plugins.map(({ name }) => name)
  assert.equal(names.length, files.length)
  const words = (text: string) => text.toLowerCase().replaceAll('-', '')
  for (const file of files)
    assert.ok(
      names.some(name => words(name) === words(file.slice(0, -3))),
      `${file} is not listed`,
    )
})

test('createAdmission() takes a failing plugin for a refusal and hides its cause', async () => {
  const failing: AdmissionPlugin = {
    name: 'Failing',
    handles: () => true,
    validate: () => {
      throw new Error('database password is x')
    },
  }
  const err = await refusal({ kind: 'pods', object: pod() }, createAdmission([failing]))
  assert.equal(err.message, 'pods "p" is forbidden: admission plugin "Failing" failed to complete')
})

test('NamespaceLifecycle refuses objects without namespace, new objects in a terminating one, and deleting system namespaces', async () => {
  assert.equal((await refusal({ kind: 'pods', namespace: 'absent', object: pod() })).message, 'namespaces "absent" not found')
  const leaving = await refusal({ kind: 'services', namespace: 'leaving', object: { metadata: { name: 's' }, spec: {} } })
  assert.match(leaving.message, /unable to create new content in namespace leaving because it is being terminated/)
  assert.equal(leaving.status.details?.causes?.[0]?.reason, 'NamespaceTerminating')
  assert.match(
    (await refusal({ kind: 'namespaces', operation: 'DELETE', name: 'kube-system' })).message,
    /this namespace may not be deleted/,
  )
  const evicted = await refusal({ kind: 'pods', subresource: 'eviction', namespace: 'leaving', object: { metadata: { name: 'p' } } })
  assert.match(evicted.message, /^pods "p" is forbidden: unable to create new content in namespace leaving/)
  await admit({ kind: 'pods', operation: 'DELETE', namespace: 'leaving' })
})

test('NamespaceLifecycle refuses before other plugins change the object, and again behind them', async () => {
  const [plugin] = pluginsOf('secure')
  assert.equal(plugin?.name, 'NamespaceLifecycle')
  let changed = 0
  const counting: AdmissionPlugin = {
    name: 'Counting',
    handles: () => true,
    mutate: async () => {
      changed++
    },
  }
  await refusal({ kind: 'pods', namespace: 'absent', object: pod() }, createAdmission([plugin, counting]))
  assert.equal(changed, 0)
  const late = createAdmission([{ ...plugin, mutate: async () => undefined }])
  assert.equal((await refusal({ kind: 'pods', namespace: 'absent', object: pod() }, late)).message, 'namespaces "absent" not found')
})

test('Priority computes the number and refuses one of the user', async () => {
  const spec = specOf((await admit({ kind: 'pods', object: pod({ ...goodSpec(), priorityClassName: 'high' }) })).object)
  assert.equal(spec['priority'], 1000)
  assert.equal(spec['preemptionPolicy'], 'PreemptLowerPriority')
  assert.match(
    (await refusal({ kind: 'pods', object: pod({ ...goodSpec(), priorityClassName: 'none' }) })).message,
    /no PriorityClass with name none was found/,
  )
  assert.match((await refusal({ kind: 'pods', object: pod({ ...goodSpec(), priority: 5 }) })).message, /integer value of priority \(5\)/)
})

test('Priority knows one class as the default of the cluster', async () => {
  const reader = readerOf({ 'priorityclasses.scheduling.k8s.io//usual': { metadata: { name: 'usual' }, value: 5, globalDefault: true } })
  const plugin = createAdmission([createPlugin(priority, { reader })])
  const classOf = (name: string) => ({ metadata: { name }, value: 7, globalDefault: true })
  const why = (name: string) =>
    `priorityclasses.scheduling.k8s.io "${name}" is forbidden: PriorityClass usual is already marked as default. Only one default can exist`
  for (const name of ['other', 'usual'])
    assert.equal((await refusal({ kind: 'priorityClasses', object: classOf(name) }, plugin)).message, why(name))
  const update = (name: string): Input => ({
    kind: 'priorityClasses',
    operation: 'UPDATE',
    object: classOf(name),
    oldObject: classOf(name),
  })
  assert.equal((await refusal(update('other'), plugin)).message, why('other'))
  await admit(update('usual'), plugin)
})

test('Priority keeps its computed value if an update omits it', async () => {
  const oldObject = pod({ ...goodSpec(), priorityClassName: 'high', priority: 900, preemptionPolicy: 'Never' })
  const update = async (spec: object) =>
    specOf((await admit({ kind: 'pods', operation: 'UPDATE', object: pod({ ...goodSpec(), ...spec }), oldObject })).object)
  const silent = await update({ priorityClassName: 'high' })
  assert.deepEqual([silent['priority'], silent['preemptionPolicy']], [900, 'Never'])
  const other = await update({ priority: 5, preemptionPolicy: 'PreemptLowerPriority' })
  assert.deepEqual([other['priority'], other['preemptionPolicy']], [5, 'PreemptLowerPriority'])
})

test('the defaulting plugins add tolerations, the not-ready taint and the protecting finalizer', async () => {
  const tolerations = specOf((await admit({ kind: 'pods', object: pod() })).object)['tolerations'] as { key: string }[]
  assert.deepEqual(
    tolerations.map(({ key }) => key),
    ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'],
  )
  const created = (await admit({ kind: 'nodes', object: { metadata: { name: 'n1' }, spec: {} } })).object as KubeObject & {
    spec: { taints: object[] }
  }
  assert.deepEqual(created.spec.taints, [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }])
  const claim = (await admit({ kind: 'persistentvolumeclaims', object: { metadata: { name: 'c' }, spec: {} } })).object
  assert.deepEqual(claim.metadata.finalizers, ['kubernetes.io/pvc-protection'])
})

test('DenyServiceExternalIPs refuses new external IPs in the secure profile only', async () => {
  const service = { metadata: { name: 's' }, spec: { externalIPs: ['192.0.2.1'] } }
  assert.match((await refusal({ kind: 'services', object: service })).message, /Use of external IPs is denied by admission control/)
  await admit({ kind: 'services', operation: 'UPDATE', object: service, oldObject: service })
  await admit({ kind: 'services', object: service }, upstream)
})

test('CertificateRequests requires the right for the signer, and refuses system:masters', async () => {
  const csr = (extra: object, spec: object = {}) => ({
    metadata: { name: 'c' },
    spec: { signerName: 'kubernetes.io/kube-apiserver-client', request: Buffer.from('dev,system:masters').toString('base64'), ...spec },
    ...extra,
  })
  assert.match((await refusal({ kind: 'csrs', object: csr({}) })).message, /system:masters group is not allowed/)
  const unclear = await refusal({ kind: 'csrs', object: csr({}, { request: Buffer.from('two').toString('base64') }) })
  assert.equal(unclear.status.code, 422)
  assert.match(
    unclear.message,
    /spec\.request: Invalid value: The subject has several common names: the subject must have at most one common name/,
  )
  const user: UserInfo = { name: 'eve', groups: [] }
  assert.match(
    (await refusal({ kind: 'csrs', operation: 'UPDATE', subresource: 'approval', object: csr({}), oldObject: csr({}), user })).message,
    /not permitted to approve/,
  )
  assert.match(
    (
      await refusal({
        kind: 'csrs',
        operation: 'UPDATE',
        subresource: 'status',
        object: csr({ status: { certificate: 'x' } }),
        oldObject: csr({}),
        user,
      })
    ).message,
    /not permitted to sign/,
  )
  await admit({ kind: 'csrs', operation: 'UPDATE', subresource: 'approval', object: csr({}), oldObject: csr({}) })
  await admit({ kind: 'csrs', object: csr({}, { request: Buffer.from('dev').toString('base64') }) })
})

test('UnenforcedKinds warns only about objects without effect', async () => {
  const object = { metadata: { name: 'a' }, spec: {} }
  assert.match((await admit({ kind: 'ingresses', object })).warnings.join(), /nothing answers for it/)
  assert.deepEqual((await admit({ kind: 'networkPolicies', object })).warnings, [])
})
