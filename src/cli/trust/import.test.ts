import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { mockSigstore } from '../../supply-chain/signatures/keyless.testing.ts'
import { ecKeys, rsaKeys } from '../../supply-chain/signatures/sign.testing.ts'
import { TufRepository } from '../../supply-chain/signatures/tuf/tuf.testing.ts'
import { readObjects } from '../verify/read-objects.ts'
import { type ImportFlags, importTrust } from './import.ts'

const { signal } = new AbortController()
const now = Date.parse('2026-06-01T00:00:00Z')

suite('importTrust()', () => {
  let folder: string
  let trustedRoot: string
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bulkhead-trust-'))
    trustedRoot = JSON.stringify((await mockSigstore()).trustedRoot)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const file = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  const run = async (flags: ImportFlags, ...paths: string[]): Promise<{ readonly text: string; readonly notes: readonly string[] }> => {
    const notes: string[] = []
    let text = ''
    const print = (line: string): void => {
      text += `${line}\n`
    }
    await importTrust(flags, paths, { now, print, note: line => void notes.push(line) }, signal)
    return { text, notes }
  }
  /** As a mirror keeps it. */
  const mirror = (name: string, repository: TufRepository): string => {
    const path = join(folder, name)
    rmSync(path, { recursive: true, force: true })
    for (const [sub, files] of [
      ['metadata', repository.metadataFiles],
      ['targets', repository.targetFiles],
    ] as const) {
      mkdirSync(join(path, sub), { recursive: true })
      for (const [file, bytes] of files) writeFileSync(join(path, sub, file), bytes)
    }
    return path
  }

  test('prints a TrustRoot with keys and a trusted root, which "bulkhead verify" reads', async () => {
    const { text, notes } = await run(
      { name: 'team' },
      file('release.pub', ecKeys().pem),
      file('security.pem', ecKeys().pem),
      file('trusted_root.json', trustedRoot),
    )
    assert.deepEqual(notes, [])
    const { trustRoots } = await readObjects([file('team.yaml', text)])
    const root = trustRoots.get('team')
    assert.deepEqual([...(root?.keys.keys() ?? [])], ['release', 'security'])
    assert.equal(root?.sigstore?.material.tlogs.length, 1)
  })

  test('follows the TUF repository of a folder, and refuses an older one than it has printed', async () => {
    const repository = new TufRepository(trustedRoot)
    const old = mirror('old', repository)
    const { text, notes } = await run({ output: 'json' }, old)
    assert.match(
      notes.join('\n'),
      /The first root of ".*" is trusted without a check.*\nTUF root version 1, valid until 2030-01-01T00:00:00Z/,
    )
    const first = file('first.json', text)
    const checked = await run({ root: join(old, 'metadata/1.root.json') }, old)
    assert.deepEqual(checked.notes, ['TUF root version 1, valid until 2030-01-01T00:00:00Z'])
    repository.publishRoot()
    repository.publish(trustedRoot)
    const next = await run({ previous: first }, mirror('next', repository))
    assert.match(next.notes.join(), /^TUF root version 2/)
    const second = file('second.yaml', next.text)
    assert.equal((await readObjects([second])).trustRoots.get('imported')?.sigstore?.material.tlogs.length, 1)
    await refuses(run({ previous: second }, old), /timestamp\.json has version 1, which is older than the accepted version 2/)
    await refuses(run({ previous: file('none.yaml', 'a: 1') }, old), /has no TrustRoot with spec\.tuf\.root and the annotation/)
    await refuses(run({ root: file('text.json', '{}') }, old), /is no root metadata of TUF/)
    await refuses(run({ root: first, target: '../../etc/passwd' }, old), /is no root metadata/)
  })

  test('refuses what is no trust root, with the reason', async () => {
    symlinkSync('/dev/zero', join(folder, 'endless'))
    const rows: readonly (readonly [string[], RegExp])[] = [
      [[], /^Name a public key \(PEM\), a trusted_root\.json, or a folder/],
      [[join(folder, 'missing')], /it does not exist/],
      [[file('weak.pub', rsaKeys(1024).pem)], /spec\.keys\[0\]\.publicKey is rsa with 1024 bits/],
      [[file('text', 'hello')], /is not JSON/],
      [[file('other.json', '{}')], /spec\.sigstore\.trustedRoot\.mediaType must be/],
      [[file('a.json', trustedRoot), file('b.json', trustedRoot)], /there is another trusted root/],
      [[join(folder, 'endless')], /is no regular file/],
      [[file('large.pub', ' '.repeat(5_000_000))], /has 5000000 bytes, at most 4194304 are read/],
    ]
    for (const [paths, message] of rows) await refuses(run({}, ...paths), message)
    mkdirSync(join(folder, 'empty'))
    await refuses(run({}, join(folder, 'empty')), /has neither 1\.root\.json nor root\.json/)
  })
})

async function refuses(promise: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(promise, err => (err instanceof UserError && message.test(err.message) ? true : assert.fail(String(err))))
}
