import assert from 'node:assert/strict'
import { test } from 'node:test'
import { versionInfo } from './version.ts'

test("versionInfo lists its fields in upstream's order", () => {
  assert.deepEqual(Object.keys(versionInfo), [
    'major',
    'minor',
    'emulationMajor',
    'emulationMinor',
    'minCompatibilityMajor',
    'minCompatibilityMinor',
    'gitVersion',
    'gitCommit',
    'gitTreeState',
    'buildDate',
    'goVersion',
    'compiler',
    'platform',
  ])
})
