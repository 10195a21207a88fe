import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secretReference } from './secret-template.ts'

const values = { name: { 'pvc.name': 'data', 'pvc.namespace': 'team' }, namespace: { 'pvc.namespace': 'team' } }
const template = (name: string) => `$\{${name}}`
const of = (name?: string, namespace?: string) =>
  secretReference(
    { ...(name === undefined ? {} : { name }), ...(namespace === undefined ? {} : { namespace }) },
    'name',
    'namespace',
    values,
  )

test('secretReference() fills in names, and never a name that a tenant chose into the namespace', () => {
  assert.equal(of(), undefined)
  assert.deepEqual(of('key', 'storage'), { name: 'key', namespace: 'storage' })
  assert.deepEqual(of(`key-${template('pvc.name')}`, template('pvc.namespace')), { name: 'key-data', namespace: 'team' })
  assert.match(String(of('key', template('pvc.name'))), /unknown template "\$\{pvc.name\}", known are \$\{pvc.namespace\}/)
  assert.match(String(of('key')), /"name" of the class needs "namespace"/)
  assert.match(String(of(undefined, 'storage')), /"namespace" of the class needs "name"/)
  assert.match(String(of(template('__proto__'), 'storage')), /unknown template/)
  assert.match(String(of('../key', 'storage')), /is not the name of a secret/)
  assert.match(String(of('key', 'a/b')), /is not the name of a namespace/)
})
