import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger } from './log.ts'

test("createLogger() writes an error with its message, without its class's properties", () => {
  const lines: string[] = []
  const log = createLogger({ part: 'x', destination: { write: line => lines.push(line) } })
  log.error('failed', { err: new DOMException('too late', 'TimeoutError') })
  log.error('failed', { err: new TypeError('wrong') })
  const [first, second] = lines.map(line => JSON.parse(line).err)
  assert.deepEqual([Object.keys(first), first.type, first.message], [['type', 'message', 'stack'], 'TimeoutError', 'too late'])
  assert.deepEqual([second.type, second.message], ['TypeError', 'wrong'])
})
