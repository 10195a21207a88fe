import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SoftwarePackage } from '../packages/software-package.ts'
import { PackageTable } from './package-table.ts'

const npm = (name: string, version = '1.0.0'): SoftwarePackage => ({ type: 'npm', name, version, locations: [`/app/${name}`] })
const debian = { id: 'debian', version: '12' }
const deb = (name: string, source: string): SoftwarePackage => ({
  ...{ type: 'deb', name, version: '1-1', source: { name: source, version: '1-1' }, distribution: debian },
  locations: ['/var/lib/dpkg/status'],
})

test('PackageTable stores a package of several images once, and drops it with the last of them', () => {
  const table = new PackageTable()
  const [first] = table.set('a', [npm('x'), npm('y')])
  assert.deepEqual(table.set('b', [npm('x'), { ...npm('x'), architecture: 'amd64', locations: ['/other'] }]), [])
  assert.deepEqual([...table.packagesOf('b')], [first])
  assert.equal(table.package(first ?? 0)?.uses, 2)
  assert.deepEqual(table.delete('b'), [])
  assert.deepEqual(table.delete('a').length, 2)
  assert.equal(table.package(first ?? 0), undefined)
  assert.equal(table.set('c', [npm('x')]).length, 1)
})

test('PackageTable tells versions, distributions and source packages apart', () => {
  const table = new PackageTable()
  const fresh = table.set('a', [
    npm('x'),
    npm('x', '2.0.0'),
    deb('libx', 'x'),
    deb('libx', 'y'),
    { ...deb('libx', 'x'), distribution: { id: 'debian', version: '13' } },
  ])
  assert.equal(fresh.length, 5)
})

test('PackageTable finds packages by name, version, source package and package URL', () => {
  const table = new PackageTable()
  table.set('a', [npm('x'), deb('libssl3', 'openssl')])
  table.set('b', [npm('x', '2.0.0'), { ...npm('core'), namespace: 'babel' }])
  const found = (name: string, version?: string) => [...table.find({ name, ...(version === undefined ? {} : { version }) }).keys()]
  assert.deepEqual(found('x'), ['a', 'b'])
  assert.deepEqual(found('x', '2.0.0'), ['b'])
  assert.deepEqual(found('openssl'), ['a'])
  assert.deepEqual(found('@babel/core'), ['b'])
  assert.deepEqual(found('pkg:npm/x'), ['a', 'b'])
  assert.deepEqual(found('nothing'), [])
})

test('matchable() goes by ecosystem and name, and leaves out what no source can know', () => {
  const table = new PackageTable()
  table.set('a', [npm('y'), deb('b', 'z'), npm('x'), deb('a', 'k'), { ...deb('c', 'c'), distribution: { id: 'own', version: '1' } }])
  assert.deepEqual(
    [...table.matchable()].map(({ package: { name } }) => name),
    ['y', 'x'].toSorted().concat(['a', 'b']),
  )
})
