import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FlowSchema } from '../../api/types/flowcontrol-v1.ts'
import { autoupdateSpecAnnotation, mandatoryLevels, mandatorySchemas, suggestedSchemas } from './bootstrap-objects.ts'
import { planDangling, planForgotten, planKept } from './flow-objects.ts'

const expected = suggestedSchemas[0] as FlowSchema
const stored = (more: { annotation?: string; generation?: number; precedence?: number } = {}): FlowSchema => {
  const object = structuredClone(expected)
  const { annotation = 'true', generation = 1, precedence } = more
  object.metadata = {
    ...object.metadata,
    generation,
    resourceVersion: '7',
    annotations: annotation === '' ? {} : { [autoupdateSpecAnnotation]: annotation },
  }
  if (precedence !== undefined) object.spec.matchingPrecedence = precedence
  return object
}

const rows: readonly {
  readonly name: string
  readonly existing: FlowSchema | undefined
  readonly mandatory?: boolean
  readonly action: string
  readonly precedence?: number
  readonly annotation?: string
}[] = [
  { name: 'creates what is missing', existing: undefined, action: 'create', precedence: 2, annotation: 'true' },
  { name: 'leaves what is as it should be', existing: stored(), action: 'none' },
  { name: 'takes back a change', existing: stored({ precedence: 3, generation: 2 }), action: 'update', precedence: 2, annotation: 'true' },
  {
    name: 'leaves the change of who switched it off',
    existing: stored({ annotation: 'false', precedence: 3, generation: 2 }),
    action: 'none',
  },
  {
    name: 'writes down that a changed object without the annotation is its own',
    existing: stored({ annotation: '', precedence: 3, generation: 2 }),
    action: 'update',
    precedence: 3,
    annotation: 'false',
  },
  {
    name: 'takes an unchanged object without the annotation',
    existing: stored({ annotation: '', precedence: 3 }),
    action: 'update',
    precedence: 2,
    annotation: 'true',
  },
  {
    name: 'takes a malformed annotation for none',
    existing: stored({ annotation: 'perhaps', precedence: 3, generation: 2 }),
    action: 'update',
    precedence: 3,
    annotation: 'false',
  },
  {
    name: 'takes back a change of a mandatory object all the same',
    existing: stored({ annotation: 'false', precedence: 3, generation: 2 }),
    mandatory: true,
    action: 'update',
    precedence: 2,
    annotation: 'true',
  },
]
for (const { name, existing, mandatory = false, action, precedence, annotation } of rows) {
  test(`planKept() ${name}`, () => {
    const before = structuredClone(existing)
    const plan = planKept(existing, expected, mandatory)
    assert.equal(plan.action, action)
    if (plan.action !== 'none') {
      assert.equal(plan.object.spec.matchingPrecedence, precedence)
      assert.equal(plan.object.metadata.annotations?.[autoupdateSpecAnnotation], annotation)
      assert.equal(plan.object.metadata.resourceVersion, existing?.metadata.resourceVersion)
    }
    assert.deepEqual(existing, before)
  })
}

test('planForgotten() names only maintained objects that are no longer suggested', () => {
  const named = (name: string, annotation: string): FlowSchema => ({
    ...stored({ annotation }),
    metadata: { name, annotations: { [autoupdateSpecAnnotation]: annotation } },
  })
  const all = [stored(), named('old', 'true'), named('mine', 'false'), { ...stored(), metadata: { name: 'other' } }]
  assert.deepEqual(
    planForgotten(all, suggestedSchemas).map(({ metadata }) => metadata.name),
    ['old'],
  )
})

test('planDangling() plans one condition per schema: whether its level exists', () => {
  const [exempt, catchAll] = mandatorySchemas as [FlowSchema, FlowSchema]
  const [condition] = planDangling([exempt], mandatoryLevels, 0)
  assert.deepEqual(condition, {
    name: 'exempt',
    condition: {
      ...{ type: 'Dangling', lastTransitionTime: '1970-01-01T00:00:00Z', status: 'False', reason: 'Found' },
      message: 'This FlowSchema references the PriorityLevelConfiguration object named "exempt" and it exists',
    },
  })
  const settled = { ...exempt, status: { conditions: [condition.condition] } }
  assert.deepEqual(planDangling([settled], mandatoryLevels, 9), [])
  const [lost] = planDangling([settled, catchAll], [], 0)
  assert.equal(
    lost?.condition.message,
    'This FlowSchema references the PriorityLevelConfiguration object named "exempt" but there is no such object',
  )
  assert.deepEqual([lost?.condition.status, lost?.condition.reason], ['True', 'NotFound'])
})
