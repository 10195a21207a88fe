import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Spec, Validation } from '@cyclonedx/cyclonedx-library'
import { writeCycloneDx } from './cyclonedx.ts'
import { origin, software } from './software.fixture.ts'

const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6)

test('writeCycloneDx() writes what the official schema of CycloneDX 1.6 accepts', async () => {
  assert.equal(await validator.validate(writeCycloneDx(software, origin)), null)
  assert.equal(await validator.validate(writeCycloneDx({ ...software, packages: [] }, origin)), null)
  const directory = { subject: { kind: 'directory', name: '.' }, packages: software.packages, skipped: [] } as const
  assert.equal(await validator.validate(writeCycloneDx(directory, origin)), null)
})

test('the official schema of CycloneDX 1.6 refuses what it must', async () => {
  assert.notEqual(await validator.validate(writeCycloneDx(software, origin).replace('"type": "library"', '"type": "libary"')), null)
})
