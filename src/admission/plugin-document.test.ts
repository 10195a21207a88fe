import { test } from 'node:test'
import { assertTable } from '../base/testing/document-table.testing.ts'
import type { PluginDefinition } from './plugin-definition.ts'
import { plugins } from './plugins/index.ts'

const when = { always: 'always', secure: 'in the secure profile', requested: 'when enabled' } as const

const row = ({ name, also, does, on, guard }: PluginDefinition<never>): readonly string[] => [
  also === undefined ? name : `${name} (${also.join(', ')})`,
  when[on],
  does,
  guard ?? '',
]

test('docs/admission.md has the row of each plug-in, in their order', () => {
  assertTable('docs/admission.md', ['plug-in', 'on', 'what it does', 'what is possible without it'], plugins.map(row))
})
