import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import fs, { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { takeControlSocket } from '../up/control-socket.ts'
import { layout, takeDataDirectory } from '../up/data-directory.ts'
import { nothing, type ResetMachine } from './machine-state.ts'
import { type ResetFlags, reset } from './reset.ts'

const canary = 'CANARY-OF-A-KEY'

interface Made extends Disposable {
  readonly root: string
  readonly path: string
}

/** A stopped cluster: its folders as `up` makes them, with some files. */
async function dataDirectory(): Promise<Made> {
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

interface Tried {
  readonly text: string
  readonly machine: string[]
}

async function run(path: string, flags: ResetFlags = { yes: true }, typed?: string): Promise<Tried> {
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

test('reset removes the data directory and what the node left, and says what before', async () => {
  using made = await dataDirectory()
  const { text, machine } = await run(made.path)
  assert.deepEqual(readdirSync(made.root), [])
  assert.deepEqual(machine, ['removed'])
  assert.match(text, /^This removes the cluster in ".*\/d" for ever:\n {2}data directory\n {4}admin\.kubeconfig/)
  assert.match(text, /signer +\d+ KiB {2}keys of the cluster, destroyed first/)
  assert.match(text, /Destroyed \d+ files with keys\.\nRemoved the cluster and ".*\/d"\.$/)
  assert.doesNotMatch(text, new RegExp(canary))
})

test('reset removes nothing without the typed path, and fails clearly without a terminal', async () => {
  using made = await dataDirectory()
  await assert.rejects(run(made.path, {}), /^UserError: Nothing was removed: without a terminal nobody can confirm it\. Add --yes/)
  await assert.rejects(run(made.path, {}, 'y'), /^UserError: Nothing was removed: ".*" must be typed, got "y"/)
  assert.equal(readFileSync(join(made.path, 'signer', 'encryption-1.key'), 'utf8'), canary)
  await run(made.path, {}, ` ${made.path}\n`)
  assert.deepEqual(readdirSync(made.root), [])
})

test('reset refuses while a cluster runs, and names how to stop it', async () => {
  using made = await dataDirectory()
  const directory = layout(made.path)
  const up = { version: '0.1.0', pid: 4711, server: 'https://127.0.0.1:6443', profile: 'secure', parts: [] }
  {
    await using _socket = await takeControlSocket(directory.supervisorSocket, () => up)
    await assert.rejects(
      run(made.path),
      /A cluster runs in ".*" \(process 4711\): stop it first, with Ctrl-C in its terminal or "kill -INT 4711"/,
    )
  }
  const { lock } = await takeDataDirectory(made.path, undefined)
  try {
    await assert.rejects(run(made.path), /^UserError: This data directory is in use by another process/)
  } finally {
    lock[Symbol.dispose]()
  }
  assert.equal(readFileSync(join(made.path, 'signer', 'encryption-1.key'), 'utf8'), canary)
})

test('reset keeps what Bulkhead did not make, and never follows a link out of the directory', async () => {
  using made = await dataDirectory()
  const outside = join(made.root, 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'stays'), 'x')
  writeFileSync(join(made.path, 'notes.txt'), 'mine')
  symlinkSync(outside, join(made.path, 'server', 'large'))
  symlinkSync(join(outside, 'stays'), join(made.path, 'signer', 'extra.key'))
  const { text } = await run(made.path)
  assert.match(text, /It keeps notes\.txt: Bulkhead did not make that/)
  assert.deepEqual(readdirSync(made.path), ['notes.txt'])
  assert.equal(readFileSync(join(outside, 'stays'), 'utf8'), 'x')
  await assert.rejects(run(made.path), /no Bulkhead data directory/)
})

test('reset --keep-audit copies the audit log with its public key and head, and only then destroys keys', async () => {
  using made = await dataDirectory()
  const kept = join(made.root, 'kept')
  await assert.rejects(
    run(made.path, { yes: true, keepAudit: join(made.path, 'server', 'kept') }),
    /must be a folder outside of the data directory/,
  )
  mkdirSync(kept)
  writeFileSync(join(kept, 'audit-00000001.log'), 'of another cluster\n')
  await assert.rejects(
    run(made.path, { yes: true, keepAudit: kept }),
    /must be a new or empty folder: ".*audit-00000001\.log" has other content/,
  )
  writeFileSync(join(kept, 'else'), '')
  await assert.rejects(run(made.path, { yes: true, keepAudit: kept }), /must be a new or empty folder: ".*" has "else"/)
  assert.equal(readFileSync(join(made.path, 'signer', 'encryption-1.key'), 'utf8'), canary)
  rmSync(kept, { recursive: true })
  const { text } = await run(made.path, { yes: true, keepAudit: kept })
  assert.match(text, /Kept 2 audit files/)
  assert.deepEqual(readdirSync(kept).sort(), ['audit-00000001.log', 'audit-00000002.log', 'audit-head.json', 'audit.pub'])
  assert.equal(readFileSync(join(kept, 'audit-00000002.log'), 'utf8'), 'second\n')
  assert.match(readFileSync(join(kept, 'audit.pub'), 'utf8'), /^-----BEGIN PUBLIC KEY-----/)
})

/** Throws at the `step`-th change of the disk and at every later one, as nothing more happens after a kill. */
function endAtStep(step: number): { readonly steps: () => number; readonly restore: () => void } {
  let count = 0
  const names = ['unlinkSync', 'rmdirSync', 'renameSync', 'writeSync', 'fsyncSync'] as const
  const originals = names.map(name => [name, fs[name]] as const)
  for (const [name, original] of originals)
    Object.assign(fs, {
      [name]: (...args: unknown[]) => {
        if (++count >= step) throw new Error('killed')
        return Reflect.apply(original, fs, args)
      },
    })
  syncBuiltinESMExports()
  return {
    steps: () => count,
    restore() {
      for (const [name, original] of originals) Object.assign(fs, { [name]: original })
      syncBuiltinESMExports()
    },
  }
}

test('reset can be repeated wherever it was interrupted: no key outlives the first destroyed one as a usable cluster', async t => {
  let interrupted = 0
  for (let step = 1; ; step++) {
    using made = await dataDirectory()
    const kept = join(made.root, 'kept')
    const flags = { yes: true, keepAudit: kept }
    const end = endAtStep(step)
    t.after(end.restore)
    const outcome = await run(made.path, flags).then(
      () => 'done',
      (err: unknown) => String(err),
    )
    end.restore()
    if (outcome === 'done') {
      assert.deepEqual(readdirSync(made.root), ['kept'])
      break
    }
    interrupted++
    const names = existsSync(join(made.path, 'signer')) ? readdirSync(join(made.path, 'signer')) : []
    const isWhole = ['audit-head.json', 'audit.key', 'client-ca.key', 'encryption-1.key'].every(name => names.includes(name))
    if (!isWhole && readdirSync(made.path).length > 0)
      await assert.rejects(
        takeDataDirectory(made.path, undefined),
        /was being reset, and its keys are destroyed: finish that with/,
        `step ${step}`,
      )
    // The store's keys go first: no other key is gone while one of them is there.
    if (names.includes('encryption-1.key') && readFileSync(join(made.path, 'signer', 'encryption-1.key'), 'utf8') === canary)
      assert.ok(isWhole && existsSync(join(made.path, 'admin.pem')), `step ${step}`)
    const { text } = await run(made.path, flags)
    if (text.includes('is empty')) fs.rmdirSync(made.path)
    assert.deepEqual(readdirSync(made.root), ['kept'], `step ${step}`)
    assert.deepEqual(readdirSync(kept).sort(), ['audit-00000001.log', 'audit-00000002.log', 'audit-head.json', 'audit.pub'], `step ${step}`)
  }
  assert.ok(interrupted > 40, String(interrupted))
})
