import assert from 'node:assert/strict'
import { test } from 'node:test'
import { perCallLimit } from '../../api/cel/kubernetes/limits.ts'
import type { CelValue } from '../../api/cel/values/values.ts'
import type { ValidatingAdmissionPolicySpec } from '../../api/types/admissionregistration-v1.ts'
import { compilePolicy, evaluatePolicy, type PolicyResult } from './compile-policy.ts'
import { costOfATurn, Meter, type Spent } from './meter.ts'
import type { FoundRequest, RequestVariables } from './request-view.ts'

function requestFor(object: CelValue): FoundRequest {
  const variables: RequestVariables = { object, oldObject: null, request: {}, authorizer: null, 'authorizer.requestResource': null }
  return { ...variables, inConditions: variables }
}

const { signal } = new AbortController()

function evaluated(spec: ValidatingAdmissionPolicySpec, object: CelValue = {}): Promise<PolicyResult> {
  const input = { request: requestFor(object), params: undefined, namespaceObject: undefined }
  return evaluatePolicy(compilePolicy(spec), input, new Meter(signal))
}
const messages = async (spec: ValidatingAdmissionPolicySpec, object?: CelValue) =>
  (await evaluated(spec, object)).failures.map(({ message }) => message)
const long = `'${'x'.repeat(5 * 1024)}!'`

const shownMessages: readonly [string, object, string][] = [
  ['what messageExpression says', { messageExpression: "' a ' + 'b'", message: 'm' }, 'a b'],
  ['the message where the expression fails', { messageExpression: 'string(object.x)', message: ' m ' }, 'm'],
  ['the message where the expression says nothing', { messageExpression: "' '", message: 'm' }, 'm'],
  ['the message where the expression says several lines', { messageExpression: "'a\\nb'", message: 'm' }, 'm'],
  ['the message where the expression says too much', { messageExpression: long, message: 'm' }, 'm'],
  ['the expression where there is nothing else', {}, 'failed expression: 1 == 2'],
]
for (const [what, more, expected] of shownMessages) {
  test(`evaluatePolicy() shows ${what}`, async () => {
    assert.deepEqual(await messages({ validations: [{ expression: '1 == 2', ...more }] }), [expected])
  })
}

test('evaluatePolicy() computes a variable once, and only if it is used', async () => {
  // Two evaluations of this one cost more than an expression may.
  const costly = 'object.l.all(a, object.l.all(b, object.l.all(c, a + b + c > 0)))'
  const l = Array.from({ length: 40 }, (_, index) => index + 1)
  const spec = {
    variables: [
      { name: 'costly', expression: costly },
      { name: 'broken', expression: 'object.missing' },
    ],
  }
  const validations = Array.from({ length: 60 }, () => ({ expression: 'variables.costly' }))
  assert.deepEqual(await messages({ ...spec, validations }, { l }), [])
  const written = Array.from({ length: 60 }, () => ({ expression: costly }))
  assert.deepEqual(await messages({ ...spec, validations: written }, { l }), [
    'validation failed due to running out of cost budget, no further validation rules will be run',
  ])
  assert.deepEqual(await messages({ ...spec, validations: [{ expression: 'variables.broken == 1' }] }, { l }), [
    'expression \'variables.broken == 1\' resulted in error: composited variable "broken" fails to evaluate: no such key: missing',
  ])
})

test('evaluatePolicy() counts the cost of variables and failures', async () => {
  const l = Array.from({ length: 200 }, (_, index) => index)
  const failing = 'object.l.all(a, object.l.all(b, a == b || a != b)) && object.missing'
  const spec = { validations: Array.from({ length: 60 }, () => ({ expression: failing })) }
  assert.deepEqual(await messages(spec, { l }), [
    'validation failed due to running out of cost budget, no further validation rules will be run',
  ])
})

test('evaluatePolicy() has one false condition outweigh errors of others', async () => {
  const validations = [{ expression: 'false' }]
  const broken = { name: 'broken', expression: 'object.missing == 1' }
  const error = "expression 'object.missing == 1' resulted in error: no such key: missing"
  assert.deepEqual(await messages({ validations, matchConditions: [broken, { name: 'no', expression: 'false' }] }), [])
  assert.deepEqual(await messages({ validations, matchConditions: [broken, { name: 'yes', expression: 'true' }] }), [error])
  assert.deepEqual(await messages({ validations, matchConditions: [broken, { ...broken, name: 'again' }] }), [error])
  const other = { name: 'other', expression: 'object.absent == 1' }
  const absent = "expression 'object.absent == 1' resulted in error: no such key: absent"
  assert.deepEqual(await messages({ validations, matchConditions: [broken, other, broken] }), [`[${error}, ${absent}]`])
  assert.deepEqual(await messages({ validations, matchConditions: [broken], failurePolicy: 'Ignore' }), [])
})

test('evaluatePolicy() publishes non-empty annotations, and refuses if one fails', async () => {
  const annotations = [
    { key: 'a', valueExpression: "' x '" },
    { key: 'none', valueExpression: 'null' },
    { key: 'blank', valueExpression: "' '" },
  ]
  assert.deepEqual((await evaluated({ auditAnnotations: annotations })).annotations, [{ key: 'a', value: 'x' }])
  const failing = [{ key: 'b', valueExpression: 'string(object.missing)' }]
  assert.deepEqual((await evaluated({ auditAnnotations: failing })).annotationErrors, [
    "expression 'string(object.missing)' resulted in error: no such key: missing",
  ])
  assert.deepEqual((await evaluated({ auditAnnotations: failing, failurePolicy: 'Ignore' })).annotationErrors, [])
})

/** Records the most expensive turn, including abandoned work. */
class WatchedMeter extends Meter {
  most = 0
  turns = 1
  #ended = 0

  override get isSpent(): boolean {
    this.most = Math.max(this.most, this.#ended + this.running.reduce((sum, { cost, work }) => sum + cost + work, 0))
    return super.isSpent
  }

  override spend(spent: Spent): void {
    this.#ended += spent.cost + spent.work
    this.most = Math.max(this.most, this.#ended)
    super.spend(spent)
  }

  override renew(): void {
    this.turns++
    this.#ended = 0
    super.renew()
  }
}

const costly = 'object.l.all(a, object.l.all(b, object.l.all(c, a + b + c > 0)))'
const l = Array.from({ length: 44 }, (_, index) => index + 1)
/** Each variable refers to the one before. */
const chain = (expression: (index: number) => string): ValidatingAdmissionPolicySpec => ({
  variables: Array.from({ length: 20 }, (_, index) => ({ name: `v${index}`, expression: index === 0 ? costly : expression(index) })),
  validations: [{ expression: 'variables.v19' }],
})
const hostile: readonly (readonly [string, ValidatingAdmissionPolicySpec])[] = [
  ['expressions', { validations: Array.from({ length: 60 }, () => ({ expression: costly })) }],
  [
    'the variables of one expression',
    {
      variables: Array.from({ length: 60 }, (_, index) => ({ name: `v${index}`, expression: costly })),
      validations: [{ expression: Array.from({ length: 60 }, (_, index) => `variables.v${index}`).join(' && ') }],
    },
  ],
  ['variables of variables', chain(index => `variables.v${index - 1} && ${costly}`)],
  ['variables that ask for others at last', chain(index => `${costly} && variables.v${index - 1}`)],
]
for (const [what, spec] of hostile) {
  test(`evaluatePolicy() yields between ${what}`, async () => {
    const request = requestFor({ l })
    const meter = new WatchedMeter(signal)
    const result = await evaluatePolicy(compilePolicy(spec), { request, params: null, namespaceObject: undefined }, meter)
    assert.equal(
      result.failures[0]?.message,
      'validation failed due to running out of cost budget, no further validation rules will be run',
    )
    assert.ok(meter.turns > 10, `${meter.turns} turns`)
    assert.ok(meter.most <= costOfATurn + perCallLimit, `${meter.most} units in one turn`)
  })
}
