import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askedStreams } from './node-requests.ts'

for (const [title, query, wanted] of [
  ['as kubectl writes them', 'stdout=true&stderr=true', { stdin: false, stdout: true, stderr: true, tty: false }],
  [
    'as the Python client writes them',
    'stdin=False&stdout=True&stderr=True&tty=False',
    { stdin: false, stdout: true, stderr: true, tty: false },
  ],
  ['and no stderr beside a terminal', 'stdin=1&stdout=1&stderr=1&tty=1', { stdin: true, stdout: true, stderr: false, tty: true }],
] as const)
  test(`askedStreams() reads the flags of exec ${title}`, () => {
    assert.deepEqual(askedStreams(new URLSearchParams(query)), wanted)
  })
