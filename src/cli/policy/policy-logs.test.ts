import assert from 'node:assert/strict'
import { test } from 'node:test'
import { load } from 'js-yaml'
import type { AuditEvent } from '../../access/audit/audit-event.ts'
import type { KubeObject } from '../../api/object.ts'
import { UserError } from '../../base/user-error.ts'
import { startCluster } from '../../cluster/tests/bootstrapped.testing.ts'
import { PolicyBench, policy } from './policy.testing.ts'
import { policyReplay, policyReport } from './policy.ts'
import type { Replayed } from './replay.ts'
import type { ReportedPolicy } from './report.ts'

const event = (verb: string, name: string, more: object) =>
  JSON.stringify({
    ...{ kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'RequestResponse', auditID: 'x', stage: 'ResponseComplete', requestURI: '/' },
    ...{ verb, user: { username: 'ann', groups: ['system:authenticated'] }, sourceIPs: [], responseStatus: { code: 201 } },
    ...{
      objectRef: { resource: 'configmaps', namespace: 'team', name, apiVersion: 'v1' },
      requestReceivedTimestamp: '2026-01-01T00:00:00Z',
    },
    ...more,
  })
const object = (name: string, size: number) => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap', data: { size: String(size) } },
  metadata: {
    name,
    namespace: 'team',
    uid: 'u',
    resourceVersion: '7',
    managedFields: [{ manager: 'm', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: {} }],
  },
})

test('policyReplay() evaluates the writes of a log again, changes as updates, and counts writes without an object', async () => {
  using bench = new PolicyBench()
  const policies = bench.write('policy.yaml', policy('Deny'))
  const log = bench.write(
    'audit.log',
    [
      event('create', 'a', { requestObject: object('a', 3), responseObject: object('a', 3) }),
      event('update', 'a', { requestObject: object('a', 4), responseStatus: { code: 200 } }),
      event('patch', 'a', { requestObject: { data: { size: '1' } }, responseObject: object('a', 1), responseStatus: { code: 200 } }),
      event('create', 'x', { requestObject: object('x', 1) }),
      event('create', 'x', { requestObject: object('x', 1), responseStatus: { code: 403 } }),
      event('create', 'x', { requestObject: object('x', 1), stage: 'RequestReceived' }),
      event('create', 'y', {}),
      event('get', 'a', { responseObject: object('a', 1) }),
      '{"kind":"Checkpoint"}',
      '',
    ].join('\n'),
  )
  const flags = { output: 'json', policy: [policies] } as const
  const { code, json } = await bench.run<Replayed>((print, signal) => policyReplay(flags, log, print, signal))
  assert.equal(code, 1)
  assert.deepEqual([json.evaluated, json.unrecorded], [4, 1])
  assert.deepEqual(
    json.refused.map(({ user, verb, object: of, message }) => [user, verb, of, / (\w+ .*)$/.exec(message)?.[1]?.split(': ').at(-1)]),
    [
      ['ann', 'patch', 'configmaps team/a', 'it must not shrink'],
      ['ann', 'create', 'configmaps team/x', 'x is not a name'],
    ],
  )
})

test('policyReplay() refuses a log of level Metadata with advice, or uses the objects of a cluster', async () => {
  using bench = new PolicyBench()
  await using cluster = await startCluster({ simulatedNodes: 0, controllers: false })
  const { signal } = new AbortController()
  const maps = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true }
  const create = (name: string) => cluster.client.create(maps, 'default', { metadata: { name }, data: { size: '1' } } as never, signal)
  await create('x')
  await create('gone')
  await cluster.client.delete(maps, 'default', 'gone', {}, signal)
  const events = cluster.auditEvents() as readonly Partial<AuditEvent>[]
  const own = events.filter(({ objectRef }) => objectRef?.resource === 'configmaps' && objectRef.namespace === 'default')
  const log = bench.write('audit.log', own.map(entry => JSON.stringify({ kind: 'Event', ...entry })).join('\n'))
  const policies = bench.write('policy.yaml', policy('Deny'))
  const run = (flags: object) =>
    bench.run<Replayed>((print, stop) => policyReplay({ output: 'json', policy: [policies], ...flags }, log, print, stop))
  const advice = /None of the 2 writes in ".*" could be evaluated: .*level: RequestResponse.*--kubeconfig FILE/
  await assert.rejects(run({}), err => err instanceof UserError && advice.test(err.message))
  const { code, json } = await run({ kubeconfig: bench.write('kubeconfig', await cluster.kubeconfig()) })
  assert.equal(code, 1)
  assert.deepEqual([json.evaluated, json.current, json.unrecorded], [1, 1, 1])
  assert.deepEqual(
    json.refused.map(({ object: of }) => of),
    ['configmaps default/x'],
  )
})

test('policyReplay() refuses a file that is not a log', async () => {
  using bench = new PolicyBench()
  const policies = bench.write('policy.yaml', policy('Deny'))
  const run = (log: string) => bench.run((print, signal) => policyReplay({ policy: [policies] }, log, print, signal))
  await assert.rejects(
    run(bench.write('bad.log', 'no json\n')),
    err => err instanceof UserError && /bad\.log:1: this is not an audit log/.test(err.message),
  )
  await assert.rejects(run('/nothing/here'), err => err instanceof UserError && /Cannot read/.test(err.message))
})

test('policyReport() reports what a policy in audit mode would have refused, from the log of a cluster', async () => {
  using bench = new PolicyBench()
  await using cluster = await startCluster({ simulatedNodes: 0, controllers: false })
  const { signal } = new AbortController()
  const of = (group: string, plural: string, kind: string, namespaced: boolean) => ({ group, version: 'v1', plural, kind, namespaced })
  const group = 'admissionregistration.k8s.io'
  const [rules = {} as KubeObject, binding = {} as KubeObject] = policy('Audit')
    .split('---')
    .map(text => load(text) as KubeObject)
  await cluster.client.create(of(group, 'validatingadmissionpolicies', 'ValidatingAdmissionPolicy', false), '', rules, signal)
  await cluster.client.create(
    of(group, 'validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding', false),
    '',
    binding,
    signal,
  )
  const maps = of('', 'configmaps', 'ConfigMap', true)
  await cluster.client.create(maps, 'default', { metadata: { name: 'x' } } as never, signal)
  await cluster.client.create(maps, 'kube-system', { metadata: { name: 'x' } } as never, signal)
  await cluster.client.create(maps, 'default', { metadata: { name: 'fine' } } as never, signal)
  const log = bench.write(
    'audit.log',
    cluster
      .auditEvents()
      .map(entry => JSON.stringify({ kind: 'Event', ...entry }))
      .join('\n'),
  )
  const { code, json } = await bench.run<ReportedPolicy[]>(print => policyReport({ output: 'json' }, log, print))
  assert.equal(code, 1)
  assert.deepEqual(json, [
    {
      policy: 'sizes',
      binding: 'sizes',
      message: 'x is not a name',
      count: 2,
      users: ['bulkhead-admin'],
      examples: ['configmaps default/x', 'configmaps kube-system/x'],
    },
  ])
  const lines: string[] = []
  assert.equal(await policyReport({}, bench.write('none.log', ''), text => lines.push(text)), 0)
  assert.deepEqual(lines, ['No policy in audit mode would have refused anything'])
})
