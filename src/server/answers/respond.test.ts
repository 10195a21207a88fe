import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiError } from '../../api/status.ts'
import type { Logger } from '../../base/log.ts'
import { StoreFull, WriteFailed } from '../../store/store.ts'
import { failureStatus } from './respond.ts'

function recordingLog(): { log: Logger; levels: string[] } {
  const levels: string[] = []
  const log: Logger = {
    error: () => levels.push('error'),
    info: () => levels.push('info'),
    debug: () => levels.push('debug'),
    with: () => log,
  }
  return { log, levels }
}

const path = '/srv/store.db'
const rows = [
  {
    name: 'says nothing of a failure of its own',
    err: new Error(`cannot read ${path}`),
    code: 500,
    message: 'Internal error occurred: internal error',
    levels: ['error'],
  },
  {
    name: 'says that the disk is full, without its path',
    err: new WriteFailed(`The disk of "${path}" is full`, { retriable: true }),
    code: 503,
    message: 'writes are refused: no space is left for the store',
    levels: ['error'],
  },
  {
    name: 'says that the store has failed',
    err: new WriteFailed(`The disk failed under "${path}"`, { retriable: false }),
    code: 500,
    message:
      'Internal error occurred: writes are refused: the store has failed and takes no more writes until it is opened again, when it shows whether the last of them are stored; the log of the server names the file and the cause',
    levels: ['error'],
  },
  {
    name: 'says that the store holds what it may, and what goes on',
    err: new StoreFull(2 ** 30, 2 ** 30),
    code: 507,
    message:
      'writes are refused: all objects together take the 1024 MiB that the store may hold. Delete objects or make them smaller, which goes on, or start with a larger --max-stored-mebibytes',
    levels: [],
  },
  {
    name: 'hands on what the client did',
    err: apiError(404, 'NotFound', 'pods "a" not found'),
    code: 404,
    message: 'pods "a" not found',
    levels: [],
  },
  {
    name: 'does not let a client fill the log',
    err: apiError(400, 'BadRequest', 'no', undefined, { cause: new Error('x') }),
    code: 400,
    message: 'no',
    levels: ['debug'],
  },
  {
    name: 'logs the cause of a refusal that is ours',
    err: apiError(503, 'ServiceUnavailable', 'no', undefined, { cause: new Error('x') }),
    code: 503,
    message: 'no',
    levels: ['error'],
  },
]

for (const { name, err, code, message, levels } of rows)
  test(`failureStatus() ${name}`, () => {
    const recorded = recordingLog()
    const status = failureStatus(err, 'id', recorded.log)
    assert.deepEqual({ code: status.code, message: status.message }, { code, message })
    assert.deepEqual(recorded.levels, levels)
  })

test('failureStatus() does not let clients that leave fill the log, and logs what fails beside that', () => {
  const gone = new Error('the client is gone')
  const signal = AbortSignal.abort(gone)
  const own = new Error('x')
  for (const [err, code, levels] of [
    [gone, 504, ['debug']],
    [new Error('stopped', { cause: gone }), 504, ['debug']],
    [own, 500, ['error']],
  ] as const) {
    const recorded = recordingLog()
    assert.equal(failureStatus(err, 'id', recorded.log, signal).code, code)
    assert.deepEqual(recorded.levels, levels)
  }
})
