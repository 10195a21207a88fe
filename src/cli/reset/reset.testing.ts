// For tests of `reset`: a stopped cluster's data directory, and a reset that touches nothing of the machine.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { takeDataDirectory } from '../up/data-directory.ts'
import { nothing, type ResetMachine } from './machine-state.ts'
import { type ResetFlags, reset } from './reset.ts'

export const canary = 'CANARY-OF-A-KEY'

export interface Made extends Disposable {
  readonly root: string
  readonly path: string
}

/** A stopped cluster: its folders as `up` makes them, with some files. */
export async function dataDirectory(): Promise<Made> {
  const root = mkdtempSync(join(tmpdir(), 'reset-'))
  const path = join(root, 'd')
  const { lock, directory } = await takeDataDirectory(path, undefined)
  lock[Symbol.dispose]()
  const files = {
    'signer/encryption-1.key': canary,
    'signer/client-ca.key': canary,
    'signer/audit.key': generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
    'signer/audit-head.json': '{"sequence":7}',
    'admin.pem': canary,
    'admin.kubeconfig': 'x',
    'break-glass.kubeconfig': canary,
    'node/pki/client.pem': canary,
    'server/store.db': 'sealed',
    'server/audit/audit-00000001.log': 'first\n',
    'server/audit/audit-00000002.log': 'second\n',
    'lib/1/node': 'x',
  }
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true, mode: 0o700 })
    writeFileSync(join(path, name), content, { mode: 0o600 })
  }
  assert.equal(directory.path, path)
  return { root, path, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) }
}

export interface Tried {
  readonly text: string
  readonly machine: string[]
}

export async function run(path: string, flags: ResetFlags = { yes: true }, typed?: string): Promise<Tried> {
  const lines: string[] = []
  const done: string[] = []
  const machine: ResetMachine = {
    read: async () => nothing,
    remove: async () => void done.push('removed'),
  }
  const terminal = { isTerminal: typed !== undefined, ask: async () => typed ?? '' }
  const parts = {
    terminal,
    machine,
    userId: process.geteuid?.() ?? -1,
    home: '/home/nobody',
    print: (text: string) => void lines.push(text),
  }
  await reset({ dataDir: path, ...flags }, parts)
  return { text: lines.join('\n'), machine: done }
}
