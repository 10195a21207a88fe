import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fillFrom, smallDisk, whyNoSmallDisk } from '../base/testing/small-disk.testing.ts'
import { writeCniConfiguration } from './cni.ts'

test('writeCniConfiguration() writes nothing if the network has not changed, so a node restarts on a full disk', {
  skip: whyNoSmallDisk,
}, async t => {
  const disk = smallDisk(t, 128 << 10)
  const options = { configDirectory: join(disk, 'config'), stateDirectory: join(disk, 'state'), podCidr: '10.244.0.0/24' }
  mkdirSync(options.configDirectory)
  await writeCniConfiguration(options)
  fillFrom(disk)
  await writeCniConfiguration(options)
  await assert.rejects(writeCniConfiguration({ ...options, podCidr: '10.244.1.0/24' }), { code: 'ENOSPC' })
  assert.match(readFileSync(join(options.configDirectory, '10-bulkhead.conflist'), 'utf8'), /"10\.244\.0\.0\/24"/)
})
