import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { takeControlSocket } from '../up/control-socket.ts'
import { layout, takeDataDirectory } from '../up/data-directory.ts'
import { canary, dataDirectory, run } from './reset.testing.ts'

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

test('reset of a joined machine names what to do in its cluster', async () => {
  using made = await dataDirectory()
  const record = { server: 'https://192.0.2.1:6443', ca: 'x', nodeName: 'm2' }
  writeFileSync(join(made.path, 'node', 'joined-cluster.json'), JSON.stringify(record), { mode: 0o600 })
  const { text } = await run(made.path)
  assert.match(text, /It is node "m2" of https:\/\/192\.0\.2\.1:6443: end it there, too, with "bulkhead node remove m2"/)
  assert.deepEqual(readdirSync(made.root), [])
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
