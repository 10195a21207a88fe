import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attachmentName, inUseName } from './csi-volume-names.ts'

test('attachmentName() is that of upstream, by which nodes find their own', () => {
  assert.equal(attachmentName('h', 'd', 'n1'), 'csi-8e3bb36fda804646cae96ea9b03b4b77d9b692e45ea0ddda23cccc30a6b1c3fe')
})

test('inUseName() is that of upstream', () => {
  assert.equal(inUseName('d', 'h'), 'kubernetes.io/csi/d^h')
})
