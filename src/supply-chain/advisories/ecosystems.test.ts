import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SoftwarePackage } from '../packages/software-package.ts'
import { advisoryNames, ecosystemOf, ecosystemOfOsv, ecosystemOfRelease, packageTypeOf } from './ecosystems.ts'

test('ecosystemOfRelease() names the release that has advisories of its own', () => {
  const rows: readonly (readonly [string, string, string | undefined])[] = [
    ['debian', '12', 'debian:12'],
    ['debian', '', undefined],
    ['distroless', '12', 'debian:12'],
    ['alpine', '3.20.3', 'alpine:3.20'],
    ['alpine', '3', undefined],
    ['ubuntu', '24.04', 'ubuntu:24.04'],
    ['rhel', '9.4', 'rhel:9'],
    ['centos', '9', 'rhel:9'],
    ['rocky', '9.3', 'rocky:9'],
    ['wolfi', '20230201', 'wolfi'],
    ['arch', '1', undefined],
    ['constructor', '1', undefined],
    ['debian', '12a', undefined],
  ]
  for (const [id, version, ecosystem] of rows) assert.equal(ecosystemOfRelease({ id, version }), ecosystem, `${id} ${version}`)
})

test('ecosystemOfOsv() reads the ecosystems of OSV that we have packages of', () => {
  const rows: Readonly<Record<string, string | undefined>> = {
    npm: 'npm',
    PyPI: 'pypi',
    Go: 'golang',
    'crates.io': 'cargo',
    Packagist: 'composer',
    RubyGems: 'gem',
    Maven: 'maven',
    'Maven:https://repo.example': 'maven',
    'Debian:12': 'debian:12',
    Debian: undefined,
    'Alpine:v3.20': 'alpine:3.20',
    'Ubuntu:22.04:LTS': 'ubuntu:22.04',
    'Ubuntu:23.10': 'ubuntu:23.10',
    'Ubuntu:Pro:18.04:LTS': undefined,
    'Rocky Linux:9': 'rocky:9',
    'AlmaLinux:8': 'almalinux:8',
    'Red Hat:enterprise_linux:9::baseos': 'rhel:9',
    'Red Hat:rhel_eus:9.2::baseos': undefined,
    Wolfi: 'wolfi',
    NuGet: undefined,
    constructor: undefined,
  }
  for (const [text, ecosystem] of Object.entries(rows)) assert.equal(ecosystemOfOsv(text), ecosystem, text)
})

test('packageTypeOf() knows the versions of every ecosystem', () => {
  assert.deepEqual(['npm', 'debian:12', 'alpine:3.20', 'wolfi', 'rhel:9', 'toString', ''].map(packageTypeOf), [
    'npm',
    'deb',
    'apk',
    'apk',
    'rpm',
    undefined,
    undefined,
  ])
})

const base: SoftwarePackage = { type: 'deb', name: 'libssl3', version: '3.0.11-1', locations: [] }

test('ecosystemOf() refuses a package that its distribution does not have', () => {
  assert.equal(ecosystemOf({ ...base, distribution: { id: 'debian', version: '12' } }), 'debian:12')
  assert.equal(ecosystemOf({ ...base, distribution: { id: 'alpine', version: '3.20' } }), undefined)
  assert.equal(ecosystemOf(base), undefined)
  assert.equal(ecosystemOf({ ...base, type: 'npm' }), 'npm')
})

test('advisoryNames() names the source package, of rpm the package too, and languages as they compare names', () => {
  const source = { name: 'openssl', version: '3.0.11-2' }
  const name = (one: Partial<SoftwarePackage>) => advisoryNames({ ...base, ...one }).map(entry => `${entry.name} ${entry.version}`)
  assert.deepEqual(name({}), ['libssl3 3.0.11-1'])
  assert.deepEqual(name({ source }), ['openssl 3.0.11-2'])
  assert.deepEqual(name({ type: 'rpm', source }), ['libssl3 3.0.11-1', 'openssl 3.0.11-2'])
  assert.deepEqual(name({ type: 'npm', namespace: 'babel', name: 'core' }), ['@babel/core 3.0.11-1'])
  assert.deepEqual(name({ type: 'maven', namespace: 'org.apache', name: 'log4j' }), ['org.apache:log4j 3.0.11-1'])
  assert.deepEqual(name({ type: 'pypi', name: 'Foo_.Bar' }), ['foo-bar 3.0.11-1'])
  assert.deepEqual(name({ type: 'golang', namespace: 'github.com/a', name: 'B' }), ['github.com/a/B 3.0.11-1'])
  assert.deepEqual(name({ type: 'golang', name: 'github.com/a/B' }), ['github.com/a/B 3.0.11-1'])
  assert.deepEqual(name({ type: 'composer', namespace: 'Symfony', name: 'Http' }), ['symfony/http 3.0.11-1'])
})
