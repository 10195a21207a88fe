import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger, type LogLevel } from '../../base/log.ts'
import { FakeClock } from '../../client/testing/fake-clock.ts'
import { quietOutages } from './outage-log.ts'
import { RuntimeError } from './runtime.ts'

function start(level: LogLevel) {
  const lines: { msg: string; err?: unknown; pod?: string; during?: string }[] = []
  const clock = new FakeClock()
  const log = quietOutages(createLogger({ level, destination: { write: line => void lines.push(JSON.parse(line)) } }), clock)
  return { lines, clock, log }
}
const gone = () => new RuntimeError('Unavailable', 'rpc error: code = Unavailable desc = connection dropped')

test('quietOutages() logs one short line for a runtime that does not answer, however many calls fail', async () => {
  const { lines, clock, log } = start('info')
  for (let pod = 0; pod < 28; pod++)
    log.with({ pod: `p${pod}` }).error('pod not synced', { err: new Error('Cannot list', { cause: gone() }) })
  log.info('usage not measured', { err: gone() })
  assert.equal(lines.length, 1)
  const [line] = lines
  assert.deepEqual([line?.msg, line?.during, line?.err], ['container runtime does not answer', 'pod not synced', 'Cannot list'])
  await clock.advance(60_000)
  log.error('pod not synced', { err: gone() })
  assert.equal(lines.length, 2)
})

test('quietOutages() passes all other lines, and at level debug every line', () => {
  const other = start('info')
  other.log.error('pod not synced', { err: new RuntimeError('NotFound', 'no such container') })
  other.log.error('no error at all')
  assert.deepEqual(
    other.lines.map(({ msg }) => msg),
    ['pod not synced', 'no error at all'],
  )
  const debug = start('debug')
  debug.log.error('one', { err: gone() })
  debug.log.error('two', { err: gone() })
  assert.deepEqual(
    debug.lines.map(({ msg }) => msg),
    ['one', 'container runtime does not answer', 'two'],
  )
})
