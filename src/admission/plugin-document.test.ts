// The table of docs/admission.md is what the plug-ins' own files say; `UPDATE=1` writes it.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { podResources, podTemplateResources } from '../api/located-pod.ts'
import type { HandledRequests, PluginDefinition } from './plugin-definition.ts'
import { plugins } from './plugins/index.ts'

const path = join(import.meta.dirname, '../../docs/admission.md')
const head = '| plug-in | on | handles | what it does | what is possible without it |\n|---|---|---|---|---|\n'
const when = { always: 'always', secure: 'in the secure profile', requested: 'when enabled' } as const

/** Pods and all templates of pods by those words. */
function shorten(resources: readonly string[]): string {
  const all = podResources.every(name => resources.includes(name))
  const templates = podTemplateResources.every(name => resources.includes(name))
  const others = resources.filter(name => !(all ? podResources : templates ? podTemplateResources : []).includes(name))
  const words = all ? ['pods and their templates'] : templates ? ['templates of pods'] : []
  return [...words, ...others.map(name => (name === '*/*' ? 'everything' : `\`${name}\``))].join(', ')
}

const handled = ({ operations, resources }: HandledRequests) => `${operations.join(', ')}: ${shorten(resources)}`

const row = ({ name, also, does, on, guard, handles }: PluginDefinition<never>) =>
  `| ${also === undefined ? name : `${name} (${also.join(', ')})`} | ${when[on]} | ${handles.map(handled).join('; ')} | ${does} | ${guard ?? ''} |\n`

test('docs/admission.md has the row of each plug-in, in their order', () => {
  const text = readFileSync(path, 'utf8')
  const start = text.indexOf(head)
  assert.ok(start >= 0, 'the table is missing')
  const end = text.indexOf('\n\n', start) + 1
  const table = head + plugins.map(row).join('')
  if (process.env['UPDATE'] === '1') writeFileSync(path, text.slice(0, start) + table + text.slice(end))
  else assert.equal(text.slice(start, end), table, 'UPDATE=1 writes the table anew')
})
