import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runtimeStreams } from './node-requests.ts'

const some = { stdin: false, stdout: true, stderr: true, tty: false }

for (const [title, flags, wanted] of [
  ['as they are', some, some],
  ['without stderr beside a terminal', { ...some, tty: true }, { ...some, tty: true, stderr: false }],
] as const)
  test(`runtimeStreams() passes the streams on ${title}`, () => {
    assert.deepEqual(runtimeStreams(flags), wanted)
  })
