import assert from 'node:assert/strict'
import { appendFile, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../../base/testing/wait-until.testing.ts'
import { event, keysOf, names, newDirectory, openLog as open, threeWrites } from './audit-log.testing.ts'
import { verifyAuditLog } from './verify-log.testing.ts'
import { verifyLog } from './verify-log.ts'

const swap = (text: string, a: RegExp): string => text.replace(a, (_all, first: string, second: string) => `${second}${first}`)
const changes: { name: string; change: (text: string) => string; problem: RegExp }[] = [
  { name: 'a changed record', change: text => text.replace('"auditID":"w1"', '"auditID":"w9"'), problem: /log:4: record 3 was changed/ },
  {
    name: 'a deleted record',
    change: text => text.replace(/^.*"auditID":"w1".*\n/m, ''),
    problem: /log:4: record 3 was deleted before this line/,
  },
  {
    name: 'an inserted record',
    change: text => text.replace(/^.*"auditID":"w1".*\n/m, '{"kind":"Event"}\n$&'),
    problem: /log:4: a line was inserted before record 3/,
  },
  {
    name: 'a copied record',
    change: text => text.replace(/^.*"auditID":"w1".*\n/m, '$&$&'),
    problem: /log:5: (a line was inserted: a copy of record 3|.* inserted)/,
  },
  {
    name: 'reordered records',
    change: text => swap(text, /^(.*"auditID":"w0".*\n)(.*"auditID":"w1".*\n)/m),
    problem: /log:3: records were reordered: record 3 is where record 2 was/,
  },
  {
    name: 'a cut end',
    change: text => text.slice(0, text.lastIndexOf('{"kind":"Event"')),
    problem: /records are lost: the log ends with record 4, and the signer signed 5/,
  },
]
for (const { name, change, problem } of changes) {
  test(`verifyAuditLog() names ${name}`, async () => {
    const { directory, path, text } = await threeWrites()
    assert.notEqual(change(text), text)
    await writeFile(path, change(text))
    const { problems } = await verifyAuditLog(directory, await keysOf(directory))
    assert.match(problems.join('\n'), problem)
    assert.match(problems.join('\n'), /are not those that the checkpoint signed|records are lost/)
  })
}

test('verifyLog() accepts a checkpoint that is not stored yet if the signer itself says what it signed, and checks that', async () => {
  const { directory, path, text } = await threeWrites()
  const keys = await keysOf(directory)
  const { seen } = keys
  assert.ok(seen?.length)
  await rm(join(directory, 'tlog', 'checkpoint'))
  const problems = async (mayLackCheckpoint: boolean) => (await verifyLog(directory, { ...keys, mayLackCheckpoint })).problems
  assert.match((await problems(false)).join(), /the checkpoint is missing/)
  assert.deepEqual(await problems(true), [])
  await writeFile(path, text.slice(0, text.lastIndexOf('{"kind":"Event"')))
  assert.match((await problems(true)).join(), /records are lost/)
})

test('verifyAuditLog() names a checkpoint that is missing, of another log, or changed', async () => {
  const { directory } = await threeWrites()
  const keys = await keysOf(directory)
  const path = join(directory, 'tlog', 'checkpoint')
  const note = await readFile(path, 'utf8')
  const problemsWith = async (text: string) => {
    await writeFile(path, text)
    return (await verifyAuditLog(directory, keys)).problems.join('\n')
  }
  assert.equal(await problemsWith(note), '')
  assert.match(await problemsWith('nothing'), /the checkpoint cannot be read: This is no signed note/)
  assert.match(await problemsWith(note.replace('\n5\n', '\n4\n')), /the first 4 records are not those that the checkpoint signed/)
  assert.match(
    await problemsWith(note.replace(/(— \S+\/epoch\/1 \S{10})./, '$1A')),
    /the signature of checkpoint 5 by the key of epoch 1 is wrong|signed by no key/,
  )
  assert.match(await problemsWith(note.replace(/— \S+\/epoch.*\n/, '')), /belongs to epoch 1 and is signed by no key of this log/)
  const other = await threeWrites()
  assert.match(await problemsWith(await readFile(join(other.directory, 'tlog', 'checkpoint'), 'utf8')), /the checkpoint is one of the log/)
  await rm(path)
  assert.match((await verifyAuditLog(directory, keys)).problems.join('\n'), /the checkpoint is missing/)
  const otherKeys = { ...(await keysOf(other.directory)), seen: [] }
  await writeFile(path, note)
  assert.match((await verifyAuditLog(directory, otherKeys)).problems.join('\n'), /epoch 1 is one of the log/)
})

test('verifyAuditLog() names tiles and bundles that were changed or removed', async () => {
  const { directory } = await threeWrites()
  const keys = await keysOf(directory)
  const tile = join(directory, 'tlog', 'tile', '0', '000.p', '5')
  const bundle = join(directory, 'tlog', 'tile', 'entries', '000.p', '5')
  const bytes = await readFile(tile)
  await writeFile(tile, Buffer.alloc(bytes.length))
  assert.match((await verifyAuditLog(directory, keys)).problems.join('\n'), /^tile\/0\/000\.p\/5 is not that of the lines$/)
  await rm(tile)
  await rename(bundle, `${bundle}x`)
  assert.match(
    (await verifyAuditLog(directory, keys)).problems.join('\n'),
    /tile\/0\/000\.p\/5 is missing or cut\nbundle 5 of entries is missing or cut/,
  )
})

test('verifyAuditLog() verifies a log whose oldest files left, and names files that were removed by another', async () => {
  const directory = newDirectory()
  const log = await open(directory, { maxFileBytes: 1000, maxFiles: 4 })
  for (let i = 0; i < 9; i++) await log.record(event('create', `w${i}`))
  await until(async () => !(await readdir(directory)).includes('audit-00000001.log'), 'an old file is gone')
  await log[Symbol.asyncDispose]()
  const keys = await keysOf(directory)
  const whole = await verifyAuditLog(directory, keys)
  assert.deepEqual([whole.problems, names(whole.events).at(-1)], [[], 'w8'])
  assert.ok(whole.first > 0)
  const [oldest = '', second = ''] = (await readdir(directory)).filter(name => name.endsWith('.log')).toSorted()
  await rename(join(directory, second), join(directory, 'away'))
  assert.match((await verifyAuditLog(directory, keys)).problems.join('\n'), new RegExp(`${second} is missing`))
  await rename(join(directory, 'away'), join(directory, second))
  await rm(join(directory, oldest))
  assert.match(
    (await verifyAuditLog(directory, keys)).problems.join('\n'),
    new RegExp(`${oldest} is missing: by its own record the log begins with it`),
  )
})

test('verifyAuditLog() names a line that was cut, and none that is being written', async () => {
  const { directory, path, text } = await threeWrites()
  const keys = await keysOf(directory)
  await appendFile(path, '{"kind":"Ev')
  assert.deepEqual((await verifyAuditLog(directory, keys)).problems, [])
  await writeFile(path, text.slice(0, -9))
  assert.match((await verifyAuditLog(directory, keys)).problems.join('\n'), /log:5: the last line is cut\nrecords are lost/)
})

test('verifyAuditLog() reports a bounded number of faults', async () => {
  const { directory, path } = await threeWrites()
  await appendFile(path, '{"kind":"Epoch","epoch":9,"certificate":""}\n'.repeat(1000))
  assert.equal((await verifyAuditLog(directory, await keysOf(directory))).problems.length, 100)
})

test('verifyAuditLog() names garbage in bundles, segments and epochs, and does not fail', async () => {
  const { directory, path, text } = await threeWrites()
  const keys = await keysOf(directory)
  const bundle = join(directory, 'tlog', 'tile', 'entries', '000.p', '5')
  await writeFile(bundle, Buffer.alloc(170, 255))
  assert.match((await verifyAuditLog(directory, keys)).problems.join('\n'), /bundle 5 of entries is not that of the lines/)
  for (const first of ['7', '-1', '9007199254740991', '1e300', '"x"', 'null']) {
    await writeFile(path, text.replace('"first":0', `"first":${first}`))
    assert.notDeepEqual((await verifyAuditLog(directory, keys)).problems, [], first)
  }
  await writeFile(path, Buffer.alloc(3000, 10))
  await writeFile(join(directory, 'epochs'), '{"kind":"Epoch","epoch":1,"certificate":"x"}\n\0\n')
  assert.match(
    (await verifyAuditLog(directory, keys)).problems.join('\n'),
    /epochs: 1 lines are no records of epochs\nepoch 1 has no valid certificate/,
  )
})
