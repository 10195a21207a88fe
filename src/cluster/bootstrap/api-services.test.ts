import { deepEqual, equal } from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { resources } from '../../api/resources/index.ts'
import { admin, SecuredApi } from '../tests/secured-api.testing.ts'
import { localApiServices, planApiServices } from './api-services.ts'

const wanted = localApiServices(resources)
const [first] = wanted
if (first === undefined) throw new Error('no APIServices')

test('every group version that is served has its local APIService, but the one by which they are registered', () => {
  const priorities = Object.fromEntries(
    wanted.map(({ metadata, spec }) => [metadata.name, [spec.groupPriorityMinimum, spec.versionPriority]]),
  )
  equal(wanted.length, 21)
  deepEqual(priorities['v1.'], [18000, 1])
  deepEqual(priorities['v1.apps'], [17800, 15])
  deepEqual(priorities['v2.autoscaling'], [17500, 30])
  deepEqual(priorities['v1.flowcontrol.apiserver.k8s.io'], [16100, 21])
  equal(priorities['v1.apiregistration.k8s.io'], undefined)
})

test('at the start, missing APIServices are created, changed ones corrected, and obsolete ones removed', () => {
  const old = { ...first, metadata: { ...first.metadata, name: 'v1beta1.apps' } }
  const changed = { ...first, metadata: { ...first.metadata, resourceVersion: '7' }, spec: { ...first.spec, versionPriority: 99 } }
  const { create, update, remove } = planApiServices([changed, old], wanted)
  deepEqual(
    create.map(({ metadata }) => metadata.name),
    wanted.slice(1).map(({ metadata }) => metadata.name),
  )
  deepEqual(update, [{ ...first, metadata: { ...first.metadata, resourceVersion: '7' } }])
  deepEqual(remove, ['v1beta1.apps'])
})

test('an APIService without the label belongs only to its owner', () => {
  const { labels: _, ...metadata } = first.metadata
  const taken = { ...first, metadata, spec: { ...first.spec, versionPriority: 99 } }
  const foreign = { ...taken, metadata: { name: 'v1.metrics.example.com' } }
  const { update, remove } = planApiServices([taken, foreign], wanted)
  deepEqual([update, remove], [[], []])
})

test('a cluster registers its own groups as local', async () => {
  await using api = await SecuredApi.open()
  const { status } = (await api.request(admin, 'GET', '/apis/apiregistration.k8s.io/v1/apiservices/v1.apps')).json
  equal(status.conditions[0].reason, 'Local')
})

test('backends may know their callers by the ConfigMap that upstream publishes for them', async () => {
  await using api = await SecuredApi.open()
  const { data } = (await api.request(admin, 'GET', '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication')).json
  deepEqual(JSON.parse(data['requestheader-allowed-names']), ['front-proxy-client'])
  deepEqual(JSON.parse(data['requestheader-username-headers']), ['X-Remote-User'])
  const [client, frontProxy] = [new X509Certificate(data['client-ca-file']), new X509Certificate(data['requestheader-client-ca-file'])]
  equal(client.subject, 'CN=bulkhead-client-ca')
  equal(frontProxy.subject, 'CN=bulkhead-front-proxy-ca')
})
