import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MutatingWebhook, ValidatingAdmissionPolicySpec } from '../../types/admissionregistration-v1.ts'
import { validateNew, validateSubresource } from '../core/new-object.fixture.ts'
import { mutatingWebhookConfiguration } from './mutating-webhook-configuration.ts'
import { validatingAdmissionPolicy } from './validating-admission-policy.ts'
import { validatingAdmissionPolicyBinding } from './validating-admission-policy-binding.ts'
import { validatingWebhookConfiguration } from './validating-webhook-configuration.ts'

const metadata = { name: 'checks' }
const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }
const hook: MutatingWebhook = {
  name: 'pods.example.com',
  clientConfig: { url: 'https://example.com/check' },
  rules: [rule],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
}

test('mutatingWebhookConfiguration fails closed by default', () => {
  const { object, errors } = validateNew(mutatingWebhookConfiguration, { metadata, webhooks: [hook] })
  assert.deepEqual(errors, [])
  const { failurePolicy, matchPolicy, timeoutSeconds, reinvocationPolicy, rules } = object.webhooks?.[0] ?? hook
  assert.deepEqual([failurePolicy, matchPolicy, timeoutSeconds, reinvocationPolicy], ['Fail', 'Equivalent', 10, 'Never'])
  assert.equal(rules?.[0]?.scope, '*')
})

const hooks: { name: string; change: Partial<MutatingWebhook>; fields: string[] }[] = [
  { name: 'a short name', change: { name: 'pods.com' }, fields: ['webhooks[0].name'] },
  { name: 'no client', change: { clientConfig: {} }, fields: ['webhooks[0].clientConfig'] },
  { name: 'plain HTTP', change: { clientConfig: { url: 'http://example.com' } }, fields: ['webhooks[0].clientConfig.url'] },
  { name: 'side effects', change: { sideEffects: 'Some' }, fields: ['webhooks[0].sideEffects'] },
  { name: 'a long time-out', change: { timeoutSeconds: 31 }, fields: ['webhooks[0].timeoutSeconds'] },
  { name: 'an unknown review', change: { admissionReviewVersions: ['v9'] }, fields: ['webhooks[0].admissionReviewVersions'] },
  {
    name: 'a resource that a wildcard covers',
    change: { rules: [{ ...rule, resources: ['pods/*', 'pods/log'] }] },
    fields: ['webhooks[0].rules[0].resources[1]'],
  },
]
for (const { name, change, fields } of hooks) {
  test(`webhook configurations reject ${name}`, () => {
    const webhooks = [{ ...hook, ...change }]
    assert.deepEqual(validateNew(mutatingWebhookConfiguration, { metadata, webhooks }).fields, fields)
    assert.deepEqual(validateNew(validatingWebhookConfiguration, { metadata, webhooks }).fields, fields)
  })
}

const form = 'desired format: https://host[/path]'
const urls: [url: string, errors: string[]][] = [
  ['https://example.com:8443/check', []],
  ['', [`Invalid value: "": 'https' is the only allowed URL scheme; ${form}`, `Invalid value: "": host must be specified; ${form}`]],
  ['http://a/b', [`Invalid value: "http": 'https' is the only allowed URL scheme; ${form}`]],
  ['https:///b', [`Invalid value: "": host must be specified; ${form}`]],
  ['https://a:b/', [`Required value: url must be a valid URL: parse "https://a:b/": invalid port ":b" after host; ${form}`]],
  [
    'https://u:p@a/?q#f',
    [
      'Invalid value: "u:p": user information is not permitted in the URL',
      'Invalid value: "f": fragments are not permitted in the URL',
      'Invalid value: "q": query parameters are not permitted in the URL',
    ],
  ],
]
for (const [url, errors] of urls) {
  test(`webhook configurations validate the URL "${url}"`, () => {
    const found = validateNew(validatingWebhookConfiguration, { metadata, webhooks: [{ ...hook, clientConfig: { url } }] }).errors
    assert.deepEqual(
      found,
      errors.map(error => `webhooks[0].clientConfig.url: ${error}`),
    )
  })
}

test("webhook configurations validate a service's path after its first character", () => {
  const validated = (path: string) => {
    const clientConfig = { service: { name: 'a', namespace: 'b', path } }
    const field = 'webhooks[0].clientConfig.service.path: Invalid value: '
    return validateNew(validatingWebhookConfiguration, { metadata, webhooks: [{ ...hook, clientConfig }] }).errors.map(e =>
      e.replace(field, ''),
    )
  }
  assert.deepEqual(validated('/a/b/'), [])
  assert.deepEqual(validated(' '), [`" ": must start with a '/'`, '" ": segment[0] may not be empty'])
  assert.deepEqual(validated('/a//'), ['"/a//": segment[1] may not be empty'])
})

test('webhook configurations reject two hooks of one name', () => {
  assert.deepEqual(validateNew(validatingWebhookConfiguration, { metadata, webhooks: [hook, hook] }).fields, ['webhooks[1].name'])
})

const policy: ValidatingAdmissionPolicySpec = { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: 'true' }] }
const policies: { name: string; change: ValidatingAdmissionPolicySpec; fields: string[] }[] = [
  { name: 'a complete policy', change: {}, fields: [] },
  { name: 'a policy without a rule', change: { matchConstraints: {} }, fields: ['spec.matchConstraints.resourceRules'] },
  { name: 'a policy that checks nothing', change: { validations: [] }, fields: ['spec.validations', 'spec.auditAnnotations'] },
  {
    name: 'a message of two lines',
    change: { validations: [{ expression: 'true', message: 'a\nb' }] },
    fields: ['spec.validations[0].message'],
  },
  {
    name: 'variables that are called as words of the language',
    change: { variables: ['a', 'in', 'while', '1'].map(name => ({ name, expression: 'true' })) },
    fields: ['spec.variables[1].name', 'spec.variables[2].name', 'spec.variables[3].name'],
  },
  {
    name: 'a parameter kind of a bad version',
    change: { paramKind: { apiVersion: 'V1', kind: 'A' } },
    fields: ['spec.paramKind.apiVersion'],
  },
]
for (const { name, change, fields } of policies) {
  test(`validatingAdmissionPolicy validates ${name}`, () => {
    assert.deepEqual(validateNew(validatingAdmissionPolicy, { metadata, spec: { ...policy, ...change } }).fields, fields)
  })
}

test('validatingAdmissionPolicyBinding requires a policy, an action and one way to find parameters', () => {
  const validate = (spec: object) => validateNew(validatingAdmissionPolicyBinding, { metadata, spec }).fields
  assert.deepEqual(validate({ policyName: 'p', validationActions: ['Deny', 'Audit'] }), [])
  assert.deepEqual(validate({}), ['spec.policyName', 'spec.validationActions'])
  assert.deepEqual(validate({ policyName: 'p', validationActions: ['Deny', 'Warn'] }), ['spec.validationActions'])
  const paramRef = { name: 'a', selector: {}, parameterNotFoundAction: 'Deny' }
  assert.deepEqual(validate({ policyName: 'p', validationActions: ['Deny'], paramRef }), ['spec.paramRef.name', 'spec.paramRef.selector'])
})

test('errors show admission lists with their Go types', () => {
  const webhooks = [{ ...hook, rules: [{ ...rule, operations: ['*', 'CREATE'] }] }]
  assert.deepEqual(validateNew(validatingWebhookConfiguration, { metadata, webhooks }).errors, [
    'webhooks[0].rules[0].operations: Invalid value: []admissionregistration.OperationType{"*", "CREATE"}: ' +
      "if '*' is present, must not specify other operations",
  ])
  const spec = { policyName: 'p', validationActions: ['Deny', 'Warn'] }
  assert.deepEqual(validateNew(validatingAdmissionPolicyBinding, { metadata, spec }).errors, [
    'spec.validationActions: Invalid value: []admissionregistration.ValidationAction{"Deny", "Warn"}: must not contain both Deny and Warn ' +
      '(repeating the same validation failure information in the API response and headers serves no purpose)',
  ])
})

test('validatingAdmissionPolicy validates the fields that warnings of its status name', () => {
  const old = { metadata, spec: {} }
  const { errors } = validateSubresource(validatingAdmissionPolicy, 'status', old, next => {
    const warnings = [' spec.validations[0].expression ', 'spec.validations[', ' '].map(fieldRef => ({ fieldRef, warning: 'w' }))
    next.status = { typeChecking: { expressionWarnings: warnings } }
  })
  const field = 'status.typeChecking.expressionWarnings'
  assert.deepEqual(errors, [
    `${field}[1].fieldRef: Invalid value: "spec.validations[": invalid JSONPath: unterminated array`,
    `${field}[2].fieldRef: Required value`,
  ])
})
