import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuthenticationConfiguration } from '../access/jwt/configuration.ts'
import type { FileState } from '../base/files/file-state.ts'
import { createLogger } from '../base/log.ts'
import { createRegistry } from '../base/metrics/metrics.ts'
import { ReloadedConfigurations } from './reloaded-configurations.ts'

const state = (change: number, paths: string[], more: Partial<FileState<AuthenticationConfiguration>> = {}) => ({
  authentication: {
    settings: { jwt: [], anonymous: { enabled: true, paths } },
    ...{ hash: `sha256:${paths.join()}`, since: 1000 + change, change },
    ...more,
  },
})

function opened() {
  const metrics = createRegistry()
  const lines: string[] = []
  const inForce: (readonly string[] | undefined)[] = []
  const log = createLogger({ level: 'debug', destination: { write: line => void lines.push(line) } })
  const authentication = ({ anonymous }: AuthenticationConfiguration) => {
    if (anonymous?.paths.includes('/fault')) throw new Error('out of luck')
    inForce.push(anonymous?.paths)
  }
  const configurations = new ReloadedConfigurations(
    state(0, ['/a']),
    { authentication, authorization: undefined },
    { metrics, clock: { now: () => 5000 }, log },
  )
  const samples = async (): Promise<string[]> =>
    (await metrics.metrics())
      .split('\n')
      .filter(line => line.startsWith('apiserver_'))
      .map(line => line.replace('apiserver_authentication_config_controller_', ''))
  return { configurations, inForce, lines, samples }
}

const labels = (status: string) => `{status="${status}",apiserver_id_hash=""}`

test('take() puts a state in force that differs, and counts it', async () => {
  const { configurations, inForce, lines, samples } = opened()
  assert.deepEqual(await samples(), ['last_config_info{apiserver_id_hash="",hash="sha256:/a"} 1'])
  configurations.take(state(1, ['/b']))
  configurations.take(state(1, ['/b']))
  configurations.take(state(0, ['/a']))
  assert.deepEqual(inForce, [['/b']])
  assert.deepEqual(configurations.shown(), { authentication: { hash: 'sha256:/b', since: 1001 } })
  assert.deepEqual(await samples(), [
    `automatic_reloads_total${labels('success')} 1`,
    `automatic_reload_last_timestamp_seconds${labels('success')} 5`,
    'last_config_info{apiserver_id_hash="",hash="sha256:/b"} 1',
  ])
  assert.equal(lines.filter(line => line.includes('configuration read again')).length, 1)
  // Another text with the same meaning.
  configurations.take(state(2, ['/b'], { hash: 'sha256:c' }))
  assert.deepEqual(inForce, [['/b']])
  assert.equal(configurations.shown().authentication?.hash, 'sha256:c')
})

test('take() keeps the former configuration if the new one is rejected, and counts that', async () => {
  const { configurations, inForce, samples } = opened()
  const refused = { since: 4000, why: 'no YAML' }
  configurations.take(state(1, ['/a'], { refused }))
  assert.deepEqual(inForce, [])
  assert.deepEqual(configurations.shown(), { authentication: { hash: 'sha256:/a', since: 1001, refused } })
  assert.ok((await samples()).includes(`automatic_reloads_total${labels('failure')} 1`))
  configurations.take(state(2, ['/a']))
  assert.equal(configurations.shown().authentication?.refused, undefined)
  assert.ok((await samples()).includes(`automatic_reloads_total${labels('success')} 1`))
})

test('take() keeps the former configuration if the new one cannot be applied', async () => {
  const { configurations, lines, samples } = opened()
  configurations.take(state(1, ['/fault']))
  const refused = { since: 5000, why: 'it could not be applied: the log has the reason' }
  assert.deepEqual(configurations.shown(), { authentication: { hash: 'sha256:/a', since: 1000, refused } })
  assert.ok(lines.some(line => line.includes('out of luck')))
  assert.ok((await samples()).includes(`automatic_reloads_total${labels('failure')} 1`))
})

test('a server without files shows none, and takes none', () => {
  const log = createLogger({ level: 'silent' })
  const parts = { metrics: createRegistry(), clock: { now: () => 0 }, log }
  const configurations = new ReloadedConfigurations({}, { authentication: undefined, authorization: undefined }, parts)
  configurations.take(state(1, ['/b']))
  assert.deepEqual(configurations.shown(), {})
})
