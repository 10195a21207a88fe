import { test } from 'node:test'
import { podResources, podTemplateResources } from '../api/pods/located-pod.ts'
import { assertTable } from '../base/testing/document-table.testing.ts'
import type { HandledRequests, PluginDefinition } from './plugin-definition.ts'
import { plugins } from './plugins/index.ts'

const when = { always: 'always', secure: 'in the secure profile', requested: 'when enabled' } as const

/** Pods and all pod templates, by those words. */
function shorten(resources: readonly string[]): string {
  const all = podResources.every(name => resources.includes(name))
  const templates = podTemplateResources.every(name => resources.includes(name))
  const others = resources.filter(name => !(all ? podResources : templates ? podTemplateResources : []).includes(name))
  const words = all ? ['pods and their templates'] : templates ? ['templates of pods'] : []
  return [...words, ...others.map(name => (name === '*/*' ? 'everything' : `\`${name}\``))].join(', ')
}

const handled = ({ operations, resources }: HandledRequests) => `${operations.join(', ')}: ${shorten(resources)}`

const row = ({ name, also, does, on, guard, handles }: PluginDefinition<never>): readonly string[] => [
  also === undefined ? name : `${name} (${also.join(', ')})`,
  when[on],
  handles.map(handled).join('; '),
  does,
  guard ?? '',
]

test('docs/admission.md has the row of each plug-in, in their order', () => {
  assertTable('docs/admission.md', ['plug-in', 'on', 'handles', 'what it does', 'what is possible without it'], plugins.map(row))
})
