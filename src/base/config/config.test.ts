import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createConfig, type Machine, parseSettings, readSettingsFile } from './config.ts'

const root: Machine = { root: true, home: '/root', hostName: 'Edge_1', stateHome: undefined }
const user: Machine = { root: false, home: '/home/u', hostName: 'edge', stateHome: undefined }

test('createConfig() without settings is secure, with a real node for root and a simulated one for others', () => {
  const asRoot = createConfig(root)
  assert.equal(asRoot.profile, 'secure')
  assert.equal(asRoot.allowPrivileged, true)
  assert.equal(asRoot.bootstrapTokens, false)
  assert.deepEqual(asRoot.node, { kind: 'real' })
  assert.equal(asRoot.dataDirectory, '/var/lib/bulkhead')
  assert.equal(asRoot.nodeName, 'edge-1')
  const asUser = createConfig(user)
  assert.deepEqual(asUser.node, { kind: 'simulated', count: 1 })
  assert.equal(asUser.bindAddress, '127.0.0.1')
  assert.equal(asUser.dataDirectory, '/home/u/.local/state/bulkhead')
  assert.equal(createConfig({ ...user, stateHome: '/state' }).dataDirectory, '/state/bulkhead')
})

test('createConfig() lets later sources win and ignores what is not given', () => {
  const config = createConfig(root, { port: 1000, profile: 'upstream' }, { port: 2000, profile: undefined })
  assert.equal(config.port, 2000)
  assert.equal(config.profile, 'upstream')
  assert.ok(Object.isFrozen(config))
})

test('createConfig() reads switches from a text and from a mapping', () => {
  const config = createConfig(root, { featureGates: 'A=true, B=false', runtimeConfig: { 'a.io/v1': true } })
  assert.deepEqual(config.featureGates, { A: true, B: false })
  assert.deepEqual(config.runtimeConfig, { 'a.io/v1': true })
  assert.deepEqual(createConfig(root).featureGates, {})
  assert.deepEqual(createConfig(root, { evictionHard: 'nodefs.available<5%, imagefs.available<0%' }).evictionHard, {
    'nodefs.available': 0.05,
    'imagefs.available': 0,
  })
  assert.deepEqual(createConfig(root, { evictionHard: { 'nodefs.inodesFree': '2.5%' } }).evictionHard, { 'nodefs.inodesFree': 0.025 })
  assert.deepEqual(createConfig(root).evictionHard, {})
})

test('createConfig() refuses settings that exclude each other', () => {
  assert.throws(() => createConfig(root, { controlPlaneOnly: true, simulatedNodes: 2 }), /exclude each other/)
  assert.throws(() => createConfig(root, { apiServerOnly: true, simulatedNodes: 2 }), /exclude each other/)
})

test('parseSettings() names the setting and what would be accepted', () => {
  const rows: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [{ port: 'x' }, /^UserError: --port must be a whole number from 1 to 65535, got "x"$/],
    [{ port: 70000 }, /--port must be a whole number/],
    [{ simulatedNodes: 1001 }, /--simulated-nodes must be a whole number from 0 to 1000, got 1001/],
    [{ profile: 'lax' }, /--profile must be secure or upstream, got "lax"/],
    [{ bindAddress: 'localhost' }, /--bind-address must be an IP address, got "localhost"/],
    [{ nodeName: 'UPPER' }, /lowercase DNS name/],
    [
      { evictionHard: 'nodefs.available<1Gi' },
      /--eviction-hard must be SIGNAL<PERCENT% separated by commas, .*, got "nodefs.available<1Gi"/,
    ],
    [{ evictionHard: { 'nodefs.available': 5 } }, /--eviction-hard must be /],
    [{ featureGates: 'A' }, /--feature-gates must be NAME=true or NAME=false, .*, got "A"/],
    [{ runtimeConfig: { a: 'yes' } }, /--runtime-config must be NAME=true .*, got /],
    [{ __proto__x: 1 }, /unknown setting "__proto__x", must be one of dataDir, port/],
  ]
  for (const [values, message] of rows) assert.throws(() => parseSettings('flags', values), message)
})

test('readSettingsFile() reads YAML and says what is wrong with a bad file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'config-'))
  const file = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  assert.deepEqual(await readSettingsFile(file('good.yaml', 'port: 7443\nprofile: upstream\n')), { port: 7443, profile: 'upstream' })
  assert.deepEqual(await readSettingsFile(file('empty.yaml', '')), {})
  await assert.rejects(() => readSettingsFile(file('list.yaml', '- a\n')), /must be a mapping/)
  await assert.rejects(() => readSettingsFile(file('broken.yaml', 'a: [')), /Cannot read the configuration file/)
  await assert.rejects(() => readSettingsFile(join(folder, 'absent.yaml')), /does not exist/)
})
