import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CustomResourceDefinition, CustomResourceDefinitionNames } from '../types/apiextensions-v1.ts'
import { acceptNames } from './accepted-names.ts'

const names = { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList', shortNames: ['w'], categories: ['all'] }
const definition = (had?: CustomResourceDefinitionNames): CustomResourceDefinition => ({
  metadata: { name: 'widgets.example.com' },
  spec: { group: 'example.com', scope: 'Cluster', names, versions: [] },
  status: { conditions: [], acceptedNames: had ?? { plural: '', kind: '' }, storedVersions: [] },
})
const taken = (resources: string[], kinds: string[] = []) => ({ resources: new Set(resources), kinds: new Set(kinds) })

test('acceptNames() accepts all names if none is taken', () => {
  const { names: accepted, finding } = acceptNames(definition(), taken([]))
  assert.deepEqual(accepted, names)
  assert.deepEqual([finding.status, finding.reason], ['True', 'NoConflicts'])
})

const conflicts: readonly [name: string, taken: ReturnType<typeof taken>, reason: string, message: string][] = [
  ['plural', taken(['widgets']), 'PluralConflict', '"widgets" is already in use'],
  ['singular', taken(['widget']), 'SingularConflict', '"widget" is already in use'],
  ['short name', taken(['w']), 'ShortNamesConflict', '"w" is already in use'],
  ['kind', taken([], ['Widget']), 'KindConflict', '"Widget" is already in use'],
  ['list kind', taken([], ['WidgetList']), 'ListKindConflict', '"WidgetList" is already in use'],
  ['kind beside a plural', taken(['widgets'], ['Widget']), 'KindConflict', '"Widget" is already in use'],
]
for (const [name, others, reason, message] of conflicts) {
  test(`acceptNames() rejects a taken ${name} and accepts the others`, () => {
    const { names: accepted, finding } = acceptNames(definition(), others)
    assert.deepEqual([finding.status, finding.reason, finding.message], ['False', reason, message])
    assert.deepEqual(accepted.categories, ['all'])
  })
}

test('acceptNames() leaves names to the definition that had them first', () => {
  const { names: accepted, finding } = acceptNames(definition(names), taken(['widgets', 'w'], ['Widget']))
  assert.equal(finding.status, 'True')
  assert.deepEqual(accepted, names)
})

test('acceptNames() rejects a short name that is now the singular of its own definition', () => {
  const { names: accepted, finding } = acceptNames(definition({ ...names, singular: 'w', shortNames: [] }), taken([]))
  assert.deepEqual([finding.status, finding.reason, finding.message], ['False', 'ShortNamesConflict', '"w" is already in use'])
  assert.deepEqual([accepted.singular, accepted.shortNames], ['widget', []])
})
