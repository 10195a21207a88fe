import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResourceAttributes, SubjectAccessReviewSpec } from '../../types/authorization-v1.ts'
import { validateNew } from '../core/new-object.fixture.ts'
import { subjectAccessReview } from './subject-access-review.ts'

const validated = (spec: SubjectAccessReviewSpec) => validateNew(subjectAccessReview, { metadata: {}, spec }).errors
const resource = 'spec.resourceAttributes'

test('subjectAccessReview requires a subject', () => {
  const nobody = 'spec.user: Invalid value: "": at least one of user or group must be specified'
  assert.deepEqual(validated({ resourceAttributes: { verb: 'get' } }), [nobody])
  assert.deepEqual(validated({ resourceAttributes: { verb: 'get' }, groups: ['a'] }), [])
})

const selectors: { name: string; attributes: ResourceAttributes; errors: RegExp[] }[] = [
  {
    name: 'a field selector of nothing',
    attributes: { fieldSelector: {} },
    errors: [
      /fieldSelector.requirements: Required value: when spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is required$/,
    ],
  },
  {
    name: 'a label selector of nothing',
    attributes: { labelSelector: {} },
    errors: [
      /labelSelector.requirements: Required value: when spec.resourceAttributes.labelSelector is specified, requirements or rawSelector is required$/,
    ],
  },
  {
    name: 'fields without a key and with too few or many values',
    attributes: {
      fieldSelector: {
        requirements: [
          { key: '', operator: 'In' },
          { key: 'a', operator: 'Exists', values: ['b'] },
        ],
      },
    },
    errors: [
      /requirements\[0\].key: Required value: must be specified$/,
      /requirements\[0\].values: Required value: must be specified when `operator` is 'In' or 'NotIn'$/,
      /requirements\[1\].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'$/,
    ],
  },
  {
    name: 'invalid labels, behind their number',
    attributes: { labelSelector: { requirements: [{ key: 'a b', operator: 'Exists', values: ['c d'] }] } },
    errors: [
      /requirements\[0\].values: Forbidden/,
      /requirements\[0\].key: Invalid value: "a b": name part/,
      /requirements\[0\].values\[0\]: Invalid value: "c d": a valid label/,
    ],
  },
  {
    name: 'operators of newer clients',
    attributes: {
      fieldSelector: { requirements: [{ key: 'a', operator: 'Near' as 'In' }] },
      labelSelector: { requirements: [{ key: 'a', operator: 'Near' as 'In' }] },
    },
    errors: [],
  },
]
for (const { name, attributes, errors } of selectors) {
  test(`subjectAccessReview validates ${name}`, () => {
    const found = validated({ user: 'a', resourceAttributes: attributes })
    assert.equal(found.length, errors.length, found.join('\n'))
    for (const [index, error] of errors.entries()) {
      assert.match(found[index] ?? '', error)
      assert.ok(found[index]?.startsWith(resource))
    }
  })
}
