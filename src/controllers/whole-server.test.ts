// Controllers and scheduler against the real pipeline, verbs and store, without nodes: the test stands in for the kubelet.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../api/types/core-v1.ts'
import { formatTime, systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { createRegistry } from '../base/metrics/metrics.ts'
import { until } from '../base/testing/wait-until.testing.ts'
import { Client } from '../client/client.ts'
import type { ResourceRef } from '../client/resource-ref.ts'
import {
  configMaps,
  deployments,
  endpointSlices,
  endpoints,
  events,
  namespaces,
  nodes,
  pods,
  serviceAccounts,
  services,
  validatingAdmissionPolicies,
} from '../client/resources.ts'
import { runScheduler } from '../scheduler/run-scheduler.ts'
import { TestServer, testUser } from '../server/testing.ts'
import { runControllers } from './run-controllers.ts'

async function start() {
  const server = new TestServer({ clock: systemClock })
  const transport = server.as(testUser)
  const client = new Client({
    request: (request, signal) => transport.request(request, signal),
    [Symbol.asyncDispose]: async () => undefined,
  })
  const stop = new AbortController()
  const shared = { clock: systemClock, log: silentLogger, random: () => 0 }
  const controllers = runControllers(
    {
      ...shared,
      clientFor: () => client,
      informerClient: client,
      metrics: createRegistry(),
      rootCa: 'ROOT',
      signCertificate: async () => 'CERTIFICATE',
    },
    stop.signal,
  )
  const scheduler = runScheduler({ ...shared, client }, stop.signal)
  return {
    client,
    signal: stop.signal,
    until,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await Promise.all([controllers, scheduler])
      await transport[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

const status = { type: 'strategic', subresource: 'status' } as const

test('a Deployment and a Service become running pods with endpoints, and leave nothing behind', async () => {
  await using cluster = await start()
  const { client, signal, until } = cluster
  const inNamespace = async (resource: ResourceRef) => (await client.list(resource, { namespace: 'ns' }, signal)).items
  await client.create(namespaces, '', { metadata: { name: 'ns' }, spec: {} }, signal)
  await client.create(
    nodes,
    '',
    { metadata: { name: 'n1' }, spec: { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] } },
    signal,
  )
  const allocatable = { cpu: '4', memory: '8Gi', pods: '110' }
  await client.patch(nodes, '', 'n1', { status: { allocatable, conditions: [{ type: 'Ready', status: 'True' }] } }, status, signal)
  await until(
    async () => (await inNamespace(serviceAccounts)).length === 1 && (await inNamespace(configMaps)).length === 1,
    'account and certificate',
  )

  await client.create(services, 'ns', { metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } }, signal)
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'web' }] } }
  await client.create(
    deployments,
    'ns',
    { metadata: { name: 'web' }, spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template } },
    signal,
  )
  const podsOf = async (): Promise<readonly Pod[]> => (await client.list(pods, { namespace: 'ns' }, signal)).items
  await until(async () => (await podsOf()).filter(({ spec }) => spec.nodeName === 'n1').length === 3, 'three pods bound')

  for (const [index, { metadata }] of (await podsOf()).entries()) {
    const podIP = `10.244.0.${index + 2}`
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: formatTime(systemClock.now()) }]
    await client.patch(
      pods,
      'ns',
      metadata.name ?? '',
      { status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions } },
      status,
      signal,
    )
  }
  const progress = async () => (await client.get(deployments, 'ns', 'web', signal)).status
  await until(async () => (await progress())?.conditions?.some(({ reason }) => reason === 'NewReplicaSetAvailable') === true, 'rolled out')
  assert.equal((await progress())?.availableReplicas, 3)
  assert.equal((await client.get(deployments, 'ns', 'web', signal)).metadata.annotations?.['deployment.kubernetes.io/revision'], '1')
  const behind = async () => (await client.list(endpointSlices, { namespace: 'ns' }, signal)).items.flatMap(slice => slice.endpoints ?? [])
  await until(async () => (await behind()).filter(({ conditions }) => conditions?.ready === true).length === 3, 'endpoint slice')
  await until(async () => (await client.get(endpoints, 'ns', 'web', signal)).subsets?.[0]?.addresses?.length === 3, 'Endpoints')
  await until(async () => (await inNamespace(events)).length === 7, 'one scaling, three creations, three placements')

  await client.delete(deployments, 'ns', 'web', { propagationPolicy: 'Foreground' }, signal)
  await until(async () => {
    const ending = (await podsOf()).filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
    for (const { metadata } of ending) await client.delete(pods, 'ns', metadata.name ?? '', { gracePeriodSeconds: 0 }, signal)
    return (await inNamespace(deployments)).length === 0
  }, 'foreground deletion')
  assert.deepEqual(await podsOf(), [])
  await client.delete(services, 'ns', 'web', {}, signal)
  await until(async () => (await inNamespace(endpointSlices)).length === 0, 'slices collected')
  await client.delete(namespaces, '', 'ns', {}, signal)
  await until(
    async () => (await client.list(namespaces, {}, signal)).items.every(({ metadata }) => metadata.name !== 'ns'),
    'namespace gone',
  )
})

test('the status of a ValidatingAdmissionPolicy reports which expression cannot work, and the observed generation', async () => {
  await using cluster = await start()
  const { client, signal, until } = cluster
  const rule = { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] }
  const matchConstraints = { resourceRules: [rule] }
  const validations = [{ expression: 'object.spec.repilcas > 1' }]
  await client.create(validatingAdmissionPolicies, '', { metadata: { name: 'p' }, spec: { matchConstraints, validations } }, signal)
  const state = async () => (await client.get(validatingAdmissionPolicies, '', 'p', signal)).status
  await until(async () => (await state())?.observedGeneration === 1, 'the status of the first state')
  const [warning] = (await state())?.typeChecking?.expressionWarnings ?? []
  assert.equal(warning?.fieldRef, 'spec.validations[0].expression')
  assert.match(warning?.warning ?? '', /^apps\/v1, Kind=Deployment: .*undefined field 'repilcas'/)
  await client.patch(
    validatingAdmissionPolicies,
    '',
    'p',
    { spec: { validations: [{ expression: 'object.spec.replicas > 1' }] } },
    { type: 'merge' },
    signal,
  )
  await until(async () => (await state())?.observedGeneration === 2, 'the status of the second state')
  assert.equal((await state())?.typeChecking?.expressionWarnings, undefined)
})
