// Foreign YAML: parsing gives a JSON value or YamlError, and the result can be written and read again.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type FuzzTarget, succeeds } from '../../base/testing/fuzz-target.testing.ts'
import { ApiError } from '../status.ts'
import { parseDocument } from './decode.ts'
import { parseYamlDocuments, readYaml, tryYaml, YamlError } from './yaml.ts'

const scalars = [
  'a',
  '1',
  '-1.5e3',
  '.inf',
  '~',
  'true',
  'no',
  '0x1f',
  '0o17',
  '1_000',
  '2024-01-02',
  '"a\\nb"',
  "'it''s'",
  '<<',
  '!!binary aGk=',
  '!!str 1',
  '? a',
  '&a b',
  '*a',
  '__proto__',
  '|\n  x',
  '>-\n  y',
  '# c',
  '%YAML 1.2',
]
const { node } = fc.letrec<{ node: string }>(tie => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: false },
    fc.constantFrom(...scalars),
    fc
      .array(fc.tuple(fc.constantFrom(...scalars), tie('node')), { maxLength: 4 })
      .map(members => `{${members.map(([key, value]) => `${key}: ${value}`).join(', ')}}`),
    fc.array(tie('node'), { maxLength: 4 }).map(items => `[${items.join(', ')}]`),
    fc
      .array(fc.tuple(fc.constantFrom(...scalars), tie('node')), { minLength: 1, maxLength: 4 })
      .map(members => members.map(([key, value]) => `${key}:\n  ${value.replaceAll('\n', '\n  ')}`).join('\n')),
    fc.array(tie('node'), { minLength: 1, maxLength: 4 }).map(items => items.map(item => `- ${item.replaceAll('\n', '\n  ')}`).join('\n')),
  ),
}))

export const yaml: FuzzTarget = {
  name: 'yaml',
  inputs: fc.array(node, { minLength: 1, maxLength: 3 }).map(documents => documents.join('\n---\n')),
  words: [...scalars, ': ', '- ', '\n', '\n  ', '---', '...', '{', '}', '[', ']', ',', '\t'],
  run(input) {
    const outcome = tryYaml(input)
    if (outcome.ok) assert.deepEqual(readYaml(JSON.stringify(outcome.value)).value, outcome.value, 'JSON of the value reads as the value')
    else assert.equal(typeof outcome.message, 'string')
    succeeds(() => parseYamlDocuments(input.toString()), YamlError)
    succeeds(() => parseDocument(input, 'application/yaml'), ApiError)
    assert.equal(Object.hasOwn(Object.prototype, 'a'), false, 'nothing reaches the prototype of objects')
  },
}
