import assert from 'node:assert/strict'
import { test } from 'node:test'
import { othersOf } from './follow-servers.ts'

const listed = ['192.0.2.1', '192.0.2.2', 'fd00::3'].map(ip => ({ ip, port: 6443 }))
const own = new Set(['127.0.0.1', '192.0.2.1'])

test('othersOf() lists the other servers of a node that joined at one of them', () => {
  assert.deepEqual(othersOf(listed, 'https://192.0.2.2:6443', own), ['https://192.0.2.1:6443', 'https://[fd00::3]:6443'])
})

test('othersOf() does not list the server of this machine twice', () => {
  assert.deepEqual(othersOf(listed, 'https://127.0.0.1:6443', own), ['https://192.0.2.2:6443', 'https://[fd00::3]:6443'])
})

test('othersOf() takes no name for an address', () => {
  assert.deepEqual(othersOf([{ ip: 'evil.example', port: 6443 }], 'https://127.0.0.1:6443', own), [])
})
