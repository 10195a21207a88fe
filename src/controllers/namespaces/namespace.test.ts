import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client } from '../../client/client.ts'
import { configMaps, namespaces, pods, secrets, serviceAccounts } from '../../client/resources.ts'
import { rootCa } from '../certificates/root-ca.ts'
import { serveDiscovery, startScenario } from '../scenario.testing.ts'
import { serviceAccount } from '../service-account.ts'
import { namespace } from './namespace.ts'
import { isWithinGrace, planConditions } from './namespace-conditions.ts'

test('a namespace gets its default ServiceAccount and the root certificate, again after their deletion', async () => {
  await using scenario = startScenario({ controllers: [serviceAccount, rootCa] })
  const { api } = scenario
  api.seed(namespaces, { metadata: { name: 'ns' }, spec: {} })
  const complete = () =>
    api.read(serviceAccounts, 'ns', 'default') !== undefined && api.read(configMaps, 'ns', 'kube-root-ca.crt')?.data?.['ca.crt'] === 'ROOT'
  await scenario.until(complete, 'both there')
  api.remove(serviceAccounts, 'ns', 'default')
  api.change(configMaps, 'ns', 'kube-root-ca.crt', object => {
    object.data = { 'ca.crt': 'forged' }
  })
  await scenario.until(complete, 'both there again')
})

test("rootCa keeps another author's description, and adds a missing one", async () => {
  const described = (text: string) => ({ name: 'kube-root-ca.crt', annotations: { 'kubernetes.io/description': text } })
  await using scenario = startScenario({
    controllers: [rootCa],
    prepare(api) {
      for (const name of ['own', 'none']) api.seed(namespaces, { metadata: { name }, spec: {} })
      api.seed(configMaps, { metadata: { ...described('ours'), namespace: 'own' }, data: { 'ca.crt': 'ROOT' } })
      api.seed(configMaps, { metadata: { ...described(''), namespace: 'none' }, data: { 'ca.crt': 'ROOT' } })
    },
  })
  const { api } = scenario
  const descriptionIn = (name: string) =>
    api.read(configMaps, name, 'kube-root-ca.crt')?.metadata.annotations?.['kubernetes.io/description']
  await scenario.until(() => descriptionIn('none')?.startsWith('Contains a CA bundle') === true, 'a description')
  assert.equal(descriptionIn('own'), 'ours')
})

test('namespace deletes pods before anything else, and removes its finalizer when all objects are gone', async () => {
  await using scenario = startScenario({
    controllers: [namespace],
    prepare: api => {
      serveDiscovery(api, [pods, secrets, configMaps])
      api.seed(namespaces, { metadata: { name: 'ns' }, spec: { finalizers: ['kubernetes'] } })
      api.seed(namespaces, { metadata: { name: 'other' }, spec: { finalizers: ['kubernetes'] } })
      api.seed(pods, { metadata: { name: 'p', namespace: 'ns' }, spec: { containers: [], nodeName: 'n1' } })
      api.seed(secrets, { metadata: { name: 's', namespace: 'ns' } })
      api.seed(secrets, { metadata: { name: 's', namespace: 'other' } })
    },
  })
  const { api } = scenario
  await new Client(api).delete(namespaces, '', 'ns', {}, new AbortController().signal)
  const condition = (type: string) => api.read(namespaces, '', 'ns')?.status?.conditions?.find(found => found.type === type)
  await scenario.until(() => condition('NamespaceContentRemaining')?.status === 'True', 'says what remains')
  assert.equal(condition('NamespaceContentRemaining')?.message, 'Some resources are remaining: pods. has 1 resource instances')
  assert.notEqual(api.read(secrets, 'ns', 's'), undefined, 'the secret went while the pod was running')
  api.remove(pods, 'ns', 'p')
  await scenario.until(() => api.read(namespaces, '', 'ns') === undefined, 'gone')
  assert.equal(api.read(secrets, 'ns', 's'), undefined)
  assert.notEqual(api.read(secrets, 'other', 's'), undefined)
})

test('namespace reports remaining resources without a finalizer, but not pods that may be terminating', async () => {
  await using scenario = startScenario({
    controllers: [namespace],
    prepare: api => {
      serveDiscovery(api, [pods])
      for (const [name, terminationGracePeriodSeconds] of [
        ['patient', 600],
        ['at-once', 0],
      ] as const) {
        api.seed(namespaces, { metadata: { name }, spec: { finalizers: ['kubernetes'] } })
        const spec = { containers: [], nodeName: 'n1', terminationGracePeriodSeconds }
        api.seed(pods, { metadata: { name: 'p', namespace: name }, spec })
      }
    },
  })
  const { api } = scenario
  const condition = (name: string, type: string) =>
    api.read(namespaces, '', name)?.status?.conditions?.find(found => found.type === type)?.message
  for (const name of ['patient', 'at-once']) {
    await new Client(api).delete(namespaces, '', name, {}, new AbortController().signal)
    await scenario.until(() => condition(name, 'NamespaceContentRemaining')?.includes('pods.') === true, 'says what remains')
  }
  assert.equal(condition('patient', 'NamespaceDeletionContentFailure'), 'All content successfully deleted, may be waiting on finalization')
  assert.equal(
    condition('at-once', 'NamespaceDeletionContentFailure'),
    'Failed to delete all resource types, 1 remaining: unexpected items still remain in namespace: at-once for gvr: /v1, Resource=pods',
  )
})

test("isWithinGrace() uses the longest grace period of pods that have not ended, from the namespace's deletion", () => {
  const object = { metadata: { name: 'ns', deletionTimestamp: '2026-01-01T00:00:00Z' }, spec: {} }
  const pod = (terminationGracePeriodSeconds: number, phase: string) => ({
    metadata: {},
    spec: { containers: [], terminationGracePeriodSeconds },
    status: { phase },
  })
  const all = [pod(5, 'Running'), pod(30, 'Pending'), pod(600, 'Succeeded')]
  const after = (seconds: number) => isWithinGrace(object, all, Date.UTC(2026, 0, 1, 0, 0, seconds))
  assert.deepEqual([after(29), after(30)], [true, false])
  assert.equal(isWithinGrace(object, [], Date.UTC(2026, 0, 1)), false)
})

test('planConditions() keeps the transition time of unchanged conditions', () => {
  const nothing = { discoveryFailures: [], deletionFailures: [], remaining: [] }
  const first = planConditions([], nothing, 1000)
  assert.deepEqual(planConditions(first, nothing, 9000), first)
  const failed = planConditions(first, { ...nothing, discoveryFailures: ['x/v1: down'] }, 9000)
  assert.deepEqual(
    failed.filter(({ status }) => status === 'True').map(({ type, reason, message }) => [type, reason, message]),
    [
      [
        'NamespaceDeletionDiscoveryFailure',
        'DiscoveryFailed',
        'Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: x/v1: down',
      ],
    ],
  )
})
