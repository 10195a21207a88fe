import assert from 'node:assert/strict'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { event, newDirectory, openLog, signerOf } from '../../access/audit/audit-log.testing.ts'
import { recipientOf } from '../../access/audit/sealed-records.ts'
import { encodeBech32 } from '../../base/data/bech32.ts'
import { exportAudit, reportAudit } from './export.ts'
import { printKeys } from './print-keys.ts'
import { printReceipt, proveReceipt } from './receipt.ts'
import { searchAudit, tailAudit } from './search.ts'
import { verifyAudit } from './verify.ts'

const never = new AbortController().signal

/** A data directory with a log of some writes, in files of their own. */
async function dataDirectory() {
  const dataDir = newDirectory()
  const folder = join(dataDir, 'server', 'audit')
  await mkdir(join(dataDir, 'server'), { recursive: true })
  const log = await openLog(folder, { maxFileBytes: 2000 })
  for (let at = 0; at < 9; at++) {
    const more = at === 4 ? { user: { username: 'bob', groups: [] }, responseStatus: { code: 403 } } : {}
    await log.record(
      event(at % 2 === 0 ? 'create' : 'delete', `w${at}`, { ...more, requestReceivedTimestamp: `2023-11-14T22:13:2${at}.000000Z` }),
    )
  }
  await log[Symbol.asyncDispose]()
  const { rootKey, logKey } = await signerOf(folder).auditKey(never)
  await writeFile(join(dataDir, 'audit.pub'), `${rootKey}\n${logKey}\n`)
  return { dataDir, folder, key: join(dataDir, 'audit.pub') }
}

async function printed(
  run: (print: (text: string) => void) => Promise<number> | number,
): Promise<{ readonly code: number; readonly text: string }> {
  const lines: string[] = []
  const code = await run(text => lines.push(text))
  return { code, text: lines.join('\n') }
}

test('verifyAudit() accepts a whole log, also with a checkpoint that was kept, and names a changed record', async () => {
  const { dataDir, folder } = await dataDirectory()
  const kept = join(dataDir, 'kept')
  await writeFile(kept, await readFile(join(folder, 'tlog', 'checkpoint')))
  const whole = await printed(print => verifyAudit({ dataDir, seen: [kept] }, print))
  assert.deepEqual([whole.code, whole.text.endsWith('The log is whole and unchanged')], [0, true])
  const path = join(folder, 'audit-00000002.log')
  await writeFile(path, (await readFile(path, 'utf8')).replace('"verb":"create"', '"verb":"delete"'))
  const changed = await printed(print => verifyAudit({ dataDir }, print))
  assert.equal(changed.code, 1)
  assert.match(changed.text, /audit-00000002\.log:\d: record \d+ was changed[\s\S]*The log is NOT what was signed/)
  const asJson = await printed(print => verifyAudit({ dataDir, output: 'json' }, print))
  assert.equal(JSON.parse(asJson.text).whole, false)
})

test('printReceipt() prints a proof that proveReceipt() accepts with the keys alone, and no other', async () => {
  const { dataDir, key } = await dataDirectory()
  const receipt = await printed(print => printReceipt({ dataDir }, 'w4', print))
  const path = join(dataDir, 'receipt')
  const prove = async (text: string, flags = {}) => {
    await writeFile(path, text)
    return printed(print => proveReceipt({ key, ...flags }, path, print))
  }
  assert.match((await prove(receipt.text)).text, /^Record \d+ of \d+ in bulkhead\.dev\/audit\/[0-9a-f]{16}:\n\{.*"auditID":"w4".*\}$/)
  assert.equal((await prove(receipt.text, { key: undefined, dataDir })).code, 0)
  const other = await printed(print => printReceipt({ dataDir }, 'w5', print))
  const lines = receipt.text.split('\n')
  const swapped = [lines[0], other.text.split('\n')[1], ...lines.slice(2)].join('\n')
  assert.match((await prove(swapped)).text, /NOT proved: record \d+ of the log is another one/)
  assert.match((await prove(receipt.text.replace(/index (\d+)/, 'index 1'))).text, /NOT proved/)
  assert.match((await prove(receipt.text.replace(/extra .*\n/, ''))).text, /NOT proved: the receipt has no record/)
  assert.match((await prove('hello')).text, /NOT proved: This is no signed note/)
  const stranger = await dataDirectory()
  assert.match((await prove(receipt.text, { key: stranger.key })).text, /NOT proved: the checkpoint is one of the log/)
  const witness = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
  assert.match((await prove(receipt.text, { witnessKey: [witness] })).text, /NOT proved: witness "PeterNeumann" did not cosign/)
  await assert.rejects(
    printReceipt({ dataDir }, 'w99', () => undefined),
    /No record has the audit id "w99"/,
  )
})

test('searchAudit() finds records by each flag, and tailAudit() prints the newest', async () => {
  const { dataDir } = await dataDirectory()
  const ids = async (flags: object) => (await printed(print => searchAudit({ dataDir, ...flags }, print))).text.match(/w\d$/gm) ?? []
  assert.deepEqual(await ids({ user: 'bob' }), ['w4'])
  assert.deepEqual(await ids({ verb: 'delete' }), ['w1', 'w3', 'w5', 'w7'])
  assert.deepEqual(await ids({ code: 403, resource: 'pods', namespace: 'default' }), ['w4'])
  assert.deepEqual(await ids({ name: 'w2' }), ['w2'])
  assert.deepEqual(await ids({ id: 'w3' }), ['w3'])
  assert.deepEqual(await ids({ since: '2023-11-14T22:13:23Z', until: '2023-11-14T22:13:25Z' }), ['w3', 'w4'])
  assert.equal(
    (await printed(print => searchAudit({ dataDir, limit: 2 }, print))).text.split('\n').at(-1),
    '… more than 2 records match: --limit shows more',
  )
  await assert.rejects(
    searchAudit({ dataDir, since: 'yesterday' }, () => undefined),
    /--since must be a time/,
  )
  assert.equal((await printed(print => tailAudit({ dataDir, lines: 1 }, print, never))).text.endsWith('w8'), true)
  await assert.rejects(
    tailAudit({ dataDir, lines: -1 }, () => undefined, never),
    /--lines must be 0 to/,
  )
})

test('exportAudit() makes a copy that verifies with a key from elsewhere, and reportAudit() sums it up', async () => {
  const { dataDir, folder, key } = await dataDirectory()
  const to = `${dataDir}-copy`
  const exported = await printed(print => exportAudit({ dataDir, to }, print))
  assert.deepEqual([exported.code, exported.text.split('\n').length], [0, 1])
  assert.equal((await printed(print => verifyAudit({ log: to, key }, print))).code, 0)
  await assert.rejects(
    verifyAudit({ log: to }, () => undefined),
    /Name the keys of the log with --key FILE/,
  )
  await assert.rejects(
    exportAudit({ dataDir, to }, () => undefined),
    /exists already/,
  )
  const report = await printed(print => reportAudit({ log: to, key }, print))
  assert.match(report.text, /bob\s+1\s+1\s+1/)
  await rename(join(folder, 'epochs'), join(folder, 'away'))
  assert.match((await printed(print => reportAudit({ dataDir }, print))).text, /the file of epochs is missing/)
})

test('printKeys() prints the keys, and refuses a file that has none', async () => {
  const { dataDir, key } = await dataDirectory()
  assert.equal((await printed(print => printKeys({ dataDir }, print))).text, (await readFile(key, 'utf8')).trimEnd())
  const text = await readFile(key, 'utf8')
  for (const wrong of ['', text.split('\n')[0] ?? '', text.replace('/root', '/other'), 'x'.repeat(5000)]) {
    await writeFile(key, wrong)
    assert.throws(() => printKeys({ dataDir }, () => undefined), /must have the two keys|the limit is/)
  }
})

test('searchAudit() finds sealed records with the identity of their reader alone', async () => {
  const dataDir = newDirectory()
  const folder = join(dataDir, 'server', 'audit')
  await mkdir(join(dataDir, 'server'), { recursive: true })
  const secret = Buffer.alloc(32, 5)
  const log = await openLog(folder, { seal: [{ namespaces: ['default'], recipients: [recipientOf(secret).toString('base64')] }] })
  await log.record(event('create', 'canary'))
  await log[Symbol.asyncDispose]()
  assert.doesNotMatch(
    (await readFile(join(folder, 'audit-00000001.log'), 'utf8')).replaceAll('"auditID":"canary"', ''),
    /canary|kubectl|default/,
  )
  const identity = join(dataDir, 'identity')
  const found = async (key: Buffer) => {
    await writeFile(identity, `# created\n${encodeBech32('age-secret-key-', key).toUpperCase()}\n`)
    return (await printed(print => searchAudit({ dataDir, identity, user: 'ann "x"\n' }, print))).text
  }
  assert.match(await found(secret), /create \/api\/v1\/namespaces\/default\/pods\/canary/)
  assert.equal(await found(Buffer.alloc(32, 6)), '')
  await writeFile(identity, 'nothing')
  await assert.rejects(
    searchAudit({ dataDir, identity }, () => undefined),
    /has no identity of age/,
  )
})
