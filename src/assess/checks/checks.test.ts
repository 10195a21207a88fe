import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { applyJsonPatch } from '../../api/patch/json-patch.ts'
import { resources } from '../../api/resources/index.ts'
import { parseYamlDocuments } from '../../api/schema/yaml.ts'
import { assertTable } from '../../base/testing/document-table.testing.ts'
import { checkedObject } from '../checked-object.ts'
import type { CheckFinding, ManifestCheck } from '../manifest-check.ts'
import { createObjectSet } from '../object-set.ts'
import { manifestChecks } from './index.ts'

const folder = import.meta.dirname
const ids = globSync('*.ts', { cwd: folder })
  .map(file => basename(file, '.ts'))
  .filter(id => id !== 'index' && !id.endsWith('.test'))
const fixture = (id: string, kind: 'pass' | 'fail'): unknown[] =>
  parseYamlDocuments(readFileSync(join(folder, `${id}.${kind}.yaml`), 'utf8'))

function run(check: ManifestCheck, documents: readonly unknown[]): CheckFinding[] {
  const objects = documents.map(document => {
    const object = checkedObject(document, resources, 'team')
    assert.ok(object, `no object: ${JSON.stringify(document)}`)
    return object
  })
  return check.check(createObjectSet(objects))
}

test('manifestChecks lists every file of the folder, once, by its name', () => {
  assert.deepEqual(manifestChecks.map(({ id }) => id).toSorted(), ids.toSorted())
})

for (const check of manifestChecks) {
  test(`${check.id} finds its failing fixture, names the field and passes the other`, () => {
    const found = run(check, fixture(check.id, 'fail'))
    assert.ok(found.length > 0)
    assert.equal(new Set(found.map(({ on, field, message }) => `${on.object.metadata.name} ${field} ${message}`)).size, found.length)
    for (const { field, message } of found) {
      assert.match(field, /^(?:$|apiVersion|metadata|spec|rules|subjects|roleRef|data|stringData|template)/)
      assert.ok(message.length > 20 && !message.endsWith('.'))
    }
    assert.deepEqual(run(check, fixture(check.id, 'pass')), [])
    assert.ok(check.serves.length > 0)
  })
  test(`${check.id} finds something in each object of its failing fixture whose name says so`, () => {
    const documents = fixture(check.id, 'fail')
    const named = new Set(run(check, documents).map(({ on }) => on.object.metadata.name))
    for (const document of documents) {
      const { name = '' } = (document as { metadata: { name?: string } }).metadata
      assert.equal(named.has(name), name.startsWith('bad'), name)
    }
  })
}

for (const check of manifestChecks) {
  test(`${check.id} finds nothing after its fixes are applied`, () => {
    const documents = fixture(check.id, 'fail')
    const found = run(check, documents)
    const fixed = documents.map(document => {
      const { name } = (document as { metadata: { name?: string } }).metadata
      return found
        .filter(({ on, fix }) => fix !== undefined && on.object.metadata.name === name)
        .reduce((value, { fix }) => applyJsonPatch(value, fix), document)
    })
    assert.equal(run(check, fixed).length, found.filter(({ fix }) => fix === undefined).length)
  })
}

test('docs/check.md lists every check as it is', () => {
  assertTable(
    'docs/check.md',
    ['rule', 'severity', 'wants', 'serves'],
    manifestChecks.map(({ id, severity, title, serves }) => [`\`${id}\``, severity, title, serves.join(', ')]),
  )
})
