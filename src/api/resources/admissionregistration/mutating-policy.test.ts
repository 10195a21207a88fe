import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type {
  MutatingAdmissionPolicyBindingSpec,
  MutatingAdmissionPolicySpec,
  Mutation,
} from '../../types/admissionregistration-v1alpha1.ts'
import { row, validateNew, validateUpdate } from '../core/new-object.fixture.ts'
import { mutatingAdmissionPolicy } from './mutating-admission-policy.ts'
import { mutatingAdmissionPolicyBinding } from './mutating-admission-policy-binding.ts'

const metadata = { name: 'changes' }
const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }
const apply = (expression: string): Mutation => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } })
const patch = (expression: string): Mutation => ({ patchType: 'JSONPatch', jsonPatch: { expression } })
const policy: MutatingAdmissionPolicySpec = {
  matchConstraints: { resourceRules: [rule] },
  mutations: [apply('Object{}')],
  reinvocationPolicy: 'Never',
}
const expression = (index: number, kind: string, text: string, why: string): string =>
  `spec.mutations[${index}].${kind}.expression: Invalid value: ${JSON.stringify(text)}: ${why}`

suite('MutatingAdmissionPolicy', () => {
  const rows: readonly [name: string, change: MutatingAdmissionPolicySpec, errors: string[]][] = [
    [
      'everything that a policy may use',
      {
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        matchConditions: [{ name: 'a', expression: "object.metadata.name != params.data['skip']" }],
        variables: [{ name: 'count', expression: 'size(object.spec.containers)' }],
        mutations: [
          apply('Object{spec: Object.spec{replicas: variables.count + int(params.data["more"])}}'),
          patch(
            'authorizer.requestResource.check("update").allowed() ? [JSONPatch{op: "remove", path: "/" + jsonpatch.escapeKey("a/b")}] : []',
          ),
        ],
        reinvocationPolicy: 'IfNeeded',
      },
      [],
    ],
    ['no mutation', { mutations: [] }, ['spec.mutations: Required value: mutations must contain at least one item']],
    ['no reinvocation policy, which has no default', { reinvocationPolicy: '' }, ['spec.reinvocationPolicy: Required value']],
    [
      'another reinvocation policy',
      { reinvocationPolicy: 'Always' },
      ['spec.reinvocationPolicy: Unsupported value: "Always": supported values: "Never", "IfNeeded"'],
    ],
    [
      'another failure policy',
      { failurePolicy: 'Open' },
      ['spec.failurePolicy: Unsupported value: "Open": supported values: "Fail", "Ignore"'],
    ],
    ['no patch type', { mutations: [{ patchType: '' }] }, ['spec.mutations[0].patchType: Required value']],
    [
      'another patch type',
      { mutations: [{ ...apply('Object{}'), patchType: 'Merge' }] },
      ['spec.mutations[0].patchType: Unsupported value: "Merge": supported values: "ApplyConfiguration", "JSONPatch"'],
    ],
    [
      'the body of the other type',
      { mutations: [{ ...apply('Object{}'), patchType: 'JSONPatch' }] },
      [
        'spec.mutations[0].applyConfiguration: Invalid value: "{applyConfiguration}": must not be specified when patchType is JSONPatch',
        'spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch',
      ],
    ],
    [
      'both bodies',
      { mutations: [{ ...apply('Object{}'), jsonPatch: { expression: '[]' } }] },
      ['spec.mutations[0].jsonPatch: Invalid value: "{jsonPatch}": must not be specified when patchType is ApplyConfiguration'],
    ],
    ['no expression', { mutations: [apply('Object{}'), patch('  ')] }, ['spec.mutations[1].jsonPatch.expression: Required value']],
    [
      'another result',
      { mutations: [apply('"x"')] },
      [expression(0, 'applyConfiguration', '"x"', 'must evaluate to Object but got string')],
    ],
    [
      'a list of another type',
      { mutations: [patch('[Object{}]')] },
      [expression(0, 'jsonPatch', '[Object{}]', 'must evaluate to list(JSONPatch) but got list(Object)')],
    ],
    [
      'a missing field',
      { mutations: [patch('[JSONPatch{value: params}]')] },
      [
        expression(
          0,
          'jsonPatch',
          '[JSONPatch{value: params}]',
          "compilation failed: ERROR: <input>:1:19: undeclared reference to 'params' (in container '')\n | [JSONPatch{value: params}]\n | ..................^",
        ),
      ],
    ],
    [
      'objects that a variable constructs',
      { variables: [{ name: 'x', expression: 'Object{}' }] },
      [
        "spec.variables[0].expression: Invalid value: \"Object{}\": compilation failed: ERROR: <input>:1:7: undeclared reference to 'Object' (in container '')\n | Object{}\n | ......^",
      ],
    ],
    [
      'what is deleted',
      { matchConstraints: { resourceRules: [{ ...rule, operations: ['DELETE', 'CREATE'] }] } },
      ['spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"'],
    ],
    ['no rules', { matchConstraints: {} }, ['spec.matchConstraints.resourceRules: Required value']],
  ]
  for (const [name, change, errors] of rows) {
    test(`with ${name}`, () => {
      assert.deepEqual(validateNew(mutatingAdmissionPolicy, { metadata, spec: { ...policy, ...change } }).errors, errors)
    })
  }

  test('keeps a stored expression that uses features of this version', () => {
    const newer = { ...policy, mutations: [apply('Object{a: isSemver("1.0.0")}')] }
    assert.match(validateNew(mutatingAdmissionPolicy, { metadata, spec: newer }).errors[0] ?? '', /undeclared reference to 'isSemver'/)
    assert.deepEqual(validateUpdate(mutatingAdmissionPolicy, { metadata, spec: newer }, () => undefined).errors, [])
  })

  test('prints its columns', () => {
    const printed = { Name: 'changes', Mutations: 1, ParamKind: '<unset>', Age: '<unknown>' }
    assert.deepEqual(row(mutatingAdmissionPolicy, { metadata, spec: policy }), printed)
    const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' }
    assert.equal(row(mutatingAdmissionPolicy, { metadata, spec: { ...policy, paramKind } })['ParamKind'], 'v1/ConfigMap')
  })

  test('gets the defaults of its rules', () => {
    const object = { metadata, spec: structuredClone(policy) }
    mutatingAdmissionPolicy.setDefaults?.(object)
    assert.equal(object.spec.failurePolicy, 'Fail')
    assert.equal(object.spec.matchConstraints?.matchPolicy, 'Equivalent')
    assert.equal(object.spec.matchConstraints?.resourceRules?.[0]?.scope, '*')
  })
})

suite('MutatingAdmissionPolicyBinding', () => {
  const rows: readonly [name: string, spec: MutatingAdmissionPolicyBindingSpec, errors: string[]][] = [
    ['a policy', { policyName: 'changes' }, []],
    ['no policy', {}, ['spec.policyName: Required value']],
    [
      'parameters without a rule for those that are missing',
      { policyName: 'changes', paramRef: { name: 'x' } },
      ['spec.paramRef.parameterNotFoundAction: Required value'],
    ],
    [
      'what is deleted',
      { policyName: 'changes', matchResources: { resourceRules: [{ ...rule, operations: ['DELETE'] }] } },
      ['spec.matchResources.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"'],
    ],
  ]
  for (const [name, spec, errors] of rows) {
    test(`with ${name}`, () => assert.deepEqual(validateNew(mutatingAdmissionPolicyBinding, { metadata, spec }).errors, errors))
  }
})
