import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { UserError } from '../../../base/user-error.ts'
import { rpm } from '../cataloguers/rpm.ts'
import { berkeleyFile, ndbFile, rpmHeader } from './rpm-database.fixture.ts'

const bash = rpmHeader({
  1000: 'bash',
  1001: '5.1.8',
  1002: '6.el9',
  1014: 'GPLv3+',
  1022: 'x86_64',
  1044: 'bash-5.1.8-6.el9.src.rpm',
  1116: [0, 1],
  1117: ['bash', 'bashrc'],
  1118: ['/usr/bin/', '/etc/'],
})
const openssl = rpmHeader({
  1000: 'openssl-libs',
  1001: '3.0.7',
  1002: '1.el9',
  1003: [1],
  1022: 'x86_64',
  1044: 'openssl-3.0.7-1.el9.src.rpm',
  1118: Array.from({ length: 200 }, (_, at) => `/usr/share/folder-${at}/`),
})
const key = rpmHeader({ 1000: 'gpg-pubkey', 1001: '5a6340b3', 1002: '6229229e' })
const headers = [bash, openssl, key]
const want = (path: string) => [
  { type: 'rpm', name: 'bash', version: '5.1.8-6.el9', architecture: 'x86_64', licenses: ['GPLv3+'], locations: [`/${path}`] },
  {
    type: 'rpm',
    name: 'openssl-libs',
    version: '1:3.0.7-1.el9',
    architecture: 'x86_64',
    source: { name: 'openssl', version: '3.0.7-1.el9' },
    locations: [`/${path}`],
  },
]

/** A table of many rows between, so that the tree has several levels. */
function sqliteFile(values: readonly Buffer[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'rpmdb-'))
  try {
    const path = join(folder, 'rpmdb.sqlite')
    const database = new DatabaseSync(path)
    database.exec(
      'CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL); CREATE TABLE Other (key TEXT, value BLOB)',
    )
    database.exec('BEGIN')
    for (let at = 0; at < 40; at++) database.prepare('INSERT INTO Other VALUES (?, ?)').run(`key ${at}`, Buffer.alloc(3000))
    for (const value of values) database.prepare('INSERT INTO Packages (blob) VALUES (?)').run(value)
    database.exec('COMMIT')
    database.close()
    return readFileSync(path)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const packagesOf = async (path: string, content: Buffer) => (await rpm.read(path, content)).packages

for (const [name, path, write] of [
  ['SQLite', 'var/lib/rpm/rpmdb.sqlite', sqliteFile],
  ['ndb', 'usr/lib/sysimage/rpm/Packages.db', ndbFile],
  ['Berkeley DB', 'var/lib/rpm/Packages', berkeleyFile],
] as const) {
  test(`rpm reads a database in ${name}`, async () => {
    assert.deepEqual(await packagesOf(path, write(headers)), want(path))
  })

  test(`rpm survives each byte of a database in ${name} that is another`, async () => {
    const file = write([bash, key])
    const step = Math.max(1, Math.floor(file.length / 500))
    for (let at = 0; at < file.length; at += step) {
      const changed = Buffer.from(file)
      changed[at] = (changed[at] ?? 0) ^ 0xff
      await packagesOf(path, changed).catch((err: unknown) => assert.ok(err instanceof UserError, String(err)))
    }
  })

  test(`rpm refuses a database in ${name} that ends early`, async () => {
    const file = write(headers)
    for (const length of [0, 20, 600, file.length - 300]) await assert.rejects(packagesOf(path, file.subarray(0, length)), UserError)
  })
}

test('rpm reads a table with thousands of rows in SQLite', async () => {
  const many = Array.from({ length: 3000 }, (_, at) => rpmHeader({ 1000: `p${at}`, 1001: '1', 1002: '1' }))
  assert.equal((await packagesOf('var/lib/rpm/rpmdb.sqlite', sqliteFile(many))).length, 3000)
})

test('rpm names the files of packages', async () => {
  const { ownedFiles } = await rpm.read('usr/lib/sysimage/rpm/Packages.db', ndbFile([bash]))
  assert.deepEqual([...(ownedFiles?.() ?? [])], ['usr/bin/bash', 'etc/bashrc'])
})

test('rpm refuses a chain of pages that repeats one', async () => {
  const file = berkeleyFile([openssl])
  // The second page of the chain leads to itself.
  file.writeUInt32LE(3, 3 * 512 + 16)
  await assert.rejects(packagesOf('var/lib/rpm/Packages', file), /malformed chain of pages/)
})
