import assert from 'node:assert/strict'
import { test } from 'node:test'
import { notFound } from '../api/status.ts'
import type { ValidatingAdmissionPolicySpec } from '../api/types/admissionregistration-v1.ts'
import { customTypes } from './custom-types.ts'
import { customGroupVersions, typeWarnings } from './policy-types-late.ts'

const rule = (resources: string[], more: object = {}) => ({
  apiGroups: ['apps'],
  apiVersions: ['v1'],
  operations: ['CREATE'],
  resources,
  ...more,
})
const spec = (resources: string[], more: Partial<ValidatingAdmissionPolicySpec> = {}): ValidatingAdmissionPolicySpec => ({
  matchConstraints: { resourceRules: [rule(resources)] },
  validations: [{ expression: 'object.spec.replicas > 1' }],
  ...more,
})
const undefinedField = (kind: string): string =>
  `apps/v1, Kind=${kind}: ERROR: <input>:1:12: undefined field 'replicas'\n | object.spec.replicas > 1\n | ...........^\n`

test('typeWarnings() finds a field that a kind lacks, by kind', () => {
  assert.deepEqual(typeWarnings(spec(['deployments'])), [])
  assert.deepEqual(typeWarnings(spec(['deployments', 'daemonsets', 'controllerrevisions'], { validations: [{ expression: 'true' }] })), [])
  assert.deepEqual(typeWarnings(spec(['deployments', 'daemonsets'])), [
    { fieldRef: 'spec.validations[0].expression', warning: undefinedField('DaemonSet') },
  ])
})

test('typeWarnings() checks messages, and the types of variables and parameters', () => {
  const validations = [
    { expression: 'variables.count > 1 && params.data.max == 1', messageExpression: 'string(object.spec.paused) + object.kindd' },
  ]
  const variables = [{ name: 'count', expression: 'object.spec.replicas' }]
  const found = typeWarnings(spec(['deployments'], { validations, variables, paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } }))
  assert.deepEqual(
    found.map(({ fieldRef }) => fieldRef),
    ['spec.validations[0].expression', 'spec.validations[0].messageExpression'],
  )
  assert.match(found[0]?.warning ?? '', /found no matching overload for '_==_' applied to '\(string, int\)'/)
  assert.match(found[1]?.warning ?? '', /undefined field 'kindd'/)
})

test('typeWarnings() treats a failing variable as dyn, and names the core group by a slash', () => {
  const matchConstraints = { resourceRules: [rule(['pods'], { apiGroups: [''] })] }
  const variables = [{ name: 'count', expression: 'object.spec.replicas' }]
  const validations = [{ expression: 'variables.count > 1' }, { expression: ' object.kindd == "x"' }, { expression: "int('x') == 1" }]
  assert.deepEqual(typeWarnings(spec([], { matchConstraints, variables, validations })), [
    {
      fieldRef: 'spec.validations[1].expression',
      warning: '/v1, Kind=Pod: ERROR: <input>:1:8: undefined field \'kindd\'\n |  object.kindd == "x"\n | .......^\n',
    },
  ])
})

test('typeWarnings() skips rules with wildcards and kinds without types', () => {
  assert.deepEqual(typeWarnings(spec(['*'])), [])
  assert.deepEqual(typeWarnings(spec(['widgets'])), [])
  const matchConstraints = { resourceRules: [rule(['daemonsets'], { apiGroups: ['*'] })] }
  assert.deepEqual(typeWarnings(spec([], { matchConstraints })), [])
})

const document = {
  components: {
    schemas: {
      'com.example.v1.Widget': {
        type: 'object' as const,
        properties: { spec: { type: 'object' as const, properties: { size: { type: 'integer' as const } } } },
        'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Widget' }],
      },
    },
  },
}

test("typeWarnings() checks custom resources by the server's schemas", async () => {
  const asked: string[] = []
  const client = {
    async getPath<A>(path: string): Promise<A> {
      asked.push(path)
      if (path.startsWith('/apis/gone')) throw notFound({ group: '', plural: 'x' }, '')
      const resources = [
        { name: 'widgets', kind: 'Widget' },
        { name: 'widgets/status', kind: 'Widget' },
      ]
      return (path.startsWith('/openapi') ? document : { resources }) as A
    },
  }
  const rules = { apiGroups: ['example.com', 'gone.example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['widgets'] }
  const policy = { matchConstraints: { resourceRules: [rules] }, validations: [{ expression: "object.spec.size == 'a'" }] }
  const names = customGroupVersions(policy)
  assert.deepEqual(names, ['example.com/v1', 'gone.example.com/v1'])
  const custom = await customTypes(client, names, new AbortController().signal)
  assert.deepEqual(asked, ['/apis/example.com/v1', '/openapi/v3/apis/example.com/v1', '/apis/gone.example.com/v1'])
  const [warning] = typeWarnings(policy, custom)
  assert.match(warning?.warning ?? '', /^example\.com\/v1, Kind=Widget: .*no matching overload for '_==_' applied to '\(int, string\)'/)
  assert.deepEqual(customGroupVersions(spec(['deployments'])), [])
})
