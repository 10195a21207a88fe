import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ValidatingAdmissionPolicySpec } from '../../types/admissionregistration-v1.ts'
import { validateNew, validateUpdate } from '../core/new-object.fixture.ts'
import { mutatingWebhookConfiguration } from './mutating-webhook-configuration.ts'
import { validatingAdmissionPolicy } from './validating-admission-policy.ts'
import { validatingWebhookConfiguration } from './validating-webhook-configuration.ts'

const metadata = { name: 'checks' }
const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }
const policy: ValidatingAdmissionPolicySpec = { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: 'true' }] }
const undeclared = (name: string, column: number, line: string): string =>
  `compilation failed: ERROR: <input>:1:${column}: undeclared reference to '${name}' (in container '')\n | ${line}\n | ${'.'.repeat(column - 1)}^`

const cases: { name: string; change: ValidatingAdmissionPolicySpec; errors: string[] }[] = [
  {
    name: 'everything that a policy may use',
    change: {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      matchConditions: [{ name: 'a', expression: "request.userInfo.username != params.data['admin']" }],
      variables: [
        { name: 'names', expression: 'object.spec.containers.map(c, c.name)' },
        { name: 'first', expression: 'variables.names[0]' },
      ],
      validations: [
        {
          expression: "variables.first == 'a' && authorizer.requestResource.check('update').allowed()",
          messageExpression: "'refused in %s'.format([namespaceObject.metadata.name])",
        },
      ],
      auditAnnotations: [{ key: 'k', valueExpression: "oldObject == null ? 'new' : 'changed'" }],
    },
    errors: [],
  },
  {
    name: 'a validation that is no bool',
    change: { validations: [{ expression: "'a'" }] },
    errors: [`spec.validations[0].expression: Invalid value: "'a'": must evaluate to bool but got string`],
  },
  {
    name: 'a message that is no string',
    change: { validations: [{ expression: 'true', messageExpression: 'object.x' }] },
    errors: ['spec.validations[0].messageExpression: Invalid value: "object.x": must evaluate to string but got dyn'],
  },
  {
    name: 'an annotation that is neither string nor null',
    change: { auditAnnotations: [{ key: 'k', valueExpression: ' 1 ' }] },
    errors: ['spec.auditAnnotations[0].valueExpression: Invalid value: " 1 ": must evaluate to one of [string null_type] but got int'],
  },
  {
    name: 'a variable of a policy that has none',
    change: { validations: [{ expression: 'variables.x' }] },
    errors: [
      `spec.validations[0].expression: Invalid value: "variables.x": compilation failed: ERROR: <input>:1:10: undefined field 'x'\n | variables.x\n | .........^`,
    ],
  },
  {
    name: 'a message that asks the authorizer',
    change: { validations: [{ expression: 'true', messageExpression: 'authorizer' }] },
    errors: [`spec.validations[0].messageExpression: Invalid value: "authorizer": ${undeclared('authorizer', 1, 'authorizer')}`],
  },
  {
    name: 'parameters of a policy that has none',
    change: { validations: [{ expression: 'has(params.x)' }] },
    errors: [`spec.validations[0].expression: Invalid value: "has(params.x)": ${undeclared('params', 5, 'has(params.x)')}`],
  },
  {
    name: 'a variable before it is there',
    change: {
      variables: [
        { name: 'a', expression: 'variables.b' },
        { name: 'b', expression: '1' },
      ],
    },
    errors: [
      'spec.variables[0].expression: Invalid value: "variables.b": compilation failed: ERROR: <input>:1:10: undefined field \'b\'\n | variables.b\n | .........^',
    ],
  },
  {
    name: 'a misspelt field of the request',
    change: { validations: [{ expression: "request.userinfo.username == 'a'" }] },
    errors: [
      "spec.validations[0].expression: Invalid value: \"request.userinfo.username == 'a'\": compilation failed: ERROR: <input>:1:8: undefined field 'userinfo'\n | request.userinfo.username == 'a'\n | .......^",
    ],
  },
]

for (const { name, change, errors } of cases) {
  test(`validatingAdmissionPolicy validates ${name}`, () => {
    assert.deepEqual(validateNew(validatingAdmissionPolicy, { metadata, spec: { ...policy, ...change } }).errors, errors)
  })
}

test('a failing conversion of a constant is an internal error, as upstream', () => {
  const spec = { ...policy, validations: [{ expression: "int('x') == 1" }] }
  assert.deepEqual(validateNew(validatingAdmissionPolicy, { metadata, spec }).errors, [
    "spec.validations[0].expression: Internal error: program instantiation failed: type conversion error from 'string' to 'int'",
  ])
})

test('match conditions of webhooks are compiled, but not again while unchanged', () => {
  const hook = {
    name: 'pods.example.com',
    clientConfig: { url: 'https://example.com/check' },
    rules: [rule],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    matchConditions: [{ name: 'a', expression: 'params.x' }],
  }
  const field = 'webhooks[0].matchConditions[0].expression'
  for (const definition of [validatingWebhookConfiguration, mutatingWebhookConfiguration]) {
    const stored = { metadata, webhooks: [hook] }
    assert.deepEqual(validateNew(definition, stored).fields, [field])
    assert.deepEqual(
      validateUpdate(definition, stored, object => Object.assign(object.webhooks?.[0] ?? {}, { timeoutSeconds: 3 })).fields,
      [],
    )
    const renamed = validateUpdate(definition, stored, object =>
      Object.assign(object.webhooks?.[0]?.matchConditions?.[0] ?? {}, { name: 'b' }),
    )
    assert.deepEqual(renamed.fields, [field])
  }
})
