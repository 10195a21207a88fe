import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commands, hiddenCommands } from '../commands/index.ts'
import { layout } from './data-directory.ts'
import { channelFolder, runArguments } from './launch-unit.ts'
import { sandboxOf } from './part-sandbox.ts'

const directory = layout('/var/lib/bulkhead')
/** Runs for the time of a command of its own, never in a service. */
const notOfService = ['storeCopy']
const parts = Object.keys(hiddenCommands).filter(name => !notOfService.includes(name))

test('every part has a sandbox of systemd', () => {
  assert.ok(parts.length >= 6 && parts.every(name => Object.hasOwn(commands, name)))
  for (const name of [...parts, 'node']) assert.ok(sandboxOf(name, directory) !== undefined, name)
  for (const name of ['other', 'constructor']) assert.equal(sandboxOf(name, directory), undefined, name)
})

test('a part writes only its own folders, and the signer has no network', () => {
  for (const name of parts) {
    const sandbox = new Map(sandboxOf(name, directory))
    assert.equal(sandbox.get('CapabilityBoundingSet'), '', name)
    const [own, ...others] = sandbox.get('ReadWritePaths')?.replaceAll('"', '').split(' ') ?? []
    assert.ok(own?.startsWith(`${directory.path}/`), name)
    assert.ok(
      others.every(path => path === `${directory.path}/run`),
      name,
    )
  }
  const signer = new Map(sandboxOf('signer', directory))
  assert.equal(signer.get('PrivateNetwork'), 'yes')
  assert.equal(signer.get('RestrictAddressFamilies'), 'AF_UNIX')
})

test('sandboxOf() lets a part write folders elsewhere, which need not be there', () => {
  const paths = new Map(sandboxOf('server', directory, ['/mnt/a b'])).get('ReadWritePaths')
  assert.equal(paths, '"/var/lib/bulkhead/server" "-/mnt/a b"')
})

test('runArguments() gives a part its user, its channel and its environment, and puts it before the service', () => {
  const socket = `${channelFolder('bulkhead')}/server.sock`
  const definition = {
    ...{ name: 'server', userId: 64_702, settings: () => ({}), environment: { HOME: '/x' }, nodeFlags: ['--flag'], stopTimeoutMs: 1 },
    priority: { loop: -10 },
  }
  const input = { unit: 'bulkhead-server.service', service: 'bulkhead', socket, directory }
  const args = runArguments(input, definition, ['/node', 'cli.js'])
  for (const property of ['User=64702', `OpenFile=${socket}:channel`, 'Before=bulkhead.service', 'CPUWeight=800', 'Environment="HOME=/x"'])
    assert.ok(args.includes(`--property=${property}`), property)
  assert.deepEqual(args.slice(args.indexOf('--')), ['--', '/node', '--disable-sigusr1', '--flag', 'cli.js', 'server'])
  assert.throws(() => runArguments(input, { ...definition, name: 'other' }, ['/node', 'cli.js']), /"other" has no sandbox/)
})
