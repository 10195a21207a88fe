import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatMicroTime, formatTime } from './clock.ts'

const times = [0, 999, 1000, 1_767_225_600_000, 1_767_225_600_001, 1_767_225_600_999, 1_767_225_601_000, 1_767_225_600_042.7, -1, -1001]

test('formatTime() and formatMicroTime() format as Date does, whatever was formatted before', () => {
  const validate = (ms: number) => {
    const iso = new Date(Math.floor(ms)).toISOString()
    assert.equal(formatTime(ms), `${iso.slice(0, 19)}Z`)
    assert.equal(formatMicroTime(ms), `${iso.slice(0, 23)}000Z`)
  }
  for (const ms of [...times, ...times]) validate(ms)
  fc.assert(fc.property(fc.integer({ min: -1e12, max: 4e12 }), validate))
})
