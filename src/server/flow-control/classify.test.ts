import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FlowSchema } from '../../api/types/flowcontrol-v1.ts'
import type { UserInfo } from '../../api/user.ts'
import { retainedBytes } from '../../base/testing/retained-bytes.testing.ts'
import { parseQuery } from '../request/query.ts'
import type { RequestInfo, ResourceRequestInfo } from '../request/request-info.ts'
import { mandatoryLevels, mandatorySchemas, suggestedLevels, suggestedSchemas } from './bootstrap-objects.ts'
import { FlowControl } from './flow-control.ts'

const facts = { objects: () => 0, bytes: () => 0, watchers: () => 0 }
const suggested = { schemas: [...mandatorySchemas, ...suggestedSchemas], levels: [...mandatoryLevels, ...suggestedLevels] }

function controlOf(...schemas: FlowSchema[]): FlowControl {
  const flow = new FlowControl(facts)
  flow.configure({ ...suggested, schemas: [...suggested.schemas, ...schemas] })
  return flow
}

const resource = (verb: string, name: string, namespace = '', group = ''): ResourceRequestInfo => {
  const [plural = '', subresource = ''] = name.split('/')
  return {
    ...{ isResource: true, verb, path: '', query: parseQuery(''), group, version: 'v1', namespace, resource: plural },
    ...{ subresource, name: '', rest: [], served: undefined },
  }
}
const path = (url: string, verb = 'get'): RequestInfo => ({ isResource: false, verb, path: url, query: parseQuery('') })
const user = (name: string, ...groups: string[]): UserInfo => ({ name, groups: [...groups, 'system:authenticated'] })
const account = (namespace: string, name: string) =>
  user(`system:serviceaccount:${namespace}:${name}`, 'system:serviceaccounts', `system:serviceaccounts:${namespace}`)
const node = user('system:node:a', 'system:nodes')
const manager = user('system:kube-controller-manager')
const leases = resource('update', 'leases', 'kube-system', 'coordination.k8s.io')

const rows: readonly { name: string; user: UserInfo; info: RequestInfo; schema: string; level: string; flow?: string }[] = [
  {
    name: 'an administrator',
    user: user('root', 'system:masters'),
    info: resource('list', 'pods'),
    schema: 'exempt',
    level: 'exempt',
    flow: '',
  },
  { name: 'a health check', user: user('ann'), info: path('/healthz'), schema: 'probes', level: 'exempt', flow: '' },
  { name: 'a part of a health check', user: user('ann'), info: path('/livez/ping'), schema: 'probes', level: 'exempt', flow: '' },
  {
    name: 'what only looks like one',
    user: user('ann'),
    info: path('/healthzoom'),
    schema: 'global-default',
    level: 'global-default',
    flow: 'ann',
  },
  {
    name: 'a health check that is no get',
    user: user('ann'),
    info: path('/healthz', 'post'),
    schema: 'global-default',
    level: 'global-default',
  },
  { name: 'a lease of the controller manager', user: manager, info: leases, schema: 'system-leader-election', level: 'leader-election' },
  {
    name: 'a lease that it watches',
    user: manager,
    info: { ...leases, verb: 'watch' },
    schema: 'kube-controller-manager',
    level: 'workload-high',
    flow: 'kube-system',
  },
  {
    name: 'endpoints of the controller manager',
    user: manager,
    info: resource('update', 'endpoints', 'a'),
    schema: 'endpoint-controller',
    level: 'workload-high',
  },
  {
    name: 'a lock in a ConfigMap',
    user: account('kube-system', 'x'),
    info: resource('update', 'configmaps', 'kube-system'),
    schema: 'workload-leader-election',
    level: 'leader-election',
  },
  { name: 'the status of a node', user: node, info: resource('patch', 'nodes/status'), schema: 'system-node-high', level: 'node-high' },
  { name: 'another subresource of a node', user: node, info: resource('get', 'nodes/proxy'), schema: 'system-nodes', level: 'system' },
  { name: 'pods of a node', user: node, info: resource('list', 'pods'), schema: 'system-nodes', level: 'system', flow: 'system:node:a' },
  {
    name: 'the scheduler',
    user: user('system:kube-scheduler'),
    info: resource('create', 'pods/binding', 'a'),
    schema: 'kube-scheduler',
    level: 'workload-high',
    flow: 'a',
  },
  {
    name: 'an account of the system',
    user: account('kube-system', 'x'),
    info: resource('list', 'pods', 'a'),
    schema: 'kube-system-service-accounts',
    level: 'workload-high',
    flow: 'a',
  },
  {
    name: 'an account of a namespace that begins alike',
    user: account('kube-system-2', 'x'),
    info: resource('list', 'pods', 'a'),
    schema: 'service-accounts',
    level: 'workload-low',
  },
  {
    name: 'an account',
    user: account('a', 'x'),
    info: resource('list', 'pods', 'a'),
    schema: 'service-accounts',
    level: 'workload-low',
    flow: 'system:serviceaccounts:a',
  },
  {
    name: 'any user',
    user: user('ann'),
    info: resource('list', 'pods', 'a'),
    schema: 'global-default',
    level: 'global-default',
    flow: 'ann',
  },
  {
    name: 'a user without a group',
    user: { name: 'odd', groups: [] },
    info: resource('list', 'pods'),
    schema: 'catch-all',
    level: 'catch-all',
  },
]
for (const { name, user: who, info, schema, level, flow } of rows) {
  test(`classify() puts ${name} to "${schema}"`, () => {
    const control = controlOf()
    // The second time is looked up.
    for (const found of [control.classify(who, info), control.classify(who, info)]) {
      assert.equal(found.schema.metadata.name, schema)
      assert.equal(found.level.name, level)
      if (flow !== undefined) assert.equal(found.flow.distinguisher, flow)
    }
  })
}

const own = (name: string, matchingPrecedence: number, namespaces: string[], level = 'workload-low'): FlowSchema => ({
  metadata: { name },
  spec: {
    priorityLevelConfiguration: { name: level },
    matchingPrecedence,
    rules: [
      {
        subjects: [{ kind: 'User', user: { name: '*' } }],
        resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces }],
      },
    ],
  },
})
const schemaOf = (control: FlowControl, who: UserInfo, info: RequestInfo) => control.classify(who, info).schema.metadata.name

test('classify() distinguishes namespaces if a rule names one', () => {
  const control = controlOf(own('of-a', 50, ['a']))
  const ann = user('ann')
  assert.equal(schemaOf(control, ann, resource('list', 'pods', 'a')), 'of-a')
  assert.equal(schemaOf(control, ann, resource('list', 'pods', 'b')), 'global-default')
  assert.equal(schemaOf(control, ann, resource('list', 'pods')), 'global-default')
})

test('classify() distinguishes the scope if a rule is for all namespaces', () => {
  const control = controlOf(own('every', 50, ['*']))
  const ann = user('ann')
  assert.equal(schemaOf(control, ann, resource('list', 'pods', 'a')), 'every')
  assert.equal(schemaOf(control, ann, resource('list', 'pods')), 'global-default')
})

test('classify() matches by precedence, then by name', () => {
  const control = controlOf(own('b', 50, ['*']), own('a', 50, ['*']), own('c', 49, ['x']))
  assert.equal(schemaOf(control, user('ann'), resource('list', 'pods', 'y')), 'a')
  assert.equal(schemaOf(control, user('ann'), resource('list', 'pods', 'x')), 'c')
})

test('classify() skips a schema whose level does not exist', () => {
  assert.equal(schemaOf(controlOf(own('lost', 50, ['*'], 'nowhere')), user('ann'), resource('list', 'pods', 'a')), 'global-default')
})

test('classify() uses changed objects', () => {
  const control = controlOf()
  const ann = user('ann')
  assert.equal(schemaOf(control, ann, resource('list', 'pods', 'a')), 'global-default')
  control.configure({ ...suggested, schemas: [...suggested.schemas, own('new', 50, ['*'])] })
  assert.equal(schemaOf(control, ann, resource('list', 'pods', 'a')), 'new')
})

test('classify() without any objects exempts administrators and lets all others share the seats', () => {
  const control = new FlowControl(facts)
  assert.equal(schemaOf(control, user('root', 'system:masters'), resource('list', 'pods')), 'exempt')
  const { level } = control.classify(user('ann'), resource('list', 'pods'))
  assert.deepEqual([level.name, level.queues.limit], ['catch-all', 600])
})

test('Classifier does not cache long path segments', () => {
  const flow = controlOf()
  const asks = user('ann')
  const kept = retainedBytes(() => {
    for (let at = 0; at < 400; at++) flow.classify(asks, resource('get', `${'r'.repeat(8000)}${at}`))
  })
  assert.ok(kept < 1_000_000, `${kept} bytes`)
  assert.equal(flow.classify(asks, resource('get', 'pods')).schema.metadata.name, 'global-default')
})
