import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { styleText } from 'node:util'
import { proofs } from '../../assess/proofs/index.ts'
import type { ProofResult } from '../../assess/run-proofs.ts'
import { Client } from '../../client/client.ts'
import { events, podSecurityExceptions, proofResults } from '../../client/resources.ts'
import { startCluster } from '../../cluster/tests/bootstrapped.testing.ts'
import { resultLine, resultsJson, summaryLine } from './format.ts'
import { chooseProofs, directoryOf, exitCode, type ProveFlags, prove, requireBulkhead } from './prove.ts'

const cluster = await startCluster()
const folder = mkdtempSync(join(tmpdir(), 'prove-cli-'))
const kubeconfig = join(folder, 'admin.kubeconfig')
writeFileSync(kubeconfig, await cluster.kubeconfig())
after(async () => {
  await cluster[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

async function run(flags: ProveFlags, ids: readonly string[]): Promise<{ code: number; text: string }> {
  const lines: string[] = []
  const terminal = { print: (text: string) => lines.push(text), color: false }
  const code = await prove({ dataDir: folder, kubeconfig, ...flags }, ids, terminal, AbortSignal.timeout(60_000))
  return { code, text: lines.join('\n') }
}

test('prove prints one line for each proof and a summary', async () => {
  const { code, text } = await run({}, ['A3', 'c4'])
  assert.equal(code, 3)
  assert.match(text, /^PASS A3 authentication: \d+ forged credentials .* \(\d+ ms\)$/m)
  assert.match(text, /^SKIP C4 least privilege in the container: no real node/m)
  assert.match(text, /^1 held, 0 failed, 1 skipped, so nothing is proved about C4$/m)
})

test('prove --output json gives evidence and times', async () => {
  const { code, text } = await run({ output: 'json', strict: true }, ['A7', 'T2'])
  assert.equal(code, 1)
  const { proofs: list, server } = JSON.parse(text)
  assert.match(server, /^https:\/\/127\.0\.0\.1:\d+$/)
  assert.deepEqual(
    list.map(({ id, verdict }: { id: string; verdict: string }) => [id, verdict]),
    [
      ['A7', 'PASS'],
      ['T2', 'SKIP'],
    ],
  )
  assert.equal(typeof list[0].milliseconds, 'number')
  assert.match(list[0].evidence, /bound token/)
})

test('prove exits with 1 where a control is off', async () => {
  await using weak = await startCluster({ profile: 'upstream' })
  const file = join(folder, 'weak.kubeconfig')
  writeFileSync(file, await weak.kubeconfig())
  const { code, text } = await run({ kubeconfig: file }, ['A7'])
  assert.equal(code, 1)
  assert.match(text, /^FAIL A7 workload identity/m)
  assert.match(text, /^ {5}found: pod of an account with no grant: token: mounted, expected token: waits$/m)
  const signal = AbortSignal.timeout(60_000)
  assert.equal((await weak.client.get(proofResults, '', 'a7', signal)).spec.last, 'Failed')
  const [event] = await weak.client.listAll(events, { namespace: 'default', fieldSelector: 'reason=ProofFailed' }, signal)
  assert.match(event?.message ?? '', /^A7 workload identity: /)
})

test('prove ends exactly the exceptions whose compensating proof does not hold', async () => {
  await using weak = await startCluster({ profile: 'upstream', simulatedNodes: 0 })
  const file = join(folder, 'weak.kubeconfig')
  writeFileSync(file, await weak.kubeconfig())
  const signal = AbortSignal.timeout(60_000)
  const except = (name: string, compensatingProofs: string[]) => {
    const whole = { templateDigest: `sha256:${'0'.repeat(64)}`, checks: ['hostPorts'], owner: 'ann', reason: 'printer' }
    const spec = { ...whole, expires: '2999-01-01T00:00:00Z', compensatingProofs }
    return weak.client.create(podSecurityExceptions, 'default', { metadata: { name }, spec }, signal)
  }
  await except('relies', ['A3', 'A7'])
  await except('stays', ['A3'])
  const { code, text } = await run({ kubeconfig: file }, ['A3', 'A7'])
  assert.equal(code, 1)
  assert.match(text, /^ENDED PodSecurityException default\/relies of ann: A7 was its compensating proof and does not hold$/m)
  assert.doesNotMatch(text, /default\/stays/)
  const [relies, stays] = await weak.client.listAll(podSecurityExceptions, {}, signal)
  assert.equal(Date.parse(relies?.spec.expires ?? '') <= Date.now(), true)
  assert.equal(relies?.metadata.annotations?.['bulkhead.dev/ended-by-proofs'], 'A7')
  assert.equal(stays?.spec.expires, '2999-01-01T00:00:00Z')
  assert.doesNotMatch((await run({ kubeconfig: file }, ['A7'])).text, /ENDED/)
})

test('prove reports what is missing in one sentence', async () => {
  await assert.rejects(run({}, ['Z9']), { name: 'UserError', message: /There is no proof "Z9": ids are D1, D2, D3, D4, D8/ })
  await assert.rejects(run({ kubeconfig: join(folder, 'none') }, []), {
    name: 'UserError',
    message: /There is no kubeconfig .*"bulkhead up"/,
  })
  const stopped = await startCluster({ controllers: false, simulatedNodes: 0 })
  const file = join(folder, 'stopped.kubeconfig')
  writeFileSync(file, await stopped.kubeconfig())
  await stopped[Symbol.asyncDispose]()
  await assert.rejects(run({ kubeconfig: file }, []), { name: 'UserError', message: /does not answer .*"bulkhead up"/ })
})

test("directoryOf() is the data directory of an administrator's kubeconfig, and of no other file", () => {
  assert.equal(directoryOf('/data/admin.kubeconfig'), '/data')
  assert.equal(directoryOf('/home/ann/.kube/config'), undefined)
})

test('requireBulkhead() refuses to attack another Kubernetes', async () => {
  const serverOf = (gitVersion: string) =>
    new Client({
      request: async () => ({ status: 200, headers: {}, body: Readable.from([Buffer.from(JSON.stringify({ gitVersion }))]) }),
      [Symbol.asyncDispose]: async () => undefined,
    })
  const { signal } = new AbortController()
  await requireBulkhead(serverOf('v1.33.3+bulkhead'), 'https://own', signal)
  await assert.rejects(requireBulkhead(serverOf('v1.33.3'), 'https://prod', signal), {
    name: 'UserError',
    message: /^The server https:\/\/prod is Kubernetes v1\.33\.3, but proofs attack only Bulkhead/,
  })
})

test('chooseProofs() accepts both names of a proof, and gives all proofs without a name', () => {
  assert.deepEqual(chooseProofs([]), proofs)
  assert.deepEqual(chooseProofs(['a9']), chooseProofs(['S5']))
  assert.equal(chooseProofs(['S5', 'A9']).length, 1)
})

function resultWith(outcome: ProofResult['outcome']): ProofResult {
  return {
    ...{ id: 'A1', title: 'title', why: 'reason', attack: 'attack', expected: 'refusal', whenRed: 'remedy' },
    ...{ started: '2026-01-01T00:00:00.000Z', milliseconds: 7, attempts: [], rights: [], outcome },
  }
}

test('formatting shows what was found, with colors only if requested', () => {
  const failed = resultWith({ held: false, found: ['one', 'two'] })
  assert.equal(
    resultLine(failed, false),
    'FAIL A1 title (7 ms)\n     attack: attack\n     expected: refusal\n     found: one\n     found: two\n     why it matters: reason\n     what to do: remedy',
  )
  assert.ok(resultLine(failed, true).startsWith(`${styleText('red', 'FAIL', { validateStream: false })} A1`))
  assert.equal(summaryLine([failed]), '0 held, 1 failed, 0 skipped')
  assert.deepEqual(JSON.parse(resultsJson('https://x', [failed])).proofs[0].found, ['one', 'two'])
})

test('resultLine() prints 20 findings and counts the others, and JSON has all', () => {
  const failed = resultWith({ held: false, found: Array.from({ length: 23 }, (_, index) => `finding ${index}`) })
  const lines = resultLine(failed, false).split('\n')
  assert.equal(lines.filter(line => line.startsWith('     found: finding')).length, 20)
  assert.ok(lines.includes('     found: and 3 more'))
  assert.equal(JSON.parse(resultsJson('https://x', [failed])).proofs[0].found.length, 23)
})

const [held, failed, skipped] = [
  resultWith({ held: true, evidence: 'all refused' }),
  resultWith({ held: false, found: ['one'] }),
  resultWith({ skipped: true, reason: 'no node' }),
]
const codes: readonly [name: string, results: readonly ProofResult[], code: number, strict: number][] = [
  ['all held', [held, held], 0, 0],
  ['one failed', [held, failed, skipped], 1, 1],
  ['one skipped', [held, skipped], 3, 1],
]
for (const [name, results, code, strict] of codes) {
  test(`exitCode() is ${code} with ${name}, and ${strict} if strict`, () => {
    assert.deepEqual([exitCode(results, false), exitCode(results, true)], [code, strict])
  })
}
