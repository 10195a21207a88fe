import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PackageIndex, parsePackageQuery } from './package-index.ts'
import type { SoftwarePackage } from './software-package.ts'

const debian = { id: 'debian', version: '12' }
const index = new PackageIndex<string>()
index.add('image-a', [
  {
    type: 'deb',
    name: 'libssl3',
    version: '3.0.11-1',
    source: { name: 'openssl', version: '3.0.11-1+b1' },
    distribution: debian,
    locations: [],
  },
  { type: 'npm', namespace: 'babel', name: 'core', version: '7.0.0', locations: [] },
])
index.add('image-b', [
  { type: 'deb', name: 'libssl3', version: '3.0.13-1', distribution: debian, locations: [] },
  { type: 'maven', namespace: 'org.apache.logging.log4j', name: 'log4j-core', version: '2.14.1', locations: [] },
  { type: 'golang', name: 'golang.org/x/net', version: 'v0.30.0', locations: [] },
])
const rows: [string, string[]][] = [
  ['libssl3', ['image-a', 'image-b']],
  ['libssl3@3.0.13-1', ['image-b']],
  ['libssl3@9', []],
  ['openssl', ['image-a']],
  ['openssl@3.0.11-1+b1', ['image-a']],
  ['pkg:deb/debian/libssl3', ['image-a', 'image-b']],
  ['pkg:deb/debian/libssl3@3.0.13-1?arch=amd64', ['image-b']],
  ['@babel/core', ['image-a']],
  ['@babel/core@7.0.0', ['image-a']],
  ['core', ['image-a']],
  ['log4j-core', ['image-b']],
  ['Log4j-Core@2.14.1', ['image-b']],
  ['org.apache.logging.log4j:log4j-core', ['image-b']],
  ['golang.org/x/net@v0.30.0', ['image-b']],
  ['pkg:golang/golang.org/x/net', ['image-b']],
  ['pkg:npm/%40babel/core@7.0.0', ['image-a']],
  ['__proto__', []],
  ['', []],
]
for (const [query, want] of rows) {
  test(`PackageIndex finds ${JSON.stringify(query)} in ${want.join(' and ') || 'no image'}`, () => {
    assert.deepEqual(
      index.find(parsePackageQuery(query)).map(({ image }) => image),
      want,
    )
  })
}

test('PackageIndex answers over 10,000 images with as many hits, each once', () => {
  const large = new PackageIndex<number>()
  const packages: SoftwarePackage[] = Array.from({ length: 100 }, (_, at) => ({
    type: 'deb',
    name: `package-${at}`,
    version: '1',
    locations: [],
  }))
  for (let image = 0; image < 10_000; image++) large.add(image, packages)
  assert.equal(new Set(large.find({ name: 'package-7' }).map(({ image }) => image)).size, 10_000)
  assert.equal(large.find({ name: 'package-7', version: '1' }).length, 10_000)
})
