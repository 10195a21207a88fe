import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '../../../base/user-error.ts'
import { formatPackageUrl } from '../package-url.ts'
import type { SoftwarePackage } from '../software-package.ts'
import { readCycloneDx, writeCycloneDx } from './cyclonedx.ts'
import { readSbom } from './read-sbom.ts'
import { origin, software } from './software.fixture.ts'
import { writeSpdx } from './spdx.ts'

for (const [name, write] of [
  ['writeCycloneDx()', writeCycloneDx],
  ['writeSpdx()', writeSpdx],
] as const) {
  test(`${name} writes what readSbom() reads`, () => {
    assert.deepEqual(readSbom(Buffer.from(write(software, origin)), 'x'), software)
  })

  test(`${name} gives the same bytes for the same software, tool and time, and others for other software`, () => {
    assert.equal(write(structuredClone(software), origin), write(software, origin))
    assert.notEqual(write({ ...software, packages: software.packages.slice(1) }, origin), write(software, origin))
  })

  test(`${name} survives names that are hostile`, () => {
    const hostile: SoftwarePackage = { type: 'npm', name: '__proto__"\\\u2028</script>', version: '$(x)', locations: [] }
    const [found] = readSbom(Buffer.from(write({ ...software, packages: [hostile] }, origin)), 'x').packages
    assert.deepEqual(found, hostile)
  })
}

test('readCycloneDx() reads nested components, expressions, and what Trivy writes', () => {
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    metadata: { component: { type: 'container', name: 'x' } },
    components: [
      {
        type: 'application',
        name: 'app/package-lock.json',
        components: [
          {
            type: 'library',
            name: 'a',
            purl: 'pkg:npm/a@1',
            licenses: [{ expression: 'MIT OR ISC' }],
            properties: [{ name: 'aquasecurity:trivy:FilePath', value: 'app/a' }],
          },
        ],
      },
      { type: 'library', name: 'no url' },
      { type: 'library', name: 'x', purl: 'pkg:hex/x@1' },
    ],
  }
  const { subject, packages, skipped } = readCycloneDx(Buffer.from(JSON.stringify(document)), 'x')
  assert.deepEqual(subject, { kind: 'image', name: 'x' })
  assert.deepEqual(packages, [{ type: 'npm', name: 'a', version: '1', licenses: ['MIT OR ISC'], locations: ['app/a'] }])
  assert.deepEqual(skipped, [{ path: 'pkg:hex/x@1', reason: 'its type of package has no cataloguer' }])
})

test('readSbom() reads SPDX that says who describes what', () => {
  const document = {
    spdxVersion: 'SPDX-2.3',
    packages: [
      { SPDXID: 'SPDXRef-r', name: 'root' },
      {
        SPDXID: 'SPDXRef-a',
        name: 'a',
        licenseDeclared: 'MIT',
        externalRefs: [
          { referenceType: 'cpe23Type', referenceLocator: 'cpe' },
          { referenceType: 'purl', referenceLocator: 'pkg:pypi/a@1' },
        ],
      },
    ],
    relationships: [{ spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: 'SPDXRef-r' }],
  }
  const { subject, packages } = readSbom(Buffer.from(JSON.stringify(document)), 'x')
  assert.equal(subject.name, 'root')
  assert.deepEqual(packages.map(formatPackageUrl), ['pkg:pypi/a@1'])
})

const bad: [string, string, RegExp][] = [
  ['text', 'x', /x is not JSON/],
  ['another document', '{}', /must be CycloneDX or SPDX in JSON/],
  ['an old CycloneDX', '{"bomFormat":"CycloneDX","specVersion":"1.1"}', /specVersion must be from 1.2 to 1.7/],
  ['SPDX 3', '{"spdxVersion":"SPDX-3.0"}', /spdxVersion must be SPDX-2.2 or SPDX-2.3/],
  ['a malformed package URL', '{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"purl":"x"}]}', /is no package URL/],
  [
    'components that are nested too deeply',
    `{"bomFormat":"CycloneDX","specVersion":"1.6","components":${'[{"components":'.repeat(60)}[]${'}]'.repeat(60)}}`,
    /nested deeper/,
  ],
]
for (const [name, text, want] of bad) {
  test(`readSbom() refuses ${name}`, () => {
    assert.throws(
      () => readSbom(Buffer.from(text), 'x'),
      (err: unknown) => err instanceof UserError && want.test(err.message),
    )
  })
}
